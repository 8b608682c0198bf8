"""{call} is the time of the run, must be the day that the run fills.

The same partition filled again tomorrow, or by a backfill next year, would hold other rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Edit, Fix, Problem, Severity
from drawloom.sql.advice._place import edit, extent, keyword, text_of
from drawloom.sql.advice._tell import tell, tell_source
from drawloom.sql.advice._walk import nodes
from drawloom.sql.script import Script

CODE = "clock"
SEVERITY: Severity = "error"

_CALLS = (
    exp.CurrentDate,
    exp.CurrentDatetime,
    exp.CurrentTime,
    exp.CurrentTimestamp,
    exp.CurrentTimestampLTZ,
    exp.Localtime,
    exp.Localtimestamp,
    exp.UtcDate,
    exp.UtcTime,
    exp.UtcTimestamp,
)
_NAMES = {
    "now", "today", "getdate", "getutcdate", "sysdate", "systimestamp", "curdate", "clock_timestamp",
    "statement_timestamp", "transaction_timestamp", "get_current_timestamp", "get_current_time",
}  # fmt: skip
_KEYWORDS = ("CURRENT_DATE", "CURRENT_TIMESTAMP", "CURRENT_TIME", "CURRENT_DATETIME", "LOCALTIME", "LOCALTIMESTAMP")
_BARE = {"localtimestamp", "sysdate"}
_WORDS = {"now", "today", "yesterday", "tomorrow"}
_IN_TEMPLATE = re.compile(r"\.(?:now|utcnow|today)\(\s*\)|\brun_started_at\b")
_EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


def check(script: Script) -> Iterator[Problem]:
    """Calls that read the clock, in SQL or in the template, outside of branches that a run never takes."""
    taken: set[int] = set()
    for call in nodes(script, *_CALLS, exp.Anonymous, exp.StrToUnix, exp.Cast, exp.Column):
        if reads_clock(call) and not _is_dead(call) and not isinstance(call.parent, exp.StrToUnix):
            yield _problem(script, call, taken)
    for expression in _EXPRESSION.finditer(script.rendered.source):
        if found := _IN_TEMPLATE.search(expression[0]):
            place = expression.start() + found.start() + found[0].startswith(".")
            yield tell_source(__name__, script, place, Fix("Use {{ ds }}."), call=found[0].lstrip("."))


def reads_clock(call: exp.Expr) -> bool:
    """Whether a node is a call of the clock."""
    if isinstance(call, _CALLS):
        return True
    if isinstance(call, exp.Anonymous):
        return call.name.lower() in _NAMES and not call.expressions
    if isinstance(call, exp.StrToUnix):
        return call.args.get("this") is None or isinstance(call.this, exp.CurrentTimestamp)
    if isinstance(call, exp.Cast) and isinstance(call.this, exp.Literal):
        return (
            call.this.is_string and call.this.this.lower() in _WORDS and call.to.is_type(*exp.DataType.TEMPORAL_TYPES)
        )
    return isinstance(call, exp.Column) and not call.table and call.name.lower() in _BARE


def _is_dead(call: exp.Expr) -> bool:
    """Whether it stands in a branch under `constant IS NULL`, as texts do that can also run without a day."""
    inner, node = call, call.parent
    while node is not None and not isinstance(node, exp.Query):
        if isinstance(node, exp.If) and inner is node.args.get("true"):
            test = node.this
            if isinstance(test, exp.Is) and isinstance(test.expression, exp.Null) and not test.this.find(exp.Column):
                return True
        inner, node = node, node.parent
    return False


def _problem(script: Script, call: exp.Expr, taken: set[int]) -> Problem:
    at: exp.Expr | int = call
    edits: tuple[Edit, ...] = ()
    if extent(call) is None and (word := keyword(script, call, *_KEYWORDS, taken=taken)):
        taken.add(word.start)
        at = word.start
        if isinstance(call, exp.CurrentDate):
            edits = edit(script, (word.start, word.end + 1), "DATE '{{ ds }}'")
    fix = Fix("Use {{ ds }}: the day that the run fills, which is not the day it runs.", edits)
    return tell(__name__, script, at, fix, call=text_of(script, call))
