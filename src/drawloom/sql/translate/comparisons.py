"""Comparisons, IN, BETWEEN, LIKE, boolean operators, CASE, and the functions that choose between values."""

from __future__ import annotations

from sqlglot import exp

from drawloom.sql.translate.casts import cast_to
from drawloom.sql.translate.expressions import info, parenthesize, string_value, type_of, with_type
from drawloom.sql.translate.scope import Scope
from drawloom.sql.translate.translator import Call, Translator, function_rule, node_rule, template_rule
from drawloom.sql.translate.types import BOOL, DATE, TEXT, TIMESTAMP, TIMESTAMPTZ, SqlType, common_type, first_type

_OPERATORS: dict[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM", exp.NullSafeNEQ: "IS DISTINCT FROM",
}  # fmt: skip


@node_rule(*_OPERATORS)
def compare(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """= <> < <= > >= and IS [NOT] DISTINCT FROM."""
    if isinstance(node.this, exp.Tuple) and isinstance(node.expression, exp.Tuple):
        return _compare_tuples(translator, node, scope)
    if isinstance(node.expression, exp.Any | exp.All) or isinstance(node.this, exp.Any | exp.All):
        raise translator.unsupported(node, "Write x IN (SELECT ...), or list_contains(list, x).")
    left, right = comparable(
        translator, node, translator.translate(node.this, scope), translator.translate(node.expression, scope)
    )
    text = f"_1 {_OPERATORS[type(node)]} _2"
    return translator.build(text, BOOL, left, right)


def comparable(translator: Translator, node: exp.Expr, *parts: exp.Expr) -> tuple[exp.Expr, ...]:
    """The sides cast so that the engine compares them as DuckDB does: a text compared with a day becomes a DATE."""
    dtypes = [type_of(part) for part in parts]
    if any(dtype and dtype.name in {"struct", "list", "map"} for dtype in dtypes):
        raise translator.unsupported(
            node, "Compare the fields or elements one by one: NULLs in them count differently."
        )
    days = [dtype == DATE or info(part).as_day is not None for dtype, part in zip(dtypes, parts, strict=True)]
    if all(
        day or dtype == TEXT or (dtype and dtype.name == "null") for day, dtype in zip(days, dtypes, strict=True)
    ) and any(days):
        return tuple(
            cast_to(translator, part, DATE, node) if dtype != SqlType("null") else part
            for part, dtype in zip(parts, dtypes, strict=True)
        )
    to = next((dtype for dtype in dtypes if dtype in {TIMESTAMP, TIMESTAMPTZ}), None)
    if to is None and any(days) and TEXT in dtypes:
        to = TIMESTAMP
    if to is None:
        to = next((dtype for dtype in dtypes if dtype and (dtype.is_number or dtype == BOOL)), None)
    if to is not None and TEXT in dtypes:
        return tuple(
            cast_to(translator, part, to, node) if dtype == TEXT else part
            for part, dtype in zip(parts, dtypes, strict=True)
        )
    return parts


def _compare_tuples(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """Tuples are equal where all their members are, NULLs included."""
    if not isinstance(node, exp.EQ | exp.NEQ | exp.NullSafeEQ | exp.NullSafeNEQ):
        raise translator.unsupported(node, "Compare the members one by one, as a > 1 OR (a = 1 AND b > 2).")
    same = _equal_members(translator, node, scope, node.this, node.expression)
    return same if isinstance(node, exp.EQ | exp.NullSafeEQ) else translator.build("NOT _1", BOOL, exp.Paren(this=same))


def _equal_members(translator: Translator, node: exp.Expr, scope: Scope, one: exp.Expr, other: exp.Expr) -> exp.Expr:
    if len(one.expressions) != len(other.expressions):
        raise translator.unsupported(node, "Give both tuples as many members.")
    found: exp.Expr | None = None
    for left, right in zip(one.expressions, other.expressions, strict=True):
        sides = comparable(translator, node, translator.translate(left, scope), translator.translate(right, scope))
        pair = translator.build("_1 IS NOT DISTINCT FROM _2", BOOL, *sides)
        found = pair if found is None else translator.build("_1 AND _2", BOOL, found, pair)
    assert found is not None
    return found


@node_rule(exp.In)
def in_(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """IN a list of values, a query, or a list."""
    query, field = node.args.get("query"), node.args.get("field")
    if field is not None:
        call = Call(
            "in", node, (translator.translate(field, scope), translator.translate(node.this, scope)), translator, scope
        )
        return translator.translate_call("list_contains", call)
    if isinstance(node.this, exp.Tuple):
        return _tuple_in(translator, node, scope)
    if query is not None:
        translated = exp.In(this=translator.translate(node.this, scope), query=translator.translate(query, scope))
        return with_type(translated, BOOL)
    parts = comparable(
        translator,
        node,
        translator.translate(node.this, scope),
        *(translator.translate(each, scope) for each in node.expressions),
    )
    return with_type(exp.In(this=parenthesize(parts[0]), expressions=list(parts[1:])), BOOL)


def _tuple_in(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    if node.args.get("query") is not None:
        raise translator.unsupported(node, "Write EXISTS (SELECT 1 FROM ... WHERE x = a AND y = b), or a SEMI JOIN.")
    found: exp.Expr | None = None
    for other in node.expressions:
        if not isinstance(other, exp.Tuple):
            raise translator.unsupported(node, "Give tuples of values.")
        same = exp.Paren(this=_equal_members(translator, node, scope, node.this, other))
        found = same if found is None else translator.build("_1 OR _2", BOOL, found, same)
    assert found is not None
    return with_type(exp.Paren(this=found), BOOL)


@node_rule(exp.Between)
def between(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """BETWEEN."""
    if node.args.get("symmetric"):
        raise translator.unsupported(node, "Write BETWEEN least(a, b) AND greatest(a, b).")
    parts = comparable(
        translator, node, *(translator.translate(node.args[key], scope) for key in ("this", "low", "high"))
    )
    return translator.build("_1 BETWEEN _2 AND _3", BOOL, *parts)


@node_rule(exp.Is)
def is_(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """IS NULL, IS TRUE, IS FALSE."""
    translated = translator.translate(node.this, scope)
    if isinstance(node.expression, exp.Boolean):
        text = "coalesce(_1, FALSE)" if node.expression.this else "NOT coalesce(_1, TRUE)"
        return translator.build(text, BOOL, translated)
    if not isinstance(node.expression, exp.Null):
        raise translator.unsupported(node, "Write IS NULL, IS TRUE or IS FALSE.")
    return translator.build("_1 IS NULL", BOOL, translated)


@node_rule(exp.And, exp.Or)
def and_or(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """AND and OR; a long chain is a loop here, since recursion would be too deep."""
    dtype, parts, left = type(node), [], node
    while type(left) is dtype:
        parts.append(left.expression)
        left = left.this
    found = translator.translate(left, scope)
    for part in reversed(parts):
        found = with_type(dtype(this=found, expression=translator.translate(part, scope)), BOOL)
    return found


@node_rule(exp.Not)
def not_(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """NOT, and IS NOT NULL."""
    if isinstance(node.this, exp.Is) and isinstance(node.this.expression, exp.Null):
        return translator.build("_1 IS NOT NULL", BOOL, translator.translate(node.this.this, scope))
    return with_type(exp.Not(this=translator.translate(node.this, scope)), BOOL)


@node_rule(exp.Like, exp.ILike)
def like(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """LIKE; DuckDB has no escape character by default, Spark has the backslash."""
    if isinstance(node.expression, exp.Any | exp.All):
        raise translator.unsupported(node, "Write x LIKE 'a%' OR x LIKE 'b%'.")
    return _like(translator, node, scope, None)


@node_rule(exp.Escape)
def escape(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """LIKE ... ESCAPE."""
    if not isinstance(node.this, exp.Like | exp.ILike):
        raise translator.unsupported(node, "Write x LIKE '...' ESCAPE '!'.")
    return _like(translator, node.this, scope, node.expression)


def _like(translator: Translator, node: exp.Expr, scope: Scope, escaped: exp.Expr | None) -> exp.Expr:
    value, pattern = translator.translate(node.this, scope), translator.translate(node.expression, scope)
    text, parts, ilike = string_value(pattern), [value, pattern], isinstance(node, exp.ILike)
    word = "ILIKE" if ilike and translator.is_spark else "LIKE"
    if escaped is not None:
        parts.append(translator.translate(escaped, scope))
    elif translator.is_spark and (text is None or "\\" in text):
        unused = next(sign for sign in "!~^|\x01" if sign not in (text or "!~^|"))
        parts.append(exp.Literal.string(unused))
    sides = "lower(_1) LIKE lower(_2)" if ilike and not translator.is_spark else f"_1 {word} _2"
    translated = translator.build(sides, BOOL, *parts[:2])
    if len(parts) == 3:
        translated = with_type(exp.Escape(this=translated, expression=parts[2]), BOOL)
    return with_type(exp.Not(this=translated), BOOL) if node.args.get("negate") else translated


@node_rule(exp.Case)
def case(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """CASE with or without a value to compare."""
    value = node.args.get("this")
    base = translator.translate(value, scope) if value is not None else None
    whens, results = [], []
    for each in node.args["ifs"]:
        when = translator.translate(each.this, scope)
        if base is not None:
            _, when = comparable(translator, node, base, when)
        whens.append(when)
        results.append(translator.translate(each.args["true"], scope))
    if node.args.get("default") is not None:
        results.append(translator.translate(node.args["default"], scope))
    dtype = common_type(type_of(each) for each in results)
    default = results.pop() if len(results) > len(whens) else None
    ifs = [exp.If(this=when, true=result) for when, result in zip(whens, results, strict=True)]
    return with_type(exp.Case(this=base, ifs=ifs, default=default), dtype)


@node_rule(exp.Exists)
def exists(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """EXISTS (SELECT ...)."""
    return with_type(exp.Exists(this=translator.translate(node.this, scope)), BOOL)


template_rule("nullif", 2, first_type, "nullif(_1, _2)")


@function_rule("coalesce", "ifnull", max_args=99)
def coalesce(call: Call) -> exp.Expr:
    """The first value that is not NULL."""
    if len(call.args) == 1:
        return call.args[0]
    return call.build(f"coalesce({call.placeholders})", f"coalesce({call.placeholders})", common_type(call.types))


@function_rule("if", min_args=3)
def if_(call: Call) -> exp.Expr:
    """if(condition, a, b)."""
    return call.build(
        "CASE WHEN _1 THEN _2 ELSE _3 END", "CASE WHEN _1 THEN _2 ELSE _3 END", common_type(call.types[1:])
    )
