"""{call} numbers or compares rows as they come, must have ORDER BY in its window.

Without an order the engine picks one, another one next time: a rerun gives other rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._place import text_of
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import nodes
from drawloom.sql.advice._window import order_of
from drawloom.sql.script import Script

CODE = "window-order"
SEVERITY: Severity = "warn"

_ORDERED = (exp.RowNumber, exp.Ntile, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue)


def check(script: Script) -> Iterator[Problem]:
    """Window functions whose answer depends on the order, over windows that have none."""
    for window in nodes(script, exp.Window):
        call = window.this
        while isinstance(call, exp.IgnoreNulls | exp.RespectNulls | exp.Filter):
            call = call.this
        if isinstance(call, _ORDERED) and order_of(window) is None:
            fix = Fix("Add ORDER BY columns that are unique within the partition.")
            yield tell(__name__, script, call, fix, call=text_of(script, call))
