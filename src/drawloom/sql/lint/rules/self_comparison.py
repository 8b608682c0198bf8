"""{comparison} compares a column with itself; compare two columns.

It is true for every row that is not NULL; in a join condition that makes every row meet every row. Usually an alias
was mistyped.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.nodes import nodes
from drawloom.sql.lint.positions import snippet
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "self-comparison"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """Comparisons whose two sides are the same column."""
    for comparison in nodes(script, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE):
        left, right = comparison.this, comparison.expression
        if isinstance(left, exp.Column) and isinstance(right, exp.Column) and left == right and left.table:
            fix = Fix("Give one side the other table's alias, or write IS NOT NULL if that is meant.")
            yield finding(__name__, script, comparison, fix, comparison=snippet(script, comparison))
