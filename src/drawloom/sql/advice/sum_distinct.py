"""{call} adds every different value once, must be the sum of the rows' own values.

Two orders of 20 count as 20. It is mostly written to repair a join that multiplied the rows; then it is right only
as long as no two rows have the same value.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._place import text_of
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import nodes
from drawloom.sql.script import Script

CODE = "sum-distinct"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """SUM and AVG with DISTINCT."""
    for call in nodes(script, exp.Sum, exp.Avg):
        if isinstance(call.this, exp.Distinct):
            fix = Fix("Aggregate before the join, then sum without DISTINCT.")
            yield tell(__name__, script, call, fix, call=text_of(script, call))
