"""{call} collects rows in no particular order; add an ORDER BY.

The order of rows differs from run to run, so the same input gives different lists; content that changes by itself
makes everything downstream stale.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.nodes import nodes, window_order_by
from drawloom.sql.lint.positions import snippet
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "collect-order"
SEVERITY: Severity = "warn"

_SORTS = (exp.ArraySort, exp.ArraySize, exp.Length, exp.ArrayContains, exp.ArrayMax, exp.ArrayMin)
_SORT_NAMES = {"list_reverse_sort", "array_sum", "list_sum"}
_WRAPPERS = (exp.Paren, exp.Filter, exp.Window, exp.Distinct, exp.ArrayDistinct)


def check(script: Script) -> Iterator[Problem]:
    """Collecting aggregates without ORDER BY, an ordered window, or a sort around them."""
    for call in nodes(script, exp.ArrayAgg, exp.GroupConcat, exp.First, exp.Last):
        if not _is_ordered(call) and not _is_sorted(call):
            ordered = snippet(script, call).removesuffix(")") + " ORDER BY ...)"
            fix = Fix(f"Write {ordered}; if the engine has no such clause, sort the list.")
            yield finding(__name__, script, call, fix, call=snippet(script, call))


def _is_ordered(call: exp.Expr) -> bool:
    if call.find(exp.Order) is not None or isinstance(call.parent, exp.WithinGroup):
        return True
    window = call.parent.parent if isinstance(call.parent, exp.Filter | exp.IgnoreNulls) else call.parent
    return isinstance(window, exp.Window) and window_order_by(window) is not None


def _is_sorted(call: exp.Expr) -> bool:
    parent = call.parent
    while isinstance(parent, _WRAPPERS):
        parent = parent.parent
    return isinstance(parent, _SORTS) or (isinstance(parent, exp.Anonymous) and parent.name.lower() in _SORT_NAMES)
