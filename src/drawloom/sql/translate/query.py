"""Queries: WITH, UNION, EXCEPT and INTERSECT, VALUES, ORDER BY, LIMIT, and subqueries in expressions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from drawloom.sql.translate.calls import order_key
from drawloom.sql.translate.expressions import int_value, type_of, with_type
from drawloom.sql.translate.scope import Field, Fields, Scope
from drawloom.sql.translate.translator import QUERY_RULES, Translator, node_rule, query_rule
from drawloom.sql.translate.types import common_type

Translated = tuple[exp.Expr, Fields]


def translate_query(translator: Translator, node: exp.Expr, scope: Scope) -> Translated:
    """A query and its output columns.

    Raises:
        InputError: the engine has no equivalent; code ``unsupported-sql``.
    """
    inner, with_ = _translate_with(translator, node, Scope(scope.ctes, {}, scope.outer))
    rule = QUERY_RULES.get(type(node))
    if rule is None:
        raise translator.unsupported(node, "Write one SELECT.")
    translated, fields = rule(translator, node, inner)
    if with_ is not None:
        translated.set("with_", with_)
    return translated, fields


def _translate_with(translator: Translator, node: exp.Expr, scope: Scope) -> tuple[Scope, exp.Expr | None]:
    with_ = node.args.get("with_")
    if with_ is None:
        return scope, None
    if with_.args.get("recursive"):
        raise translator.unsupported(
            node, "Write it without RECURSIVE: read yesterday's partition of the table instead."
        )
    made = []
    for cte in with_.expressions:
        translated, fields = translate_query(translator, cte.this, scope)
        alias = cte.args["alias"]
        fields = with_column_aliases(fields, alias.columns)
        scope = replace(scope, ctes={**scope.ctes, alias.name.lower(): fields})
        made.append(exp.CTE(this=translated, alias=alias.copy()))
    return scope, exp.With(expressions=made)


def with_column_aliases(fields: Fields, columns: Sequence[exp.Expr]) -> Fields:
    """The columns, renamed by a table alias such as t(a, b)."""
    if not columns:
        return fields
    dtypes = [part.dtype for part in fields or ()]
    dtypes += [None] * (len(columns) - len(dtypes))
    named = tuple(
        Field(each.name, dtype, bool(each.args.get("quoted"))) for each, dtype in zip(columns, dtypes, strict=False)
    )
    return named if fields is None else named + fields[len(columns) :]


@query_rule(exp.Union, exp.Except, exp.Intersect)
def translate_set_operation(translator: Translator, node: exp.SetOperation, scope: Scope) -> Translated:
    """UNION, EXCEPT and INTERSECT."""
    if node.args.get("by_name") or node.args.get("match"):
        raise translator.unsupported(node, "Name the columns in the same order in both, and write UNION ALL.")
    left, fields = translate_query(translator, node.this, scope)
    right, others = translate_query(translator, node.expression, scope)
    translated = type(node)(this=left, expression=right, distinct=node.args.get("distinct"))
    if fields is not None and others is not None and len(fields) == len(others):
        fields = tuple(
            Field(one.name, common_type((one.dtype, two.dtype)), one.quoted)
            for one, two in zip(fields, others, strict=True)
        )
    set_limits(translator, node, scope, translated)
    if node.args.get("order") is not None:
        inner = Scope(scope.ctes, {"": fields}, scope.outer)
        translated.set("order", order_by(translator, node.args["order"], inner, fields))
    return translated, fields


def order_by(translator: Translator, node: exp.Expr, scope: Scope, fields: Fields) -> exp.Expr:
    """ORDER BY; for ALL the positions of the columns."""
    keys = []
    for key in node.expressions:
        if isinstance(key.this, exp.Var) and key.this.name.upper() == "ALL":
            if fields is None:
                raise translator.unsupported(key, "Name the columns to order by.")
            keys += [order_key(translator, key, scope, exp.Literal.number(number + 1)) for number in range(len(fields))]
        elif int_value(key.this) is not None:
            keys.append(order_key(translator, key, scope, key.this.copy()))
        else:
            keys.append(order_key(translator, key, scope))
    return exp.Order(expressions=keys)


def set_limits(translator: Translator, node: exp.Expr, scope: Scope, translated: exp.Expr) -> None:
    """LIMIT and OFFSET."""
    limit, offset = node.args.get("limit"), node.args.get("offset")
    if limit is not None:
        if not isinstance(limit, exp.Limit) or limit.args.get("limit_options") or limit.expressions:
            raise translator.unsupported(limit, "Write LIMIT and a number.")
        translated.set("limit", exp.Limit(expression=_constant(translator, limit.expression, scope)))
    if offset is not None:
        translated.set("offset", exp.Offset(expression=_constant(translator, offset.expression, scope)))


def _constant(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    if int_value(node) is None:
        raise translator.unsupported(node, "Write a number.")
    return translator.translate(node, scope)


@query_rule(exp.Subquery)
def translate_subquery(translator: Translator, node: exp.Subquery, scope: Scope) -> Translated:
    """A query in brackets, with its own ORDER BY and LIMIT."""
    if (
        node.args.get("pivots")
        or node.args.get("joins")
        or node.args.get("sample")
        or not isinstance(node.this, exp.Query | exp.Values)
    ):
        raise translator.unsupported(node, "Write it as a SELECT of its own in WITH.")
    inner, fields = translate_query(translator, node.this, scope)
    translated = exp.Subquery(this=inner)
    set_limits(translator, node, scope, translated)
    if node.args.get("order") is not None:
        translated.set(
            "order", order_by(translator, node.args["order"], Scope(scope.ctes, {"": fields}, scope.outer), fields)
        )
    return translated, fields


@query_rule(exp.Values)
def translate_values_query(translator: Translator, node: exp.Values, scope: Scope) -> Translated:
    """VALUES on its own, as a SELECT."""
    translated, fields = translate_values(translator, node, scope, None)
    return exp.Select(expressions=[exp.Star()]).from_(translated), fields


def translate_values(translator: Translator, node: exp.Expr, scope: Scope, alias: exp.TableAlias | None) -> Translated:
    """VALUES as a source, its columns named as DuckDB names them."""
    rows = [
        row.expressions if isinstance(row, exp.Tuple) else [row.this if isinstance(row, exp.Paren) else row]
        for row in node.expressions
    ]
    translated = [[translator.translate(cell, scope) for cell in row] for row in rows]
    dtypes = [common_type(type_of(row[at]) for row in translated) for at in range(len(rows[0]))]
    given = list(alias.columns) if alias is not None else []
    names = [given[at] if at < len(given) else exp.to_identifier(f"col{at}") for at in range(len(dtypes))]
    table = alias.this.copy() if alias is not None and alias.this else exp.to_identifier("valueslist")
    made = exp.Values(
        expressions=[exp.Tuple(expressions=row) for row in translated],
        alias=exp.TableAlias(this=table, columns=[name.copy() for name in names]),
    )
    return made, tuple(
        Field(name.name, dtype, bool(name.args.get("quoted"))) for name, dtype in zip(names, dtypes, strict=True)
    )


@node_rule(exp.Subquery, exp.Select, exp.Union, exp.Except, exp.Intersect)
def subquery_expression(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """A query as a value, or in IN and EXISTS; it may use the columns of the queries around it."""
    inner = (
        node.this
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query) and not node.args.get("with_")
        else node
    )
    translated, fields = translate_query(translator, inner, Scope(scope.ctes, {}, scope))
    dtype = fields[0].dtype if fields else None
    return with_type(
        translated
        if isinstance(translated, exp.Subquery) or (inner is node and not isinstance(node, exp.Subquery))
        else exp.Subquery(this=translated),
        dtype,
    )
