"""Operators, literals and the small expressions of SQL."""

from __future__ import annotations

from sqlglot import exp

from drawloom.sql.portable.casts import cast_to
from drawloom.sql.portable.dates import interval_of
from drawloom.sql.portable.kinds import (
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
    Kind,
    common,
    decimal,
    digits,
)  # fmt: skip
from drawloom.sql.portable.nodes import kind_of, made, notes, text_of, typed, whole
from drawloom.sql.portable.registry import Call
from drawloom.sql.portable.scope import Scope
from drawloom.sql.portable.speaker import Speaker, node_rule


def _call(speaker: Speaker, node: exp.Expr, scope: Scope, *parts: exp.Expr) -> Call:
    return Call(node.key, node, parts, speaker, scope)


def both(speaker: Speaker, node: exp.Expr, scope: Scope) -> Call:
    """The two sides of an operator, said."""
    return _call(speaker, node, scope, speaker.say(node.this, scope), speaker.say(node.expression, scope))


@node_rule(exp.Literal)
def literal(speaker: Speaker, node: exp.Expr, _scope: Scope) -> exp.Expr:
    """Numbers as wide as DuckDB takes them."""
    if node.is_string:
        return typed(exp.Literal.string(node.name), TEXT)
    text = node.name
    if "e" in text.lower():
        return typed(exp.Literal.number(text), DOUBLE)
    if not text.isdigit():
        before, _, after = text.partition(".")
        size = decimal(max(1, len(before.lstrip("0")) + len(after)), len(after))
        return typed(exp.Literal.number(text if before else f"0{text}"), size)
    number = int(text)
    kind = INTEGER if number < 2**31 else BIGINT if number < 2**63 else HUGEINT
    if kind == HUGEINT:
        return made(speaker.family, "CAST(_1 AS DECIMAL(38, 0))", HUGEINT, exp.Literal.string(text))
    return typed(exp.Literal.number(text), kind)


@node_rule(exp.Null)
def null(_: Speaker, _node: exp.Expr, _scope: Scope) -> exp.Expr:
    """NULL."""
    return typed(exp.null(), NULL)


@node_rule(exp.Boolean)
def boolean(_: Speaker, node: exp.Expr, _scope: Scope) -> exp.Expr:
    """TRUE and FALSE."""
    return typed(node.copy(), BOOL)


@node_rule(exp.Paren)
def paren(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """Brackets."""
    said = speaker.say(node.this, scope)
    shut = typed(exp.Paren(this=said), kind_of(said))
    notes(shut).as_day, notes(shut).interval = notes(said).as_day, notes(said).interval
    return shut


@node_rule(exp.Div)
def divide(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """DuckDB's / is never a division of whole numbers."""
    call = both(speaker, node, scope)
    if any(kind in {INTERVAL, TEXT} for kind in call.kinds):
        raise call.refuse("Divide numbers.")
    floats = any(kind and kind.is_float for kind in call.kinds)
    left = call.parts[0] if floats else cast_to(speaker, call.parts[0], DOUBLE, node)
    right = call.parts[1]
    if not floats or (kind_of(right) or NULL).name == "decimal":
        right = cast_to(speaker, right, DOUBLE, node) if not _is_double_ready(right) else right
    return call.say("_1 / _2", "_1 / _2", DOUBLE, left, right)


def _is_double_ready(part: exp.Expr) -> bool:
    """A whole number beside a DOUBLE becomes one on every engine."""
    kind = kind_of(part)
    return bool(kind and (kind.is_int or kind.is_float))


@node_rule(exp.IntDiv)
def divide_whole(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """Whole numbers only: DuckDB's // of others is its /."""
    call = both(speaker, node, scope)
    if any(kind and not kind.is_int and kind != NULL for kind in call.kinds):
        raise call.refuse("Write floor(a / b) or trunc(a / b).")
    return call.say("_1 div _2", "_1 / _2", common(call.kinds))


@node_rule(exp.Mod)
def modulo(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """The sign is that of the left side on every engine."""
    call = both(speaker, node, scope)
    return call.say("_1 % _2", "_1 % _2", common(call.kinds))


@node_rule(exp.Mul)
def multiply(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """Numbers, or an interval and how often."""
    call = both(speaker, node, scope)
    for interval, count in (call.parts, call.parts[::-1]):
        if (found := notes(interval).interval) is not None:
            many, unit = found
            return interval_of(call, call.say("_1 * _2", "_1 * _2", BIGINT, many, count), unit)
    kind = _product(call)
    wide = any(
        isinstance(part.unnest(), exp.Column | exp.Cast | exp.Literal) and kind_of(part) == BIGINT
        for part in call.parts
    )
    # Spark's year() and the like are narrower than DuckDB's, so that their product would not fit.
    return call.say("_1 * _2" if wide or kind != BIGINT else "CAST(_1 AS BIGINT) * _2", "_1 * _2", kind)


def _product(call: Call) -> Kind | None:
    one, other = call.kinds
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
            raise call.refuse("Cast one side to DOUBLE, or both to DECIMALs that have 38 digits together.")
        return decimal(width + width2, scale + scale2)
    return common(call.kinds)


@node_rule(exp.Pow)
def power(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """The operators ** and ^."""
    return both(speaker, node, scope).say("pow(_1, _2)", "pow(_1, _2)", DOUBLE)


@node_rule(exp.Neg)
def negative(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """The negative number."""
    said = speaker.say(node.this, scope)
    if (found := notes(said).interval) is not None:
        count, unit = found
        call = _call(speaker, node, scope, count)
        return interval_of(call, call.say("- _1", "- _1", BIGINT), unit)
    return made(speaker.family, "- _1", kind_of(said), said)


@node_rule(exp.Add, exp.Sub)
def add(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """Numbers, days and times."""
    call = both(speaker, node, scope)
    left, right = call.parts
    sign = "+" if isinstance(node, exp.Add) else "-"
    if notes(left).interval is not None and sign == "+":
        left, right = right, left
    if notes(right).interval is not None:
        return _shift(call, left, right, sign)
    one, other = kind_of(left), kind_of(right)
    if other == DATE and sign == "+" and one != DATE:
        left, right, one, other = right, left, other, one
    if one == DATE:
        return _days(call, left, right, sign)
    if any(kind and (kind.name in {"timestamp", "timestamptz", "interval", "text", "date"}) for kind in (one, other)):
        raise call.refuse("Write date_diff('day', a, b), a + INTERVAL 1 DAY, or CAST(x AS DATE).")
    return call.say(f"_1 {sign} _2", f"_1 {sign} _2", _sum(one, other))


def _sum(one: Kind | None, other: Kind | None) -> Kind | None:
    kind = common((one, other))
    return decimal(kind.size[0] + 1, kind.size[1]) if kind and kind.name == "decimal" else kind


def _days(call: Call, left: exp.Expr, right: exp.Expr, sign: str) -> exp.Expr:
    """DATE + n, DATE - n, DATE - DATE."""
    other = kind_of(right)
    if sign == "-" and other == DATE:
        return call.say("datediff(_1, _2)", "date_diff('day', _2, _1)", BIGINT, left, right)
    if other is None or not other.is_int:
        raise call.refuse("Write CAST(x AS DATE) or CAST(x AS BIGINT), so that it is clear which of the two it is.")
    count = right if sign == "+" else made(call.speaker.family, "- _1", other, right)
    return call.say(
        "date_add(_1, CAST(_2 AS INT))" if whole(count) is None else "date_add(_1, _2)",
        "date_add('day', _2, _1)",
        DATE,
        left,
        count,
    )


def _shift(call: Call, left: exp.Expr, interval: exp.Expr, sign: str) -> exp.Expr:
    """A day or time and an interval: a TIMESTAMP, which is kept as a day as well where it is one."""
    count, unit = notes(interval).interval or (interval, "")
    kind = kind_of(left)
    if kind == TEXT or (kind and not kind.is_time and kind != NULL):
        raise call.refuse("Write CAST(x AS DATE) + INTERVAL 1 DAY.")
    if kind in {TIMESTAMP, TIMESTAMPTZ} or unit in {"hour", "minute", "second"}:
        whole_time = left if kind == TIMESTAMPTZ else cast_to(call.speaker, left, TIMESTAMP, call.node)
        text = f"_1 {sign} {_step(count, unit)}"
        return call.say(text, text, kind if kind == TIMESTAMPTZ else TIMESTAMP, whole_time, count)
    as_day = _day_shift(call, left if kind == DATE else cast_to(call.speaker, left, DATE, call.node), count, unit, sign)
    if kind is None:
        text = f"_1 {sign} {_step(count, unit)}"
        full = call.say(text, text, TIMESTAMP, cast_to(call.speaker, left, TIMESTAMP, call.node), count)
    else:
        full = cast_to(call.speaker, as_day, TIMESTAMP, call.node)
    notes(full).as_day = as_day
    return full


def _step(count: exp.Expr, unit: str) -> str:
    number = whole(count)
    return (
        f"INTERVAL '{number}' {unit.upper()}"
        if number is not None and number >= 0
        else f"_2 * INTERVAL '1' {unit.upper()}"
    )


def _day_shift(call: Call, left: exp.Expr, count: exp.Expr, unit: str, sign: str) -> exp.Expr:
    number = whole(count)
    if number is not None and number >= 0:
        text = f"_1 {sign} INTERVAL '{number}' {unit.upper()}"
        return call.say(text, text, DATE, left)
    many = "_2" if sign == "+" else "(- _2)"
    trino = f"date_add('{unit}', {many}, _1)"
    if unit == "day":
        return call.say(f"date_add(_1, CAST({many} AS INT))", trino, DATE, left, count)
    months = many if unit == "month" else f"12 * {many}"
    return call.say(f"add_months(_1, CAST({months} AS INT))", trino, DATE, left, count)


@node_rule(exp.Interval)
def interval(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """INTERVAL 7 DAY, INTERVAL '7' DAY, INTERVAL (n) DAY, INTERVAL '7 days'."""
    count, unit = node.this, node.args.get("unit")
    words = (text_of(count) or "").split()
    if unit is None and len(words) == 2:
        unit = exp.Var(this=words[1])
    name = unit.name.lower().removesuffix("s") if isinstance(unit, exp.Var) else ""
    if name not in {"year", "quarter", "month", "week", "day", "hour", "minute", "second"}:
        raise speaker.refused(node, "Write one unit, as INTERVAL 7 DAY.")
    if words:
        if not words[0].lstrip("-").isdigit():
            raise speaker.refused(node, "Write a whole number of one unit, as INTERVAL 7 DAY.")
        said = _number(int(words[0]))
    else:
        said = speaker.say(count, scope)
        said = said.this if isinstance(said, exp.Paren) else said
    return interval_of(_call(speaker, node, scope, said), said, name)


def _number(value: int) -> exp.Expr:
    digit = typed(exp.Literal.number(abs(value)), INTEGER)
    return digit if value >= 0 else typed(exp.Neg(this=digit), INTEGER)


@node_rule(exp.DPipe)
def join_texts(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """Texts, NULL where one of them is; or lists."""
    call = both(speaker, node, scope)
    if any(kind and kind.name == "list" for kind in call.kinds):
        return call.speaker.say_call("list_concat", call)
    one, other = (cast_to(speaker, part, TEXT, node) for part in call.parts)
    return call.say("_1 || _2", "_1 || _2", TEXT, one, other)


@node_rule(exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseNot)
def bits(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """&, | and ~."""
    if isinstance(node, exp.BitwiseNot):
        said = speaker.say(node.this, scope)
        return _call(speaker, node, scope, said).say("~_1", "bitwise_not(_1)", kind_of(said))
    call = both(speaker, node, scope)
    sign, name = ("&", "bitwise_and") if isinstance(node, exp.BitwiseAnd) else ("|", "bitwise_or")
    return call.say(f"_1 {sign} _2", f"{name}(_1, _2)", common(call.kinds))


@node_rule(exp.BitwiseLeftShift)
def shift_left(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """DuckDB's fails where a bit falls off; the others' do not, so that only its good results count."""
    call = both(speaker, node, scope)
    trino = (
        "bitwise_left_shift(_1, _2)"
        if whole(call.parts[1]) is not None
        else "bitwise_left_shift(_1, CAST(_2 AS INTEGER))"
    )
    return call.say("shiftleft(_1, CAST(_2 AS INT))", trino, call.kinds[0])


@node_rule(exp.BitwiseRightShift)
def shift_right(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """Nothing is left of a number that is moved by all its bits; the others' begin again from 0."""
    call = both(speaker, node, scope)
    kind, count = call.kinds[0], whole(call.parts[1])
    plain = "shiftright(_1, CAST(_2 AS INT))", "bitwise_right_shift_arithmetic(_1, CAST(_2 AS INTEGER))"
    if count is not None and 0 <= count < 32:
        return call.say(plain[0], "bitwise_right_shift_arithmetic(_1, _2)", kind)
    width = {"bigint": 63, "integer": 31}.get(kind.name if kind else "")
    if width is None:
        raise call.refuse("Write CAST(x AS BIGINT) >> n.")
    kept = "CASE WHEN _2 BETWEEN 0 AND {} THEN {} WHEN _2 IS NOT NULL AND _1 IS NOT NULL THEN 0 END"
    return call.say(kept.format(width, plain[0]), kept.format(width, plain[1]), kind)


__all__ = ["both", "literal"]
