"""Queries: WITH, UNION and its like, VALUES, and subqueries in expressions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from drawloom.sql.portable.kinds import common
from drawloom.sql.portable.nodes import kind_of, typed, whole
from drawloom.sql.portable.scope import Field, Fields, Scope
from drawloom.sql.portable.speaker import Speaker, node_rule
from drawloom.sql.portable.windows import ordered

Said = tuple[exp.Expr, Fields]


def say_query(speaker: Speaker, node: exp.Expr, scope: Scope) -> Said:
    """A query and the columns that it gives.

    Raises:
        InputError: the engine cannot say it; code ``unsupported-sql``.
    """
    from drawloom.sql.portable.select import say_select

    inner, with_ = _say_with(speaker, node, Scope(scope.ctes, {}, scope.outer))
    if isinstance(node, exp.Select):
        said, fields = say_select(speaker, node, inner)
    elif isinstance(node, exp.SetOperation):
        said, fields = _say_set(speaker, node, inner)
    elif isinstance(node, exp.Subquery):
        said, fields = _say_subquery(speaker, node, inner)
    elif isinstance(node, exp.Values):
        said, fields = say_values(speaker, node, inner, None)
        said = exp.Select(expressions=[exp.Star()]).from_(said)
    else:
        raise speaker.refused(node, "Write one SELECT.")
    if with_ is not None:
        said.set("with_", with_)
    return said, fields


def _say_with(speaker: Speaker, node: exp.Expr, scope: Scope) -> tuple[Scope, exp.Expr | None]:
    with_ = node.args.get("with_")
    if with_ is None:
        return scope, None
    if with_.args.get("recursive"):
        raise speaker.refused(node, "Write it without RECURSIVE: read yesterday's partition of the table instead.")
    made = []
    for cte in with_.expressions:
        said, fields = say_query(speaker, cte.this, scope)
        alias = cte.args["alias"]
        fields = renamed(fields, alias.columns)
        scope = replace(scope, ctes={**scope.ctes, alias.name.lower(): fields})
        made.append(exp.CTE(this=said, alias=alias.copy()))
    return scope, exp.With(expressions=made)


def renamed(fields: Fields, columns: Sequence[exp.Expr]) -> Fields:
    """The columns under the names that an alias gives them."""
    if not columns:
        return fields
    kinds = [part.kind for part in fields or ()]
    kinds += [None] * (len(columns) - len(kinds))
    named = tuple(
        Field(each.name, kind, bool(each.args.get("quoted"))) for each, kind in zip(columns, kinds, strict=False)
    )
    return named if fields is None else named + fields[len(columns) :]


def _say_set(speaker: Speaker, node: exp.SetOperation, scope: Scope) -> Said:
    """UNION, EXCEPT and INTERSECT; a long chain of them is walked."""
    if node.args.get("by_name") or node.args.get("match"):
        raise speaker.refused(node, "Name the columns in the same order in both, and write UNION ALL.")
    left, fields = say_query(speaker, node.this, scope)
    right, others = say_query(speaker, node.expression, scope)
    said = type(node)(this=left, expression=right, distinct=node.args.get("distinct"))
    if fields is not None and others is not None and len(fields) == len(others):
        fields = tuple(
            Field(one.name, common((one.kind, two.kind)), one.quoted) for one, two in zip(fields, others, strict=True)
        )
    limits(speaker, node, scope, said)
    if node.args.get("order") is not None:
        inner = Scope(scope.ctes, {"": fields}, scope.outer)
        said.set("order", order_by(speaker, node.args["order"], inner, fields))
    return said, fields


def order_by(speaker: Speaker, node: exp.Expr, scope: Scope, fields: Fields) -> exp.Expr:
    """ORDER BY; ALL becomes the numbers of the columns."""
    keys = []
    for key in node.expressions:
        if isinstance(key.this, exp.Var) and key.this.name.upper() == "ALL":
            if fields is None:
                raise speaker.refused(key, "Name the columns to order by.")
            keys += [ordered(speaker, key, scope, exp.Literal.number(number + 1)) for number in range(len(fields))]
        elif whole(key.this) is not None:
            keys.append(ordered(speaker, key, scope, key.this.copy()))
        else:
            keys.append(ordered(speaker, key, scope))
    return exp.Order(expressions=keys)


def limits(speaker: Speaker, node: exp.Expr, scope: Scope, said: exp.Expr) -> None:
    """LIMIT and OFFSET."""
    limit, offset = node.args.get("limit"), node.args.get("offset")
    if limit is not None:
        if not isinstance(limit, exp.Limit) or limit.args.get("limit_options") or limit.expressions:
            raise speaker.refused(limit, "Write LIMIT and a number.")
        said.set("limit", exp.Limit(expression=_constant(speaker, limit.expression, scope)))
    if offset is not None:
        said.set("offset", exp.Offset(expression=_constant(speaker, offset.expression, scope)))


def _constant(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    if whole(node) is None:
        raise speaker.refused(node, "Write a number.")
    return speaker.say(node, scope)


def _say_subquery(speaker: Speaker, node: exp.Subquery, scope: Scope) -> Said:
    if (
        node.args.get("pivots")
        or node.args.get("joins")
        or node.args.get("sample")
        or not isinstance(node.this, exp.Query | exp.Values)
    ):
        raise speaker.refused(node, "Write it as a SELECT of its own in WITH.")
    inner, fields = say_query(speaker, node.this, scope)
    said = exp.Subquery(this=inner)
    limits(speaker, node, scope, said)
    if node.args.get("order") is not None:
        said.set("order", order_by(speaker, node.args["order"], Scope(scope.ctes, {"": fields}, scope.outer), fields))
    return said, fields


def say_values(speaker: Speaker, node: exp.Expr, scope: Scope, alias: exp.TableAlias | None) -> Said:
    """VALUES as a source, its columns named as DuckDB names them."""
    rows = [
        row.expressions if isinstance(row, exp.Tuple) else [row.this if isinstance(row, exp.Paren) else row]
        for row in node.expressions
    ]
    said = [[speaker.say(cell, scope) for cell in row] for row in rows]
    kinds = [common(kind_of(row[at]) for row in said) for at in range(len(rows[0]))]
    given = list(alias.columns) if alias is not None else []
    names = [given[at] if at < len(given) else exp.to_identifier(f"col{at}") for at in range(len(kinds))]
    table = alias.this.copy() if alias is not None and alias.this else exp.to_identifier("valueslist")
    made = exp.Values(
        expressions=[exp.Tuple(expressions=row) for row in said],
        alias=exp.TableAlias(this=table, columns=[name.copy() for name in names]),
    )
    return made, tuple(
        Field(name.name, kind, bool(name.args.get("quoted"))) for name, kind in zip(names, kinds, strict=True)
    )


@node_rule(exp.Subquery, exp.Select, exp.Union, exp.Except, exp.Intersect)
def subquery(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """A query as a value, or behind IN and EXISTS; it may use the columns around it."""
    inner = (
        node.this
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query) and not node.args.get("with_")
        else node
    )
    said, fields = say_query(speaker, inner, Scope(scope.ctes, {}, scope))
    kind = fields[0].kind if fields else None
    return typed(
        said
        if isinstance(said, exp.Subquery) or (inner is node and not isinstance(node, exp.Subquery))
        else exp.Subquery(this=said),
        kind,
    )
