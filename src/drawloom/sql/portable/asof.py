"""ASOF JOIN: each row of the right side is valid until the next one of the same key."""

from __future__ import annotations

from sqlglot import exp

from drawloom.sql.portable.scope import Scope
from drawloom.sql.portable.sources import say_source
from drawloom.sql.portable.speaker import Speaker

_NEXT = "dl_next"
_WAY = "Write ASOF JOIN b ON a.key = b.key AND a.time >= b.time, with the table before every column."
# The window function that gives the neighbour, and how the left side's time is compared with it.
_SHAPES: dict[type[exp.Expr], tuple[str, type[exp.Expr]]] = {
    exp.GTE: ("lead", exp.LT),
    exp.GT: ("lead", exp.LTE),
    exp.LTE: ("lag", exp.GT),
    exp.LT: ("lag", exp.GTE),
}
_TURNED: dict[type[exp.Expr], type[exp.Expr]] = {exp.GTE: exp.LTE, exp.GT: exp.LT, exp.LTE: exp.GTE, exp.LT: exp.GT}


def say_asof(speaker: Speaker, join: exp.Join, scope: Scope) -> exp.Expr:
    """The join, with the neighbour's time as a column of the right side.

    Raises:
        InputError: its sides cannot be told apart.
    """
    if join.args.get("on") is None or (join.side or "").upper() not in {"", "LEFT"}:
        raise speaker.refused(join, _WAY)
    name = join.this.alias_or_name
    keys, time = _parts(speaker, join, name)
    function, other = _SHAPES[type(time)]
    right = _with_next(join.this, name, [key.expression for key in keys], time.expression, function)
    source = say_source(speaker, right, scope, first=False)
    fields = scope.sources[name.lower()]
    if fields is not None:
        scope.sources[name.lower()] = tuple(part for part in fields if part.name != _NEXT)
    return exp.Join(this=source, side=join.side or None, on=_condition(speaker, scope, name, keys, time, other))


def _condition(
    speaker: Speaker, scope: Scope, name: str, keys: list[exp.Expr], time: exp.Expr, other: type[exp.Expr]
) -> exp.Expr:
    neighbour = exp.column(_NEXT, table=name)
    until = other(this=time.this.copy(), expression=neighbour)
    open_ = exp.Paren(this=exp.Or(this=until, expression=exp.Is(this=neighbour.copy(), expression=exp.null())))
    condition: exp.Expr = exp.And(this=time.copy(), expression=open_)
    for key in reversed(keys):
        condition = exp.And(this=key.copy(), expression=condition)
    return speaker.say(condition, scope)


def _parts(speaker: Speaker, join: exp.Join, name: str) -> tuple[list[exp.Expr], exp.Expr]:
    """The conditions with the right side's columns on their right."""
    keys: list[exp.Expr] = []
    times: list[exp.Expr] = []
    on = join.args["on"]
    for part in on.flatten() if isinstance(on, exp.And) else [on]:
        each: exp.Expr = part.unnest()
        if not isinstance(each, (exp.EQ, exp.NullSafeEQ, *_SHAPES)):
            raise speaker.refused(join, _WAY)
        turned = _turn(speaker, join, each, name.lower())
        (keys if isinstance(turned, exp.EQ | exp.NullSafeEQ) else times).append(turned)
    if len(times) != 1 or not name:
        raise speaker.refused(join, _WAY)
    return keys, times[0]


def _turn(speaker: Speaker, join: exp.Join, node: exp.Expr, name: str) -> exp.Expr:
    left, right = (
        {column.table.lower() for column in side.find_all(exp.Column)} for side in (node.this, node.expression)
    )
    if "" in left | right or (name in left) == (name in right) or not left or not right:
        raise speaker.refused(join, _WAY)
    if name in right and right == {name}:
        return node
    if left != {name}:
        raise speaker.refused(join, _WAY)
    kind = _TURNED.get(type(node), type(node))
    return kind(this=node.expression.copy(), expression=node.this.copy())


def _with_next(source: exp.Expr, name: str, keys: list[exp.Expr], time: exp.Expr, function: str) -> exp.Expr:
    """The right side as a subquery that has the neighbour's time as well."""
    order = exp.Order(expressions=[exp.Ordered(this=time.copy(), nulls_first=False)])
    neighbour = exp.Window(
        this=exp.Anonymous(this=function, expressions=[time.copy()]),
        partition_by=[key.copy() for key in keys],
        order=order,
    )
    query = exp.Select(expressions=[exp.Star(), exp.alias_(neighbour, _NEXT)]).from_(source.copy())
    return exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier(name)))
