"""{call} adds equal values only once; sum every row's value.

Two orders of 20 count as 20. It is usually written to repair a join that multiplied the rows; then it is right only
as long as no two rows have the same value.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.nodes import nodes
from drawloom.sql.lint.positions import snippet
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "sum-distinct"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """SUM and AVG with DISTINCT."""
    for call in nodes(script, exp.Sum, exp.Avg):
        if isinstance(call.this, exp.Distinct):
            fix = Fix("Aggregate before the join, then sum without DISTINCT.")
            yield finding(__name__, script, call, fix, call=snippet(script, call))
