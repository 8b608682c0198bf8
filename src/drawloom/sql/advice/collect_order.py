"""{call} takes rows as they come, must say in which order.

The order of rows differs from run to run, so the same input gives different lists; content that changes by itself
makes everything downstream stale.
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

CODE = "collect-order"
SEVERITY: Severity = "warn"

_SORTS = (exp.ArraySort, exp.ArraySize, exp.Length, exp.ArrayContains, exp.ArrayMax, exp.ArrayMin)
_SORT_NAMES = {"list_reverse_sort", "array_sum", "list_sum"}
_BETWEEN = (exp.Paren, exp.Filter, exp.Window, exp.Distinct, exp.ArrayDistinct)


def check(script: Script) -> Iterator[Problem]:
    """Collecting aggregates with neither ORDER BY, nor an ordered window, nor a sort around them."""
    for call in nodes(script, exp.ArrayAgg, exp.GroupConcat, exp.First, exp.Last):
        if not _is_ordered(call) and not _is_sorted(call):
            ordered = text_of(script, call).removesuffix(")") + " ORDER BY ...)"
            fix = Fix(f"Write {ordered}; where the engine has no such clause, sort the list.")
            yield tell(__name__, script, call, fix, call=text_of(script, call))


def _is_ordered(call: exp.Expr) -> bool:
    if call.find(exp.Order) is not None or isinstance(call.parent, exp.WithinGroup):
        return True
    window = call.parent.parent if isinstance(call.parent, exp.Filter | exp.IgnoreNulls) else call.parent
    return isinstance(window, exp.Window) and order_of(window) is not None


def _is_sorted(call: exp.Expr) -> bool:
    parent = call.parent
    while isinstance(parent, _BETWEEN):
        parent = parent.parent
    return isinstance(parent, _SORTS) or (isinstance(parent, exp.Anonymous) and parent.name.lower() in _SORT_NAMES)
