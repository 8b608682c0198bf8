"""{condition} is never true: the larger value comes first.

BETWEEN expects the lower value first; the other way round no row passes. Where the values differ between runs, the first
must be the larger one at every probe day. A fixed first value and a last one that moves with the run's day are no mistake:
from some day on there is something between them.
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
    """BETWEEN with two constants of one kind, the first of them greater on every run."""
    for between in nodes(script, exp.Between):
        low, high = between.args["low"], between.args["high"]
        if not between.args.get("symmetric") and _is_greater(script, low, high):
            fix = Fix("Swap the two values.")
            yield finding(__name__, script, between, fix, condition=snippet(script, between))


def _is_greater(script: Script, low: exp.Expr, high: exp.Expr) -> bool:
    low, high = (unwrap(side, exp.Cast, exp.Paren, exp.Date) for side in (low, high))
    if not (isinstance(low, exp.Literal) and isinstance(high, exp.Literal)) or low.is_string != high.is_string:
        return False
    lows, highs = _values(script, low), _values(script, high)
    if len(lows) < len(highs):
        return False
    highs = [*highs] * (len(lows) // len(highs))
    greater = _is_greater_text if low.is_string else _is_greater_number
    return all(greater(*pair) for pair in zip(lows, highs, strict=True))


def _values(script: Script, literal: exp.Literal) -> list[str]:
    """The texts of a literal at the probe days; one where it is the same on all of them."""
    return list(script.moving_literals.get(literal.meta.get("start", -1), (literal.this,)))


def _is_greater_text(low: str, high: str) -> bool:
    return len(low) == len(high) and low > high and low[:1].isdigit()


def _is_greater_number(low: str, high: str) -> bool:
    return float(low) > float(high)
