"""{call} sees rows only up to the current one; add ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING.

A window with ORDER BY and no frame ends at the current row, so its last value is the current row's own.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.nodes import nodes, window_frame, window_order_by
from drawloom.sql.lint.positions import snippet
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "last-value-frame"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """LAST_VALUE over an ordered window with the default frame, unless NULLs are skipped."""
    for window in nodes(script, exp.Window):
        if (
            isinstance(window.this, exp.LastValue)
            and window_order_by(window) is not None
            and window_frame(window) is None
        ):
            fix = Fix("Give the frame, or use first_value with the order reversed.")
            yield finding(__name__, script, window.this, fix, call=snippet(script, window.this))
