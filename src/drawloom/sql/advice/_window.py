"""Named windows."""

from __future__ import annotations

from sqlglot import exp


def order_of(window: exp.Window) -> exp.Expr | None:
    """The ORDER BY of a window, also where it stands in the WINDOW clause; none if it orders by constants."""
    order: exp.Expr | None = window.args.get("order") or _inherited(window, "order")
    constant = order is not None and all(not item.this.find(exp.Column, exp.Func) for item in order.expressions)
    return None if constant else order


def frame_of(window: exp.Window) -> exp.Expr | None:
    """The frame of a window."""
    found: exp.Expr | None = window.args.get("spec") or _inherited(window, "spec")
    return found


def _inherited(window: exp.Window, key: str) -> exp.Expr | None:
    select = window.find_ancestor(exp.Select)
    named = {item.name.lower(): item for item in (select.args.get("windows") or ())} if select else {}
    seen = 0
    base = named.get(window.alias.lower())
    while base is not None and seen < len(named):
        found: exp.Expr | None = base.args.get(key)
        if found is not None:
            return found
        base, seen = named.get(base.alias.lower()), seen + 1
    return None
