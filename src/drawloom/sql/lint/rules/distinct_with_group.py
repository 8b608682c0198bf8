"""SELECT DISTINCT removes nothing here: GROUP BY already gives one row per group.

The engine sorts or hashes the result a second time for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.cardinality import is_plain_group
from drawloom.sql.lint.nodes import nodes
from drawloom.sql.lint.positions import extent, replace_span, token_after, token_before
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "distinct-with-group"
SEVERITY: Severity = "info"


def check(script: Script) -> Iterator[Problem]:
    """SELECTs with DISTINCT whose GROUP BY names plain columns that are all in the output."""
    for distinct in nodes(script, exp.Distinct):
        select = distinct.parent
        span = extent(select.expressions[0]) if isinstance(select, exp.Select) and select.expressions else None
        if select is None or span is None or distinct.args.get("on") or not _covers(select):
            continue
        keyword = token_before(script, span[0], "DISTINCT")
        next_token = keyword and token_after(script, keyword.end)
        if keyword is not None and next_token is not None:
            fix = Fix("Drop DISTINCT.", replace_span(script, (keyword.start, next_token.start), ""), safe=True)
            yield finding(__name__, script, keyword.start, fix)


def _covers(select: exp.Expr) -> bool:
    group = select.args.get("group")
    if group is None or not is_plain_group(group):
        return False
    given = [item.unalias() for item in select.expressions]
    return all(isinstance(key, exp.Column) and key in given for key in group.expressions)
