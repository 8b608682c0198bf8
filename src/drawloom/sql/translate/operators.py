"""Operators, literals and the small expressions of SQL."""

from __future__ import annotations

from sqlglot import exp

from drawloom.sql.translate.casts import cast_to
from drawloom.sql.translate.dates import interval_of
from drawloom.sql.translate.expressions import info, int_value, string_value, type_of, with_type
from drawloom.sql.translate.scope import Scope
from drawloom.sql.translate.translator import Call, Translator, node_rule
from drawloom.sql.translate.types import (
    BIGINT,
    BOOL,
    DATE,
    DOUBLE,
    HUGEINT,
    INTEGER,
    INTERVAL,
    NULL,
    TEXT,
    TIMESTAMP,
    TIMESTAMPTZ,
    SqlType,
    common_type,
    decimal,
    digits,
)  # fmt: skip


def _call(translator: Translator, node: exp.Expr, scope: Scope, *parts: exp.Expr) -> Call:
    return Call(node.key, node, parts, translator, scope)


def operands(translator: Translator, node: exp.Expr, scope: Scope) -> Call:
    """The two sides of an operator, translated."""
    return _call(
        translator, node, scope, translator.translate(node.this, scope), translator.translate(node.expression, scope)
    )


@node_rule(exp.Literal)
def literal(translator: Translator, node: exp.Expr, _scope: Scope) -> exp.Expr:
    """Literals, with the width of numbers that DuckDB gives them."""
    if node.is_string:
        return with_type(exp.Literal.string(node.name), TEXT)
    text = node.name
    if "e" in text.lower():
        return with_type(exp.Literal.number(text), DOUBLE)
    if not text.isdigit():
        before, _, after = text.partition(".")
        size = decimal(max(1, len(before.lstrip("0")) + len(after)), len(after))
        return with_type(exp.Literal.number(text if before else f"0{text}"), size)
    number = int(text)
    dtype = INTEGER if number < 2**31 else BIGINT if number < 2**63 else HUGEINT
    if dtype == HUGEINT:
        return translator.build("CAST(_1 AS DECIMAL(38, 0))", HUGEINT, exp.Literal.string(text))
    return with_type(exp.Literal.number(text), dtype)


@node_rule(exp.Null)
def null(_: Translator, _node: exp.Expr, _scope: Scope) -> exp.Expr:
    """NULL."""
    return with_type(exp.null(), NULL)


@node_rule(exp.Boolean)
def boolean(_: Translator, node: exp.Expr, _scope: Scope) -> exp.Expr:
    """TRUE and FALSE."""
    return with_type(node.copy(), BOOL)


@node_rule(exp.Paren)
def paren(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """Parentheses."""
    translated = translator.translate(node.this, scope)
    parenthesized = with_type(exp.Paren(this=translated), type_of(translated))
    info(parenthesized).as_day, info(parenthesized).interval = info(translated).as_day, info(translated).interval
    return parenthesized


@node_rule(exp.Div)
def divide(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """DuckDB's / is never an integer division."""
    call = operands(translator, node, scope)
    if any(dtype in {INTERVAL, TEXT} for dtype in call.types):
        raise call.unsupported("Divide numbers.")
    floats = any(dtype and dtype.is_float for dtype in call.types)
    left = call.args[0] if floats else cast_to(translator, call.args[0], DOUBLE, node)
    right = call.args[1]
    if not floats or (type_of(right) or NULL).name == "decimal":
        right = cast_to(translator, right, DOUBLE, node) if not _is_double_ready(right) else right
    return call.build("_1 / _2", "_1 / _2", DOUBLE, left, right)


def _is_double_ready(part: exp.Expr) -> bool:
    """An integer divided by or into a DOUBLE becomes one on every engine."""
    dtype = type_of(part)
    return bool(dtype and (dtype.is_int or dtype.is_float))


@node_rule(exp.IntDiv)
def divide_integers(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """// of integers; of other numbers DuckDB's // is its /."""
    call = operands(translator, node, scope)
    if any(dtype and not dtype.is_int and dtype != NULL for dtype in call.types):
        raise call.unsupported("Write floor(a / b) or trunc(a / b).")
    return call.build("_1 div _2", "_1 / _2", common_type(call.types))


@node_rule(exp.Mod)
def modulo(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """%; the sign is that of the left side on every engine."""
    call = operands(translator, node, scope)
    return call.build("_1 % _2", "_1 % _2", common_type(call.types))


@node_rule(exp.Mul)
def multiply(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """A product of numbers, or of an interval and a number."""
    call = operands(translator, node, scope)
    for interval, times in (call.args, call.args[::-1]):
        if (found := info(interval).interval) is not None:
            count, unit = found
            return interval_of(call, call.build("_1 * _2", "_1 * _2", BIGINT, count, times), unit)
    dtype = _product_type(call)
    wide = any(
        isinstance(part.unnest(), exp.Column | exp.Cast | exp.Literal) and type_of(part) == BIGINT for part in call.args
    )
    # Spark's year() and the like are narrower than DuckDB's, so that their product would not fit.
    return call.build("_1 * _2" if wide or dtype != BIGINT else "CAST(_1 AS BIGINT) * _2", "_1 * _2", dtype)


def _product_type(call: Call) -> SqlType | None:
    one, other = call.types
    if (
        one
        and other
        and "decimal" in {one.name, other.name}
        and not one.is_float
        and not other.is_float
        and one.is_number
        and other.is_number
    ):
        (width, scale), (width2, scale2) = digits(one), digits(other)
        if width + width2 > 38 and scale + scale2 > 0 and "decimal" in {one.name} & {other.name}:
            raise call.unsupported("Cast one side to DOUBLE, or both to DECIMALs that have 38 digits together.")
        return decimal(width + width2, scale + scale2)
    return common_type(call.types)


@node_rule(exp.Pow)
def power(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """The operators ** and ^."""
    return operands(translator, node, scope).build("pow(_1, _2)", "pow(_1, _2)", DOUBLE)


@node_rule(exp.Neg)
def negative(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """The negative of a number or interval."""
    translated = translator.translate(node.this, scope)
    if (found := info(translated).interval) is not None:
        count, unit = found
        call = _call(translator, node, scope, count)
        return interval_of(call, call.build("- _1", "- _1", BIGINT), unit)
    return translator.build("- _1", type_of(translated), translated)


@node_rule(exp.Add, exp.Sub)
def add(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """Numbers, days and times."""
    call = operands(translator, node, scope)
    left, right = call.args
    sign = "+" if isinstance(node, exp.Add) else "-"
    if info(left).interval is not None and sign == "+":
        left, right = right, left
    if info(right).interval is not None:
        return _add_interval(call, left, right, sign)
    one, other = type_of(left), type_of(right)
    if other == DATE and sign == "+" and one != DATE:
        left, right, one, other = right, left, other, one
    if one == DATE:
        return _add_days(call, left, right, sign)
    if any(
        dtype and (dtype.name in {"timestamp", "timestamptz", "interval", "text", "date"}) for dtype in (one, other)
    ):
        raise call.unsupported("Write date_diff('day', a, b), a + INTERVAL 1 DAY, or CAST(x AS DATE).")
    return call.build(f"_1 {sign} _2", f"_1 {sign} _2", _sum_type(one, other))


def _sum_type(one: SqlType | None, other: SqlType | None) -> SqlType | None:
    dtype = common_type((one, other))
    return decimal(dtype.size[0] + 1, dtype.size[1]) if dtype and dtype.name == "decimal" else dtype


def _add_days(call: Call, left: exp.Expr, right: exp.Expr, sign: str) -> exp.Expr:
    """DATE + n, DATE - n, DATE - DATE."""
    other = type_of(right)
    if sign == "-" and other == DATE:
        return call.build("datediff(_1, _2)", "date_diff('day', _2, _1)", BIGINT, left, right)
    if other is None or not other.is_int:
        raise call.unsupported(
            "Write CAST(x AS DATE) or CAST(x AS BIGINT), so that it is clear which of the two it is."
        )
    count = right if sign == "+" else call.translator.build("- _1", other, right)
    return call.build(
        "date_add(_1, CAST(_2 AS INT))" if int_value(count) is None else "date_add(_1, _2)",
        "date_add('day', _2, _1)",
        DATE,
        left,
        count,
    )


def _add_interval(call: Call, left: exp.Expr, interval: exp.Expr, sign: str) -> exp.Expr:
    """A day or time plus or minus an interval: a TIMESTAMP, whose info also has the DATE where it is one."""
    count, unit = info(interval).interval or (interval, "")
    dtype = type_of(left)
    if dtype == TEXT or (dtype and not dtype.is_time and dtype != NULL):
        raise call.unsupported("Write CAST(x AS DATE) + INTERVAL 1 DAY.")
    if dtype in {TIMESTAMP, TIMESTAMPTZ} or unit in {"hour", "minute", "second"}:
        timestamp = left if dtype == TIMESTAMPTZ else cast_to(call.translator, left, TIMESTAMP, call.node)
        text = f"_1 {sign} {_interval_text(count, unit)}"
        return call.build(text, text, dtype if dtype == TIMESTAMPTZ else TIMESTAMP, timestamp, count)
    as_day = _shift_date(
        call, left if dtype == DATE else cast_to(call.translator, left, DATE, call.node), count, unit, sign
    )
    if dtype is None:
        text = f"_1 {sign} {_interval_text(count, unit)}"
        full = call.build(text, text, TIMESTAMP, cast_to(call.translator, left, TIMESTAMP, call.node), count)
    else:
        full = cast_to(call.translator, as_day, TIMESTAMP, call.node)
    info(full).as_day = as_day
    return full


def _interval_text(count: exp.Expr, unit: str) -> str:
    number = int_value(count)
    return (
        f"INTERVAL '{number}' {unit.upper()}"
        if number is not None and number >= 0
        else f"_2 * INTERVAL '1' {unit.upper()}"
    )


def _shift_date(call: Call, left: exp.Expr, count: exp.Expr, unit: str, sign: str) -> exp.Expr:
    number = int_value(count)
    if number is not None and number >= 0:
        text = f"_1 {sign} INTERVAL '{number}' {unit.upper()}"
        return call.build(text, text, DATE, left)
    amount = "_2" if sign == "+" else "(- _2)"
    trino = f"date_add('{unit}', {amount}, _1)"
    if unit == "day":
        return call.build(f"date_add(_1, CAST({amount} AS INT))", trino, DATE, left, count)
    months = amount if unit == "month" else f"12 * {amount}"
    return call.build(f"add_months(_1, CAST({months} AS INT))", trino, DATE, left, count)


@node_rule(exp.Interval)
def interval(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """INTERVAL 7 DAY, INTERVAL '7' DAY, INTERVAL (n) DAY, INTERVAL '7 days'."""
    count, unit = node.this, node.args.get("unit")
    words = (string_value(count) or "").split()
    if unit is None and len(words) == 2:
        unit = exp.Var(this=words[1])
    name = unit.name.lower().removesuffix("s") if isinstance(unit, exp.Var) else ""
    if name not in {"year", "quarter", "month", "week", "day", "hour", "minute", "second"}:
        raise translator.unsupported(node, "Write one unit, as INTERVAL 7 DAY.")
    if words:
        if not words[0].lstrip("-").isdigit():
            raise translator.unsupported(node, "Write a whole number of one unit, as INTERVAL 7 DAY.")
        translated = _number(int(words[0]))
    else:
        translated = translator.translate(count, scope)
        translated = translated.this if isinstance(translated, exp.Paren) else translated
    return interval_of(_call(translator, node, scope, translated), translated, name)


def _number(value: int) -> exp.Expr:
    digit = with_type(exp.Literal.number(abs(value)), INTEGER)
    return digit if value >= 0 else with_type(exp.Neg(this=digit), INTEGER)


@node_rule(exp.DPipe)
def concatenate(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """|| of texts, NULL where one of them is NULL, or of lists."""
    call = operands(translator, node, scope)
    if any(dtype and dtype.name == "list" for dtype in call.types):
        return call.translator.translate_call("list_concat", call)
    one, other = (cast_to(translator, part, TEXT, node) for part in call.args)
    return call.build("_1 || _2", "_1 || _2", TEXT, one, other)


@node_rule(exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseNot)
def bits(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """&, | and ~."""
    if isinstance(node, exp.BitwiseNot):
        translated = translator.translate(node.this, scope)
        return _call(translator, node, scope, translated).build("~_1", "bitwise_not(_1)", type_of(translated))
    call = operands(translator, node, scope)
    sign, name = ("&", "bitwise_and") if isinstance(node, exp.BitwiseAnd) else ("|", "bitwise_or")
    return call.build(f"_1 {sign} _2", f"{name}(_1, _2)", common_type(call.types))


@node_rule(exp.BitwiseLeftShift)
def shift_left(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """<<; where DuckDB fails because a bit is lost, the engines lose it."""
    call = operands(translator, node, scope)
    trino = (
        "bitwise_left_shift(_1, _2)"
        if int_value(call.args[1]) is not None
        else "bitwise_left_shift(_1, CAST(_2 AS INTEGER))"
    )
    return call.build("shiftleft(_1, CAST(_2 AS INT))", trino, call.types[0])


@node_rule(exp.BitwiseRightShift)
def shift_right(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """>>; a shift by more than the number's width gives 0 in DuckDB, while the engines wrap around."""
    call = operands(translator, node, scope)
    dtype, count = call.types[0], int_value(call.args[1])
    plain = "shiftright(_1, CAST(_2 AS INT))", "bitwise_right_shift_arithmetic(_1, CAST(_2 AS INTEGER))"
    if count is not None and 0 <= count < 32:
        return call.build(plain[0], "bitwise_right_shift_arithmetic(_1, _2)", dtype)
    width = {"bigint": 63, "integer": 31}.get(dtype.name if dtype else "")
    if width is None:
        raise call.unsupported("Write CAST(x AS BIGINT) >> n.")
    kept = "CASE WHEN _2 BETWEEN 0 AND {} THEN {} WHEN _2 IS NOT NULL AND _1 IS NOT NULL THEN 0 END"
    return call.build(kept.format(width, plain[0]), kept.format(width, plain[1]), dtype)
