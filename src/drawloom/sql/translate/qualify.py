"""QUALIFY and DISTINCT ON: the query computes a helper column, and a query around it filters by that column."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp

from drawloom.sql.translate.calls import order_key
from drawloom.sql.translate.expressions import int_value, type_of, with_type
from drawloom.sql.translate.query import set_limits
from drawloom.sql.translate.scope import Fields, Scope
from drawloom.sql.translate.select_list import SelectItem
from drawloom.sql.translate.translator import Translator

_KEEP = "dl_kept"
_ORDER = "dl_order"
_QUERY = "dl_rows"


@dataclass(frozen=True, slots=True)
class HelperColumns:
    """A SELECT that is translated up to its HAVING, to which helper columns are added."""

    scope: Scope
    items: list[SelectItem]
    aliases: dict[str, exp.Expr]
    translated: exp.Select
    fields: Fields


def translate_qualify(translator: Translator, node: exp.Select, query: HelperColumns) -> exp.Expr:
    """The outer query: the rows to keep, in their order."""
    distinct = node.args.get("distinct")
    is_distinct_on = distinct is not None and distinct.args.get("on") is not None
    if node.args.get("qualify") is not None and is_distinct_on:
        raise translator.unsupported(node, "Write DISTINCT ON or QUALIFY, not both.")
    scope = replace(query.scope, aliases=query.aliases)
    inner = query.translated
    columns = _columns(translator, node, query)
    inner.append("expressions", exp.alias_(_condition(translator, node, scope), _KEEP))
    outer = exp.Select(expressions=columns)
    if node.args.get("order") is not None:
        keys = [
            _outer_order_key(translator, key, scope, query, inner, at)
            for at, key in enumerate(node.args["order"].expressions)
        ]
        outer.set("order", exp.Order(expressions=keys))
    outer.set("from_", exp.From(this=exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(_QUERY)))))
    outer.set("where", exp.Where(this=exp.column(_KEEP)))
    if distinct is not None and not is_distinct_on:
        outer.set("distinct", exp.Distinct())
    set_limits(translator, node, scope, outer)
    return outer


def _columns(translator: Translator, node: exp.Select, query: HelperColumns) -> list[exp.Expr]:
    """The columns of the outer query: the names of the SELECT list, generated where an item has none."""
    columns: list[exp.Expr] = []
    for at, item in enumerate(query.items):
        name = item.alias or (item.node.this if isinstance(item.node, exp.Column) and item.star is None else None)
        if item.star is not None:
            if item.fields is None and not translator.is_spark:
                raise translator.unsupported(node, "Name the columns: which ones * has is not known here.")
            if item.fields is None:
                return [exp.Star(except_=[exp.column(each) for each in _helper_names(node)])]
            columns += [exp.column(exp.to_identifier(part.name, quoted=part.quoted)) for part in item.fields]
        else:
            if name is None:
                name = exp.to_identifier(f"col{at}")
                query.translated.expressions[at].replace(exp.alias_(query.translated.expressions[at].copy(), name.name))
            columns.append(exp.column(name.copy()))
    return columns


def _helper_names(node: exp.Select) -> list[str]:
    keys = node.args["order"].expressions if node.args.get("order") is not None else []
    return [_KEEP, *(f"{_ORDER}_{at + 1}" for at, key in enumerate(keys) if not _is_output_column(key, []))]


def _is_output_column(key: exp.Expr, names: list[str]) -> bool:
    if int_value(key.this) is not None or isinstance(key.this, exp.Var):
        return True
    return isinstance(key.this, exp.Column) and not key.this.table and key.this.name.lower() in names


def _condition(translator: Translator, node: exp.Select, scope: Scope) -> exp.Expr:
    if node.args.get("qualify") is not None:
        return translator.translate(node.args["qualify"].this, scope)
    on = node.args["distinct"].args["on"]
    keys = on.expressions if isinstance(on, exp.Tuple) else [on]
    order = node.args.get("order")
    if order is None or any(
        int_value(key.this) is not None or isinstance(key.this, exp.Var) for key in order.expressions
    ):
        raise translator.unsupported(
            node.args["distinct"], "Write ORDER BY with the columns that decide which row is the first."
        )
    number = exp.Window(
        this=exp.Anonymous(this="row_number"),
        partition_by=[translator.translate(key, scope) for key in keys],
        order=exp.Order(expressions=[order_key(translator, key, scope) for key in order.expressions]),
        over="OVER",
    )
    return exp.EQ(this=number, expression=exp.Literal.number(1))


def _outer_order_key(
    translator: Translator, key: exp.Expr, scope: Scope, query: HelperColumns, inner: exp.Select, at: int
) -> exp.Expr:
    """A key of the outer ORDER BY: an output column, or a helper column that is added for it."""
    if isinstance(key.this, exp.Var):
        raise translator.unsupported(key, "Name the columns to order by.")
    if int_value(key.this) is not None:
        return order_key(translator, key, scope, key.this.copy())
    names = [item.alias.name.lower() for item in query.items if item.alias is not None]
    names += [
        item.node.name.lower()
        for item in query.items
        if item.alias is None and isinstance(item.node, exp.Column) and not item.star
    ]
    names = [name for name in names if not any(item.star is not None and item.fields is None for item in query.items)]
    if _is_output_column(key, names):
        return order_key(translator, key, scope, exp.column(key.this.this.copy()))
    name = f"{_ORDER}_{at + 1}"
    translated = translator.translate(key.this, scope)
    inner.append("expressions", exp.alias_(translated, name))
    return order_key(translator, key, scope, with_type(exp.column(name), type_of(translated)))
