"""Helpers for rules to find parts of parsed statements: nodes by type, conjuncts, columns, windows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import wraps
from typing import TypeVar

from sqlglot import exp

from drawloom.sql.days.predicates import flatten_chain
from drawloom.sql.script import Script

Node = TypeVar("Node", bound=exp.Expr)
Value = TypeVar("Value")


def per_script(function: Callable[[Script], Value]) -> Callable[[Script], Value]:
    """Cache a function's value for the last script, for all rules. ``lru_cache`` cannot: a script is not hashable."""
    last: ContextVar[tuple[Script, Value] | None] = ContextVar(function.__name__, default=None)

    @wraps(function)
    def get(script: Script) -> Value:
        cached = last.get()
        if cached is None or cached[0] is not script:
            cached = (script, function(script))
            last.set(cached)
        return cached[1]

    return get


@per_script
def _nodes_by_class(script: Script) -> dict[type[exp.Expr], list[exp.Expr]]:
    found: dict[type[exp.Expr], list[exp.Expr]] = defaultdict(list)
    for statement in script.plain_statements():
        for node in statement.walk(bfs=False):
            found[type(node)].append(node)
    return found


def nodes(script: Script, *types: type[Node]) -> Iterator[Node]:
    """All nodes of these types and their subclasses; those of one class in the order of the text."""
    for kind, found in _nodes_by_class(script).items():
        if issubclass(kind, types):
            yield from found  # type: ignore[misc]


def own_nodes(select: exp.Expr, *types: type[Node]) -> Iterator[Node]:
    """Nodes of these types that belong to the SELECT itself, not to a query inside it."""
    for node in select.walk(bfs=False, prune=lambda inner: inner is not select and isinstance(inner, exp.Query)):
        if isinstance(node, types):
            yield node


def conjuncts(node: exp.Expr | None) -> Iterator[exp.Expr]:
    """The parts of a condition that must all hold."""
    part = node.unnest() if node is not None else None
    if isinstance(part, exp.And):
        yield from flatten_chain(part)
    elif part is not None:
        yield part


def filters(select: exp.Expr, *clauses: str) -> Iterator[exp.Expr]:
    """The conjuncts of some clauses of a SELECT: where, having, qualify."""
    for clause in clauses:
        if found := select.args.get(clause):
            yield from conjuncts(found.this)


def unwrap(node: exp.Expr, *wrappers: type[exp.Expr]) -> exp.Expr:
    """The first node inside that is not of these wrapper types."""
    while isinstance(node, wrappers):
        node = node.this
    return node


def bare_column(node: exp.Expr) -> exp.Column | None:
    """The column, if a node is only a column, also in casts and parentheses."""
    node = unwrap(node, exp.Paren, exp.Cast, exp.TryCast)
    return node if isinstance(node, exp.Column) and not isinstance(node.this, exp.Star) else None


def column_count(query: exp.Expr | None) -> int | None:
    """The number of output columns of a query, None if a star hides it."""
    query = query.unnest() if isinstance(query, exp.Expr) else None  # INSERT DEFAULT VALUES has False there
    while isinstance(query, exp.SetOperation):
        query = query.this.unnest()
    if not isinstance(query, exp.Select) or not query.expressions or query.args.get("kind"):
        return None
    hidden = any(item.is_star or isinstance(item.unalias(), exp.Columns | exp.Anonymous) for item in query.expressions)
    return None if hidden else len(query.expressions)


def window_order_by(window: exp.Window) -> exp.Expr | None:
    """The ORDER BY of a window, also from the WINDOW clause; None if it orders by constants only."""
    order: exp.Expr | None = window.args.get("order") or _from_named_window(window, "order")
    constant = order is not None and all(not item.this.find(exp.Column, exp.Func) for item in order.expressions)
    return None if constant else order


def window_frame(window: exp.Window) -> exp.Expr | None:
    """The frame of a window, also from the WINDOW clause."""
    found: exp.Expr | None = window.args.get("spec") or _from_named_window(window, "spec")
    return found


def _from_named_window(window: exp.Window, key: str) -> exp.Expr | None:
    select = window.find_ancestor(exp.Select)
    named = {item.name.lower(): item for item in (select.args.get("windows") or ())} if select else {}
    base = named.get(window.alias.lower())
    for _ in named:  # a window that is based on itself would not end
        if base is None or base.args.get(key) is not None:
            break
        base = named.get(base.alias.lower())
    return base.args.get(key) if base is not None else None
