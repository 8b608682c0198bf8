"""Function calls, with their DISTINCT, ORDER BY, FILTER, IGNORE NULLS and OVER; lambdas and window functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

from sqlglot import exp

from drawloom.sql.duckdb_functions import DUCKDB_FUNCTIONS
from drawloom.sql.translate.expressions import function_call, info, parenthesize, take_aggregates, type_of, with_type
from drawloom.sql.translate.parse import parse_duckdb
from drawloom.sql.translate.portable import PORTABLE_FUNCTIONS
from drawloom.sql.translate.scope import Scope
from drawloom.sql.translate.translator import (
    AGGREGATE_NAMES,
    ALLOW_DISTINCT,
    ALLOW_ORDER_BY,
    FUNCTION_RULES,
    Call,
    Translator,
    function_rule,
    node_rule,
    template_rule,
)
from drawloom.sql.translate.types import BIGINT, DOUBLE, SqlType, element_type, first_type

Wrap = Callable[[exp.Expr], exp.Expr]
_CLAUSES = (exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup)
_FIX = "Use the functions of docs/portable.md."


# Portable functions that have a rule for each engine; the others are translated from their expansion in DuckDB's SQL.
_WITH_RULES = frozenset({"day_series", "top_k", "approx_distinct", "list_len", "map_of"})


@node_rule(exp.Anonymous)
def translate_function(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """A call by its name; a function that DuckDB does not have is the user's own, and stays as it is."""
    name = node.name.lower()
    portable, rule = PORTABLE_FUNCTIONS.get(name), FUNCTION_RULES.get(name)
    if portable and not portable.min_args <= len(node.expressions) <= portable.max_args:
        raise translator.unsupported(node, f"Write {portable.call}.")
    if portable and name not in _WITH_RULES:
        return parenthesize(translator.translate(_expanded(name, node.expressions), scope))
    if rule is None and name in DUCKDB_FUNCTIONS:
        raise translator.unsupported(node, _FIX)
    args, distinct, order, null_handling = _arguments(node)
    if (distinct and name not in ALLOW_DISTINCT) or (order and name not in ALLOW_ORDER_BY):
        clause = "DISTINCT" if distinct else "ORDER BY"
        raise translator.unsupported(node, f"Write {name} without {clause} inside its brackets.")
    # In the brackets of an aggregate a name is always a column.
    inner = replace(scope, aliases={}) if name in AGGREGATE_NAMES else scope
    translated = _translate_args(translator, args, inner)
    if rule is None:
        return function_call(node.name, *translated)
    found = rule(Call(name, node, translated, translator, scope, distinct, order))
    return found if null_handling is None else _wrap(found, lambda each: null_handling(this=each))


@lru_cache(maxsize=256)
def _template(name: str) -> exp.Expr:
    (statement,) = parse_duckdb("SELECT " + PORTABLE_FUNCTIONS[name].template)
    found: exp.Expr = statement.expressions[0]
    return found.pop()


def _expanded(name: str, args: Sequence[exp.Expr]) -> exp.Expr:
    """A call of a portable function in DuckDB's SQL."""
    tree = _template(name).copy()
    for placeholder in list(tree.find_all(exp.Column)):
        if placeholder.name[:1] == "_" and placeholder.name[1:].isdigit() and not placeholder.table:
            arg = args[int(placeholder.name[1:]) - 1].copy()
            placeholder.replace(exp.Paren(this=arg) if isinstance(arg, exp.Binary) else arg)
    return tree


def _arguments(node: exp.Expr) -> tuple[list[exp.Expr], bool, tuple[exp.Ordered, ...], type[exp.Expr] | None]:
    """The arguments, whether they are DISTINCT, their ORDER BY, and IGNORE or RESPECT NULLS."""
    parts, distinct, ignore = [], False, None
    order: tuple[exp.Ordered, ...] = ()
    for part in node.expressions:
        if isinstance(part, exp.IgnoreNulls | exp.RespectNulls):
            ignore, part = type(part), part.this  # noqa: PLW2901 - it is unwrapped
        if isinstance(part, exp.Order):
            order, part = tuple(part.expressions), part.this  # noqa: PLW2901
        if isinstance(part, exp.Distinct):
            distinct = True
            parts.extend(part.expressions)
        else:
            parts.append(part)
    return parts, distinct, order, ignore


def _translate_args(translator: Translator, parts: list[exp.Expr], scope: Scope) -> tuple[exp.Expr, ...]:
    translated: list[exp.Expr] = []
    for part in parts:
        if isinstance(part, exp.Lambda):
            translated.append(
                _translate_lambda(translator, part, scope, type_of(translated[0]) if translated else None)
            )
        else:
            translated.append(part.copy() if isinstance(part, exp.Star) else translator.translate(part, scope))
    return tuple(translated)


def _translate_lambda(translator: Translator, node: exp.Lambda, scope: Scope, given: SqlType | None) -> exp.Expr:
    """``lambda x: ...``; ``x -> ...`` is JSON access in DuckDB."""
    start = node.expressions[0].meta.get("start")
    if start is not None and not translator.source[:start].rstrip().lower().endswith("lambda"):
        raise translator.unsupported(node, "Write lambda x: x > 1.")
    element = element_type(given)
    names = [each.name for each in node.expressions]
    inner = scope.in_lambda(**{name.lower(): element if index == 0 else None for index, name in enumerate(names)})
    body = translator.translate(node.this, inner)
    translated = exp.Lambda(this=body, expressions=[exp.to_identifier(name) for name in names])
    return with_type(translated, type_of(body))


@node_rule(exp.Identifier)
def lambda_parameter(_: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """A parameter of a lambda."""
    return with_type(exp.Column(this=node.copy()), scope.local.get(node.name.lower()))


@node_rule(exp.Filter)
def aggregate_filter(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """FILTER (WHERE ...) goes to every aggregate in the translated call."""
    found = translator.translate(node.this, scope)
    condition = translator.translate(node.expression.this, scope)

    def wrap(each: exp.Expr) -> exp.Expr:
        if not isinstance(each, exp.Filter):
            return exp.Filter(this=each, expression=exp.Where(this=condition.copy()))
        both = exp.And(this=parenthesize(each.expression.this), expression=parenthesize(condition.copy()))
        return exp.Filter(this=each.this, expression=exp.Where(this=both))

    return wrap_aggregates(translator, node, found, wrap)


def wrap_aggregates(translator: Translator, node: exp.Expr, found: exp.Expr, wrap: Wrap) -> exp.Expr:
    """The expression with each of its aggregates wrapped.

    Raises:
        InputError: it has none.
    """
    if not info(found).aggregates:
        raise translator.unsupported(node, _FIX)
    return _wrap(found, wrap)


def _wrap(found: exp.Expr, wrap: Wrap) -> exp.Expr:
    aggregates, dtype = take_aggregates(found), type_of(found)
    made = []
    for each in aggregates:
        outer = each
        while isinstance(outer.parent, _CLAUSES) and outer.arg_key == "this":
            outer = outer.parent
        wrapped = wrap(outer.copy())
        if outer is found:
            found = wrapped
        else:
            outer.replace(wrapped)
        made.append(_innermost_call(wrapped))
    info(found).aggregates = made
    return with_type(found, dtype)


def _innermost_call(node: exp.Expr) -> exp.Expr:
    while not isinstance(node, exp.Anonymous):
        node = node.this
    return node


template_rule("row_number rank dense_rank", 0, BIGINT, "name()")
template_rule("rank_dense", 0, BIGINT, "dense_rank()")
template_rule("percent_rank cume_dist", 0, DOUBLE, "name()")
template_rule("ntile", 1, BIGINT, "ntile(CAST(_1 AS INT))", "ntile(_1)")
template_rule("first_value last_value", 1, first_type, "name(_1)")
template_rule("nth_value", 2, first_type, "nth_value(_1, _2)")
# Aggregates that skip NULLs, so that FILTER can be a CASE inside their brackets.
_SKIP_NULLS = frozenset(
    ["sum", "count", "min", "max", "avg", "bool_and", "bool_or", "var_samp", "var_pop", "stddev_samp", "stddev_pop"]
)


@function_rule("lag", "lead", max_args=3)
def lag_lead(call: Call) -> exp.Expr:
    """The value some rows before or after."""
    return call.build(f"{call.name}({call.placeholders})", f"{call.name}({call.placeholders})", call.types[0])


@node_rule(exp.Window)
def window(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """A call OVER a window, which goes to every aggregate in the translated call."""
    if node.args.get("first") is not None:
        raise translator.unsupported(node, "Write the window without FIRST or LAST.")
    found = translator.translate(node.this, scope)
    if isinstance(node.this, exp.Filter) and not translator.is_spark:
        found = _filter_inside(translator, node, found)
    parts = window_spec(translator, node, scope)
    return wrap_aggregates(
        translator, node, found, lambda each: exp.Window(this=each, over="OVER", **_copy_spec(parts))
    )


@node_rule(exp.IgnoreNulls, exp.RespectNulls)
def ignore_nulls(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """IGNORE NULLS behind a call."""
    found = translator.translate(node.this, scope)
    clause = type(node)
    return wrap_aggregates(translator, node, found, lambda each: clause(this=each))


def window_spec(translator: Translator, node: exp.Expr, scope: Scope) -> dict[str, object]:
    """The window: its name, or its partitions, order and frame."""
    parts: dict[str, object] = {}
    if node.args.get("alias") is not None:
        parts["alias"] = node.args["alias"].copy()
    if node.args.get("partition_by"):
        parts["partition_by"] = [translator.translate(each, scope) for each in node.args["partition_by"]]
    if node.args.get("order") is not None:
        parts["order"] = exp.Order(
            expressions=[order_key(translator, each, scope) for each in node.args["order"].expressions]
        )
    if node.args.get("spec") is not None:
        parts["spec"] = _window_frame(translator, node.args["spec"], scope)
    return parts


def _window_frame(translator: Translator, spec: exp.Expr, scope: Scope) -> exp.Expr:
    if spec.args.get("exclude") is not None or spec.args["kind"].upper() == "GROUPS":
        raise translator.unsupported(spec.parent or spec, "Write a frame of ROWS or RANGE without EXCLUDE.")
    made = spec.copy()
    for side in ("start", "end"):
        bound = spec.args.get(side)
        if isinstance(bound, exp.Expr):
            if spec.args["kind"].upper() == "RANGE":
                raise translator.unsupported(
                    spec.parent or spec, "Write RANGE with UNBOUNDED and CURRENT ROW only, or count ROWS."
                )
            made.set(side, translator.translate(bound, scope))
    return made


def order_key(translator: Translator, node: exp.Expr, scope: Scope, translated: exp.Expr | None = None) -> exp.Expr:
    """A key of an ORDER BY, with DuckDB's order of NULLs: last unless the text has NULLS FIRST."""
    if node.args.get("with_fill") is not None:
        raise translator.unsupported(node, "Write ORDER BY without WITH FILL.")
    translated = translated if translated is not None else translator.translate(node.this, scope)
    first, desc = bool(node.args.get("nulls_first")), node.args.get("desc")
    return with_type(exp.Ordered(this=translated, desc=desc, nulls_first=first), type_of(translated))


def _copy_spec(parts: dict[str, object]) -> dict[str, object]:
    made: dict[str, object] = {}
    for name, part in parts.items():
        made[name] = [each.copy() for each in part] if isinstance(part, list) else part.copy()  # type: ignore[attr-defined]
    return made


def _filter_inside(translator: Translator, node: exp.Expr, found: exp.Expr) -> exp.Expr:
    """Trino has no FILTER in windows: the aggregate gets NULL for the rows that are filtered out."""
    for each in info(found).aggregates:
        outer = each.parent
        if (
            each.name not in _SKIP_NULLS
            or not isinstance(outer, exp.Filter)
            or isinstance(each.expressions[0], exp.Distinct)
        ):
            raise translator.unsupported(node, "Write the condition as a CASE inside the brackets of the aggregate.")
        value = exp.Literal.number(1) if isinstance(each.expressions[0], exp.Star) else each.expressions[0].copy()
        chosen = exp.Case(ifs=[exp.If(this=outer.expression.this.copy(), true=value)])
        inner = exp.Anonymous(this=each.name, expressions=[chosen])
        if outer is found:
            info(inner).aggregates, info(inner).dtype = info(found).aggregates, type_of(found)
            found = inner
        else:
            outer.replace(inner)
        info(found).aggregates = [inner if one is each else one for one in info(found).aggregates]
    return found
