"""{condition} is never true, must have the smaller end first.

BETWEEN wants the lower end before the upper one; turned round it lets no row pass.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._place import text_of
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import nodes
from drawloom.sql.script import Script

CODE = "empty-range"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """BETWEEN with two constants of one kind, the first of them greater."""
    for between in nodes(script, exp.Between):
        low, high = between.args["low"], between.args["high"]
        if not between.args.get("symmetric") and _is_greater(low, high):
            fix = Fix("Turn the two ends round.")
            yield tell(__name__, script, between, fix, condition=text_of(script, between))


def _is_greater(low: exp.Expr, high: exp.Expr) -> bool:
    low, high = _literal(low), _literal(high)
    if not (isinstance(low, exp.Literal) and isinstance(high, exp.Literal)) or low.is_string != high.is_string:
        return False
    if low.is_string:
        return len(low.this) == len(high.this) and bool(low.this > high.this) and low.this[:1].isdigit()
    return float(low.this) > float(high.this)


def _literal(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Cast | exp.Paren | exp.Date):
        node = node.this
    return node
