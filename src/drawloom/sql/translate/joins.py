"""Joins: SEMI and ANTI JOIN become EXISTS on Trino, ASOF JOIN becomes a join with the next row's time."""

from __future__ import annotations

from sqlglot import exp

from drawloom.sql.translate.expressions import with_type
from drawloom.sql.translate.scope import Scope
from drawloom.sql.translate.sources import translate_source
from drawloom.sql.translate.translator import Translator
from drawloom.sql.translate.types import BOOL


def translate_joins(translator: Translator, node: exp.Select, scope: Scope) -> tuple[list[exp.Expr], list[exp.Expr]]:
    """The joins of a SELECT, and the conditions that SEMI and ANTI joins became."""
    translated: list[exp.Expr] = []
    conditions: list[exp.Expr] = []
    joins = node.args.get("joins") or []
    for index, join in enumerate(joins):
        method = (join.args.get("method") or "").upper()
        if method == "ASOF":
            translated.append(translate_asof_join(translator, join, scope))
        elif method:
            raise translator.unsupported(
                join, "Write JOIN ... USING (columns), or number the rows on both sides and join by that."
            )
        elif join.kind.upper() in {"SEMI", "ANTI"} and not translator.is_spark:
            if any((later.side or "").upper() in {"RIGHT", "FULL"} for later in joins[index + 1 :]):
                raise translator.unsupported(join, "Put the SEMI or ANTI JOIN into a subquery of its own.")
            conditions.append(_exists(translator, join, scope))
        else:
            translated.append(_join(translator, join, scope))
    return translated, conditions


def _join(translator: Translator, join: exp.Join, scope: Scope) -> exp.Expr:
    is_filter = join.kind.upper() in {"SEMI", "ANTI"}
    inner = Scope(scope.ctes, dict(scope.sources), scope.outer) if is_filter else scope
    before = list(scope.sources)
    source = translate_source(translator, join.this, inner, first=False)
    kind = "LEFT " + join.kind if is_filter else join.kind
    translated = exp.Join(this=source, side=None if is_filter else join.side or None, kind=kind or None)
    if join.args.get("using"):
        translated.set("using", [each.copy() for each in join.args["using"]])
        if not is_filter:
            _register_using(join, scope, before)
    if join.args.get("on") is not None:
        translated.set("on", translator.translate(join.args["on"], inner))
    elif join.side and not join.args.get("using") and not translated.args.get("kind"):
        translated.set("on", exp.true())
    return translated


def _register_using(join: exp.Join, scope: Scope, before: list[str]) -> None:
    """Which side has a column of USING: both in an inner join, the kept side in an outer join."""
    new = next(reversed(scope.sources))
    for each in join.args["using"]:
        side = (join.side or "").upper()
        owner = {"": "*", "LEFT": before[0] if len(before) == 1 else "", "RIGHT": new}.get(side, "")
        name = each.name.lower()
        scope.using[name] = owner if name not in scope.using or scope.using[name] == owner else ""


def _exists(translator: Translator, join: exp.Join, scope: Scope) -> exp.Expr:
    """EXISTS, or NOT EXISTS for an ANTI JOIN."""
    inner = Scope(scope.ctes, {}, scope)
    source = translate_source(translator, join.this, inner, first=True)
    name = next(iter(inner.sources))
    if join.args.get("using"):
        left = next(iter(scope.sources))
        if len(scope.sources) > 1 or not left.strip() or not name.strip():
            raise translator.unsupported(join, "Write SEMI JOIN ... ON a.x = b.x.")
        on: exp.Expr | None = None
        for each in join.args["using"]:
            sides = (exp.column(each.copy(), table=table) for table in (left, name))
            same = exp.EQ(this=next(sides), expression=next(sides))
            on = same if on is None else exp.And(this=on, expression=same)
    else:
        on = join.args.get("on")
    if on is None:
        raise translator.unsupported(join, "Write SEMI JOIN ... ON a.x = b.x.")
    query = exp.Select(expressions=[exp.Literal.number(1)]).from_(source).where(translator.translate(on, inner))
    found = exp.Exists(this=query)
    return with_type(exp.Not(this=found) if join.kind.upper() == "ANTI" else found, BOOL)


_NEXT = "dl_next"
_FIX = "Write ASOF JOIN b ON a.key = b.key AND a.time >= b.time, with the table before every column."
# The window function that gives the neighbour's time, and how the left side's time is compared with it.
_NEIGHBOUR: dict[type[exp.Expr], tuple[str, type[exp.Expr]]] = {
    exp.GTE: ("lead", exp.LT),
    exp.GT: ("lead", exp.LTE),
    exp.LTE: ("lag", exp.GT),
    exp.LT: ("lag", exp.GTE),
}
_MIRRORED: dict[type[exp.Expr], type[exp.Expr]] = {exp.GTE: exp.LTE, exp.GT: exp.LT, exp.LTE: exp.GTE, exp.LT: exp.GT}


def translate_asof_join(translator: Translator, join: exp.Join, scope: Scope) -> exp.Expr:
    """An ASOF join: each row of the right side is valid until the next one of the same key.

    Raises:
        InputError: it is not clear which column is of which side.
    """
    if join.args.get("on") is None or (join.side or "").upper() not in {"", "LEFT"}:
        raise translator.unsupported(join, _FIX)
    name = join.this.alias_or_name
    keys, time = _split_condition(translator, join, name)
    function, other = _NEIGHBOUR[type(time)]
    right = _with_neighbour(join.this, name, [key.expression for key in keys], time.expression, function)
    source = translate_source(translator, right, scope, first=False)
    fields = scope.sources[name.lower()]
    if fields is not None:
        scope.sources[name.lower()] = tuple(part for part in fields if part.name != _NEXT)
    return exp.Join(this=source, side=join.side or None, on=_condition(translator, scope, name, keys, time, other))


def _condition(
    translator: Translator, scope: Scope, name: str, keys: list[exp.Expr], time: exp.Expr, other: type[exp.Expr]
) -> exp.Expr:
    neighbour = exp.column(_NEXT, table=name)
    until = other(this=time.this.copy(), expression=neighbour)
    until_next = exp.Paren(this=exp.Or(this=until, expression=exp.Is(this=neighbour.copy(), expression=exp.null())))
    condition: exp.Expr = exp.And(this=time.copy(), expression=until_next)
    for key in reversed(keys):
        condition = exp.And(this=key.copy(), expression=condition)
    return translator.translate(condition, scope)


def _split_condition(translator: Translator, join: exp.Join, name: str) -> tuple[list[exp.Expr], exp.Expr]:
    """The equalities of keys and the comparison of times, with the right side's columns on their right."""
    keys: list[exp.Expr] = []
    times: list[exp.Expr] = []
    on = join.args["on"]
    for part in on.flatten() if isinstance(on, exp.And) else [on]:
        each: exp.Expr = part.unnest()
        if not isinstance(each, (exp.EQ, exp.NullSafeEQ, *_NEIGHBOUR)):
            raise translator.unsupported(join, _FIX)
        mirrored = _right_side_last(translator, join, each, name.lower())
        (keys if isinstance(mirrored, exp.EQ | exp.NullSafeEQ) else times).append(mirrored)
    if len(times) != 1 or not name:
        raise translator.unsupported(join, _FIX)
    return keys, times[0]


def _right_side_last(translator: Translator, join: exp.Join, node: exp.Expr, name: str) -> exp.Expr:
    left, right = (
        {column.table.lower() for column in side.find_all(exp.Column)} for side in (node.this, node.expression)
    )
    if "" in left | right or (name in left) == (name in right) or not left or not right:
        raise translator.unsupported(join, _FIX)
    if name in right and right == {name}:
        return node
    if left != {name}:
        raise translator.unsupported(join, _FIX)
    comparison = _MIRRORED.get(type(node), type(node))
    return comparison(this=node.expression.copy(), expression=node.this.copy())


def _with_neighbour(source: exp.Expr, name: str, keys: list[exp.Expr], time: exp.Expr, function: str) -> exp.Expr:
    """The right side as a subquery with the neighbour's time as an additional column."""
    order = exp.Order(expressions=[exp.Ordered(this=time.copy(), nulls_first=False)])
    neighbour = exp.Window(
        this=exp.Anonymous(this=function, expressions=[time.copy()]),
        partition_by=[key.copy() for key in keys],
        order=order,
    )
    query = exp.Select(expressions=[exp.Star(), exp.alias_(neighbour, _NEXT)]).from_(source.copy())
    return exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier(name)))
