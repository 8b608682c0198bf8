"""{count} exact COUNT(DISTINCT ...) in one SELECT: each keeps all distinct values in memory, or multiplies the rows.

The engine carries one set per group and column, or expands every row once per column and shuffles them all. If an
error of about 2 % is fine, an approximate count needs a few kilobytes per group and adds up over days as a sketch.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.nodes import nodes
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "many-distinct"
SEVERITY: Severity = "info"


def check(script: Script) -> Iterator[Problem]:
    """SELECTs with two or more different distinct counts."""
    by_select: dict[int, dict[exp.Expr, exp.Count]] = {}
    for count in nodes(script, exp.Count):
        if isinstance(count.this, exp.Distinct) and (select := count.find_ancestor(exp.Select)):
            by_select.setdefault(id(select), {}).setdefault(count, count)
    for counts in by_select.values():
        if len(counts) > 1:
            second = list(counts.values())[1]
            fix = Fix("Use approx_count_distinct(...) where an estimate will do, or count in separate steps.")
            yield finding(__name__, script, second, fix, count=len(counts))
