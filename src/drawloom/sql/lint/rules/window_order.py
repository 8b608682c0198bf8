"""{call} depends on the order of rows, but its window has no ORDER BY.

Without one the engine picks an order, and another one next time: a rerun gives other rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.nodes import nodes, window_order_by
from drawloom.sql.lint.positions import snippet
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "window-order"
SEVERITY: Severity = "warn"

_ORDERED = (exp.RowNumber, exp.Ntile, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue)


def check(script: Script) -> Iterator[Problem]:
    """Window functions whose value depends on the order, over windows without one."""
    for window in nodes(script, exp.Window):
        call = window.this
        while isinstance(call, exp.IgnoreNulls | exp.RespectNulls | exp.Filter):
            call = call.this
        if isinstance(call, _ORDERED) and window_order_by(window) is None:
            fix = Fix("Add ORDER BY columns that are unique within the partition.")
            yield finding(__name__, script, call, fix, call=snippet(script, call))
