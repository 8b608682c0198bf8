"""QUALIFY and DISTINCT ON: a query around the query, that chooses by a column which it does not give."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp

from drawloom.sql.portable.nodes import kind_of, typed, whole
from drawloom.sql.portable.query import limits
from drawloom.sql.portable.scope import Fields, Scope
from drawloom.sql.portable.speaker import Speaker
from drawloom.sql.portable.stars import Item
from drawloom.sql.portable.windows import ordered

_KEPT = "dl_kept"
_ORDER = "dl_order"
_QUERY = "dl_rows"


@dataclass(frozen=True, slots=True)
class Hidden:
    """A SELECT that is said up to its HAVING."""

    scope: Scope
    items: list[Item]
    names: dict[str, exp.Expr]
    said: exp.Select
    fields: Fields


def wrapped(speaker: Speaker, node: exp.Select, query: Hidden) -> exp.Expr:
    """The rows that are kept, in their order."""
    if (
        node.args.get("qualify") is not None
        and node.args.get("distinct") is not None
        and node.args["distinct"].args.get("on")
    ):
        raise speaker.refused(node, "Write DISTINCT ON or QUALIFY, not both.")
    scope = replace(query.scope, aliases=query.names)
    inner = query.said
    columns = _columns(speaker, node, query)
    inner.append("expressions", exp.alias_(_condition(speaker, node, scope), _KEPT))
    outer = exp.Select(expressions=columns)
    if node.args.get("order") is not None:
        keys = [_key(speaker, key, scope, query, inner, at) for at, key in enumerate(node.args["order"].expressions)]
        outer.set("order", exp.Order(expressions=keys))
    outer.set("from_", exp.From(this=exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(_QUERY)))))
    outer.set("where", exp.Where(this=exp.column(_KEPT)))
    distinct = node.args.get("distinct")
    if distinct is not None and not distinct.args.get("on"):
        outer.set("distinct", exp.Distinct())
    limits(speaker, node, scope, outer)
    return outer


def _columns(speaker: Speaker, node: exp.Select, query: Hidden) -> list[exp.Expr]:
    """The names of the SELECT list; items without one get one, which the outer query gives up again."""
    columns: list[exp.Expr] = []
    for at, item in enumerate(query.items):
        name = item.alias or (item.node.this if isinstance(item.node, exp.Column) and item.star is None else None)
        if item.star is not None:
            if item.fields is None and not speaker.spark:
                raise speaker.refused(node, "Name the columns: which ones * has is not known here.")
            if item.fields is None:
                return [exp.Star(except_=[exp.column(each) for each in _extra(node)])]
            columns += [exp.column(exp.to_identifier(part.name, quoted=part.quoted)) for part in item.fields]
        else:
            if name is None:
                name = exp.to_identifier(f"col{at}")
                query.said.expressions[at].replace(exp.alias_(query.said.expressions[at].copy(), name.name))
            columns.append(exp.column(name.copy()))
    return columns


def _extra(node: exp.Select) -> list[str]:
    keys = node.args["order"].expressions if node.args.get("order") is not None else []
    return [_KEPT, *(f"{_ORDER}_{at + 1}" for at, key in enumerate(keys) if not _by_output(key, []))]


def _by_output(key: exp.Expr, names: list[str]) -> bool:
    if whole(key.this) is not None or isinstance(key.this, exp.Var):
        return True
    return isinstance(key.this, exp.Column) and not key.this.table and key.this.name.lower() in names


def _condition(speaker: Speaker, node: exp.Select, scope: Scope) -> exp.Expr:
    if node.args.get("qualify") is not None:
        return speaker.say(node.args["qualify"].this, scope)
    on = node.args["distinct"].args["on"]
    keys = on.expressions if isinstance(on, exp.Tuple) else [on]
    order = node.args.get("order")
    if order is None or any(whole(key.this) is not None or isinstance(key.this, exp.Var) for key in order.expressions):
        raise speaker.refused(node.args["distinct"], "Write ORDER BY with the columns that say which row is the first.")
    number = exp.Window(
        this=exp.Anonymous(this="row_number"),
        partition_by=[speaker.say(key, scope) for key in keys],
        order=exp.Order(expressions=[ordered(speaker, key, scope) for key in order.expressions]),
        over="OVER",
    )
    return exp.EQ(this=number, expression=exp.Literal.number(1))


def _key(speaker: Speaker, key: exp.Expr, scope: Scope, query: Hidden, inner: exp.Select, at: int) -> exp.Expr:
    """A key of the outer ORDER BY: a column that is given, or one that is made for it."""
    if isinstance(key.this, exp.Var):
        raise speaker.refused(key, "Name the columns to order by.")
    if whole(key.this) is not None:
        return ordered(speaker, key, scope, key.this.copy())
    names = [item.alias.name.lower() for item in query.items if item.alias is not None]
    names += [
        item.node.name.lower()
        for item in query.items
        if item.alias is None and isinstance(item.node, exp.Column) and not item.star
    ]
    names = [name for name in names if not any(item.star is not None and item.fields is None for item in query.items)]
    if _by_output(key, names):
        return ordered(speaker, key, scope, exp.column(key.this.this.copy()))
    name = f"{_ORDER}_{at + 1}"
    said = speaker.say(key.this, scope)
    inner.append("expressions", exp.alias_(said, name))
    return ordered(speaker, key, scope, typed(exp.column(name), kind_of(said)))
