"""{call} sees rows up to the current one only, must say ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING.

A window with ORDER BY and no frame ends at the current row, so its last value is the current row's own.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._place import text_of
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import nodes
from drawloom.sql.advice._window import frame_of, order_of
from drawloom.sql.script import Script

CODE = "last-value-frame"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """LAST_VALUE over an ordered window with the default frame, where NULLs are not skipped."""
    for window in nodes(script, exp.Window):
        if isinstance(window.this, exp.LastValue) and order_of(window) is not None and frame_of(window) is None:
            fix = Fix("Give the frame, or take first_value over the order turned round.")
            yield tell(__name__, script, window.this, fix, call=text_of(script, window.this))
