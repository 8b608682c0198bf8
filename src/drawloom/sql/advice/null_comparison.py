"""{comparison} is never true, must be IS NULL or IS NOT NULL.

A comparison with NULL gives NULL, and a condition that is NULL counts as false, so no row passes. The same holds for
NULL in the list of a NOT IN: it makes the whole condition NULL.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._place import text_of
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import nodes
from drawloom.sql.script import Script

CODE = "null-comparison"
SEVERITY: Severity = "warn"

_CONDITION = (exp.Where, exp.Having, exp.Qualify, exp.Join, exp.And, exp.Or, exp.Not, exp.Paren, exp.If, exp.Case)


def check(script: Script) -> Iterator[Problem]:
    """Comparisons with a literal NULL where a condition stands, and NOT IN lists that hold one."""
    for comparison in nodes(script, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE):
        sides = comparison.this, comparison.expression
        if any(isinstance(side, exp.Null) for side in sides) and isinstance(comparison.parent, _CONDITION):
            word = "IS NOT NULL" if isinstance(comparison, exp.NEQ) else "IS NULL"
            fix = Fix(f"Write {text_of(script, sides[isinstance(sides[0], exp.Null)])} {word}.")
            yield tell(__name__, script, comparison, fix, comparison=text_of(script, comparison))
    for list_ in nodes(script, exp.In):
        has_null = any(isinstance(item, exp.Null) for item in list_.expressions)
        if has_null and isinstance(list_.parent, exp.Not):
            fix = Fix("Take NULL out of the list, and add AND ... IS NOT NULL if it is meant.")
            yield tell(__name__, script, list_, fix, comparison=text_of(script, list_.parent))
