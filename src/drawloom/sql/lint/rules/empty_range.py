"""{condition} is never true: the larger value comes first.

BETWEEN expects the lower value first; the other way round no row passes.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.nodes import nodes, unwrap
from drawloom.sql.lint.positions import snippet
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "empty-range"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """BETWEEN with two constants of one kind, the first of them greater."""
    for between in nodes(script, exp.Between):
        low, high = between.args["low"], between.args["high"]
        if not between.args.get("symmetric") and _is_greater(low, high):
            fix = Fix("Swap the two values.")
            yield finding(__name__, script, between, fix, condition=snippet(script, between))


def _is_greater(low: exp.Expr, high: exp.Expr) -> bool:
    low, high = (unwrap(side, exp.Cast, exp.Paren, exp.Date) for side in (low, high))
    if not (isinstance(low, exp.Literal) and isinstance(high, exp.Literal)) or low.is_string != high.is_string:
        return False
    if low.is_string:
        return len(low.this) == len(high.this) and bool(low.this > high.this) and low.this[:1].isdigit()
    return float(low.this) > float(high.this)
