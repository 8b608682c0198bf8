"""{call} is the time of the run; use the day that the run fills.

The same partition filled again tomorrow, or by a backfill next year, would hold other rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Edit, Fix, Problem, Severity
from drawloom.sql.lint.nodes import nodes
from drawloom.sql.lint.positions import extent, nearest_keyword, replace_span, snippet
from drawloom.sql.lint.rule import finding, template_finding
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
_FUNCTION_NAMES = {
    "now", "today", "getdate", "getutcdate", "sysdate", "systimestamp", "curdate", "clock_timestamp",
    "statement_timestamp", "transaction_timestamp", "get_current_timestamp", "get_current_time",
}  # fmt: skip
_KEYWORDS = ("CURRENT_DATE", "CURRENT_TIMESTAMP", "CURRENT_TIME", "CURRENT_DATETIME", "LOCALTIME", "LOCALTIMESTAMP")
_PARSED_AS_COLUMN = {"localtimestamp", "sysdate"}
_CAST_STRINGS = {"now", "today", "yesterday", "tomorrow"}
_IN_TEMPLATE = re.compile(r"\.(?:now|utcnow|today)\(\s*\)|\brun_started_at\b")
_EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


def check(script: Script) -> Iterator[Problem]:
    """Calls that read the clock, in SQL or in the template, except in branches that a run never takes."""
    used_keywords: set[int] = set()
    for call in nodes(script, *_CALLS, exp.Anonymous, exp.StrToUnix, exp.Cast, exp.Column):
        if reads_clock(call) and not _is_dead(call) and not isinstance(call.parent, exp.StrToUnix):
            yield _problem(script, call, used_keywords)
    for expression in _EXPRESSION.finditer(script.rendered.source):
        if found := _IN_TEMPLATE.search(expression[0]):
            place = expression.start() + found.start() + found[0].startswith(".")
            yield template_finding(__name__, script, place, Fix("Use {{ ds }}."), call=found[0].lstrip("."))


def reads_clock(call: exp.Expr) -> bool:
    """Whether a node reads the clock."""
    if isinstance(call, _CALLS):
        return True
    if isinstance(call, exp.Anonymous):
        return call.name.lower() in _FUNCTION_NAMES and not call.expressions
    if isinstance(call, exp.StrToUnix):
        return call.args.get("this") is None or isinstance(call.this, exp.CurrentTimestamp)
    if isinstance(call, exp.Cast) and isinstance(call.this, exp.Literal):
        return (
            call.this.is_string
            and call.this.this.lower() in _CAST_STRINGS
            and call.to.is_type(*exp.DataType.TEMPORAL_TYPES)
        )
    return isinstance(call, exp.Column) and not call.table and call.name.lower() in _PARSED_AS_COLUMN


def _is_dead(call: exp.Expr) -> bool:
    """Whether a call is in a branch under ``constant IS NULL``, which is for running the text without a day."""
    inner, node = call, call.parent
    while node is not None and not isinstance(node, exp.Query):
        if isinstance(node, exp.If) and inner is node.args.get("true"):
            test = node.this
            if isinstance(test, exp.Is) and isinstance(test.expression, exp.Null) and not test.this.find(exp.Column):
                return True
        inner, node = node, node.parent
    return False


def _problem(script: Script, call: exp.Expr, used_keywords: set[int]) -> Problem:
    at: exp.Expr | int = call
    edits: tuple[Edit, ...] = ()
    if extent(call) is None and (keyword := nearest_keyword(script, call, *_KEYWORDS, skip=used_keywords)):
        used_keywords.add(keyword.start)
        at = keyword.start
        if isinstance(call, exp.CurrentDate):
            edits = replace_span(script, (keyword.start, keyword.end + 1), "DATE '{{ ds }}'")
    fix = Fix("Use {{ ds }}, the day that the run fills; it is not the day on which it runs.", edits)
    return finding(__name__, script, at, fix, call=snippet(script, call))
