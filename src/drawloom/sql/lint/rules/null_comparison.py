"""{comparison} is never true; use IS NULL or IS NOT NULL.

A comparison with NULL gives NULL, and a condition that is NULL counts as false, so no row passes. The same holds for
NULL in the list of a NOT IN: it makes the whole condition NULL.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.nodes import nodes
from drawloom.sql.lint.positions import snippet
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "null-comparison"
SEVERITY: Severity = "warn"

_CONDITION = (exp.Where, exp.Having, exp.Qualify, exp.Join, exp.And, exp.Or, exp.Not, exp.Paren, exp.If, exp.Case)


def check(script: Script) -> Iterator[Problem]:
    """Comparisons with a literal NULL where a condition stands, and NOT IN lists that hold one."""
    for comparison in nodes(script, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE):
        sides = comparison.this, comparison.expression
        if any(isinstance(side, exp.Null) for side in sides) and isinstance(comparison.parent, _CONDITION):
            operator = "IS NOT NULL" if isinstance(comparison, exp.NEQ) else "IS NULL"
            fix = Fix(f"Write {snippet(script, sides[isinstance(sides[0], exp.Null)])} {operator}.")
            yield finding(__name__, script, comparison, fix, comparison=snippet(script, comparison))
    for list_ in nodes(script, exp.In):
        has_null = any(isinstance(item, exp.Null) for item in list_.expressions)
        if has_null and isinstance(list_.parent, exp.Not):
            fix = Fix("Remove NULL from the list, and add AND ... IS NOT NULL if it is meant.")
            yield finding(__name__, script, list_, fix, comparison=snippet(script, list_.parent))
