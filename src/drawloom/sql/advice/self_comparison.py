"""{comparison} compares a column with itself, must compare two columns.

It is true for every row that is not NULL; in a join condition that makes every row meet every row. Mostly an alias
was mistyped.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._place import text_of
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import nodes
from drawloom.sql.script import Script

CODE = "self-comparison"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """Comparisons whose two sides are the same column."""
    for comparison in nodes(script, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE):
        left, right = comparison.this, comparison.expression
        if isinstance(left, exp.Column) and isinstance(right, exp.Column) and left == right and left.table:
            fix = Fix("Give one side the other table's alias, or write IS NOT NULL if that is meant.")
            yield tell(__name__, script, comparison, fix, comparison=text_of(script, comparison))
