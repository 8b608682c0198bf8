"""Functions of days and times, intervals, and the formats of strftime and strptime."""

from __future__ import annotations

import re

from sqlglot import exp

from drawloom.sql.translate.casts import cast_to
from drawloom.sql.translate.expressions import function_call, info, string_value, type_of
from drawloom.sql.translate.scope import Scope
from drawloom.sql.translate.translator import (
    Call,
    Translator,
    function_rule,
    node_rule,
    template_rule,
    unsupported_functions,
)
from drawloom.sql.translate.types import BIGINT, DATE, DOUBLE, INTERVAL, TEXT, TIMESTAMP, TIMESTAMPTZ, SqlType, known

_DATE_PARTS = {
    "year": ("year(_1)", "year(_1)"),
    "month": ("month(_1)", "month(_1)"),
    "day": ("day(_1)", "day(_1)"),
    "quarter": ("quarter(_1)", "quarter(_1)"),
    "hour": ("hour(_1)", "hour(_1)"),
    "minute": ("minute(_1)", "minute(_1)"),
    "second": ("second(_1)", "second(_1)"),
    "week": ("weekofyear(_1)", "week(_1)"),
    "isoyear": ("EXTRACT(YEAROFWEEK FROM _1)", "year_of_week(_1)"),
    "yearweek": ("EXTRACT(YEAROFWEEK FROM _1) * 100 + weekofyear(_1)", "year_of_week(_1) * 100 + week(_1)"),
    "dayofyear": ("dayofyear(_1)", "day_of_year(_1)"),
    "dayofweek": ("(weekday(_1) + 1) % 7", "day_of_week(_1) % 7"),
    "isodow": ("weekday(_1) + 1", "day_of_week(_1)"),
}
_UNIT_ALIASES = {
    "years": "year", "yr": "year", "y": "year", "months": "month", "mon": "month", "days": "day", "dayofmonth": "day",
    "d": "day", "dow": "dayofweek", "weekday": "dayofweek", "doy": "dayofyear", "weeks": "week", "weekofyear": "week",
    "w": "week", "quarters": "quarter", "hours": "hour", "hr": "hour", "h": "hour", "minutes": "minute", "min": "minute",
    "m": "minute", "seconds": "second", "sec": "second", "s": "second", "yearofweek": "isoyear",
}  # fmt: skip
_FIX = "Write it with year, month, week, day, dow, isodow, hour, minute, second or epoch."


def to_time(call: Call, part: exp.Expr) -> exp.Expr:
    """A day or time; a text becomes a DATE or a TIMESTAMP, as in DuckDB."""
    if type_of(part) == TEXT:
        return cast_to(call.translator, part, TIMESTAMP if len(string_value(part) or "") > 10 else DATE, call.node)
    return part


def to_date(call: Call, part: exp.Expr) -> exp.Expr:
    """A day or time as DATE."""
    return cast_to(call.translator, part, DATE, call.node)


@function_rule("year", "month", "day", "dayofmonth", "quarter", "hour", "minute", "second", "week", "weekofyear", "isoyear",
      "yearweek", "dayofyear", "dayofweek", "weekday", "isodow")  # fmt: skip
def date_part_function(call: Call) -> exp.Expr:
    """A part of a day or time, as a number."""
    return _extract_part(call, call.name, call.args[0])


@function_rule("date_part", "datepart", min_args=2)
def date_part(call: Call) -> exp.Expr:
    """date_part('year', d)."""
    name = string_value(call.args[0])
    if name is None:
        raise call.unsupported("Name the part by a text, as date_part('year', d).")
    return _extract_part(call, name, call.args[1])


@node_rule(exp.Extract)
def extract(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """EXTRACT(part FROM x)."""
    translated = translator.translate(node.expression, scope)
    return _extract_part(Call("extract", node, (translated,), translator, scope), node.this.name, translated)


def _extract_part(call: Call, name: str, part: exp.Expr) -> exp.Expr:
    name = _UNIT_ALIASES.get(name.lower(), name.lower())
    if name in {"epoch", "epoch_ms", "epoch_us"}:
        return _epoch(call, name, part)
    if name not in _DATE_PARTS:
        raise call.unsupported(_FIX)
    part = to_time(call, part)
    if name in {"hour", "minute", "second"} and type_of(part) == DATE:
        part = cast_to(call.translator, part, TIMESTAMP, call.node)
    return call.build(*_DATE_PARTS[name], BIGINT, part)


@function_rule("epoch", "epoch_us", "epoch_ms")
def epoch(call: Call) -> exp.Expr:
    """Seconds, milliseconds or microseconds since 1970."""
    return _epoch(call, call.name, call.args[0])


def _epoch(call: Call, name: str, part: exp.Expr) -> exp.Expr:
    dtype = type_of(part)
    if name == "epoch_ms" and (dtype is None or dtype.is_int):
        raise call.unsupported(
            "Write CAST(epoch(x) * 1000 AS BIGINT), or TIMESTAMP '1970-01-01 00:00:00' + to_seconds(n / 1000)."
        )
    if dtype != TIMESTAMPTZ:
        part = cast_to(call.translator, part, TIMESTAMP, call.node)
    start = "CAST('1970-01-01 00:00:00' AS TIMESTAMP_NTZ)"
    micros = "unix_micros(_1)" if dtype == TIMESTAMPTZ else f"timestampdiff(MICROSECOND, {start}, _1)"
    if name == "epoch":
        return call.build(f"{micros} / 1e6", "to_unixtime(_1)", DOUBLE, part)
    if name == "epoch_us":
        return call.build(micros, "CAST(round(to_unixtime(_1) * 1e6) AS BIGINT)", BIGINT, part)
    return call.build(
        f"floor({micros} / 1000)", "CAST(floor(round(to_unixtime(_1) * 1e6) / 1e3) AS BIGINT)", BIGINT, part
    )


@function_rule("date_trunc", "datetrunc", min_args=2)
def date_trunc(call: Call) -> exp.Expr:
    """The start of the year, quarter, month, week, day, hour, minute or second, as a TIMESTAMP."""
    unit = _unit(call, call.args[0])
    part = to_time(call, call.args[1])
    dtype = type_of(part)
    if unit in {"hour", "minute", "second"}:
        part = part if dtype == TIMESTAMPTZ else cast_to(call.translator, part, TIMESTAMP, call.node)
        return _truncated_time(call, f"date_trunc('{unit}', _1)", part, dtype)
    as_day = _day_start(call, unit, to_date(call, part))
    if dtype == TIMESTAMPTZ:
        return _truncated_time(call, f"date_trunc('{unit}', _1)", part, dtype)
    full = cast_to(call.translator, as_day, TIMESTAMP, call.node)
    info(full).as_day = as_day
    return full


def _truncated_time(call: Call, text: str, part: exp.Expr, dtype: SqlType | None) -> exp.Expr:
    tz = dtype == TIMESTAMPTZ
    return call.build(text if tz else f"CAST({text} AS TIMESTAMP_NTZ)", text, TIMESTAMPTZ if tz else TIMESTAMP, part)


def _day_start(call: Call, unit: str, part: exp.Expr) -> exp.Expr:
    if unit == "day":
        return part
    return call.build(f"trunc(_1, '{unit.upper()}')", f"date_trunc('{unit}', _1)", DATE, part)


_UNITS = ("year", "quarter", "month", "week", "day", "hour", "minute", "second")


def _unit(call: Call, node: exp.Expr) -> str:
    name = (string_value(node) or "").lower()
    name = _UNIT_ALIASES.get(name, name)
    if name not in _UNITS:
        raise call.unsupported(f"Name the unit by a text, one of {', '.join(_UNITS)}.")
    return name


@function_rule("date_diff", "datediff", min_args=3)
def date_diff(call: Call) -> exp.Expr:
    """How many starts of a unit lie between two times; weeks are 7 whole days."""
    unit, start, end = _unit(call, call.args[0]), to_time(call, call.args[1]), to_time(call, call.args[2])
    if unit in {"hour", "minute", "second"}:
        parts = (cast_to(call.translator, each, TIMESTAMP, call.node) for each in (start, end))
        spark = f"timestampdiff({unit.upper()}, date_trunc('{unit}', _1), date_trunc('{unit}', _2))"
        return call.build(
            spark, f"date_diff('{unit}', date_trunc('{unit}', _1), date_trunc('{unit}', _2))", BIGINT, *parts
        )
    if unit in {"day", "week"}:
        each = "" if unit == "day" else " div 7", "" if unit == "day" else " / 7"
        days = f"datediff(_2, _1){each[0]}", f"date_diff('day', _1, _2){each[1]}"
        return call.build(*days, BIGINT, to_date(call, start), to_date(call, end))
    if unit == "year":
        return call.build("year(_2) - year(_1)", "year(_2) - year(_1)", BIGINT, start, end)
    name, multiple = ("quarter", 4) if unit == "quarter" else ("month", 12)
    text = f"(year(_2) - year(_1)) * {multiple} + {name}(_2) - {name}(_1)"
    return call.build(text, text, BIGINT, start, end)


@function_rule("date_sub", "datesub", min_args=3)
def date_sub(call: Call) -> exp.Expr:
    """How many whole units lie between two times."""
    unit = _unit(call, call.args[0])
    if unit in {"year", "quarter", "month"}:
        raise call.unsupported("Write date_diff, which counts the months or years that begin in between.")
    parts = (cast_to(call.translator, to_time(call, each), TIMESTAMP, call.node) for each in call.args[1:])
    return call.build(f"timestampdiff({unit.upper()}, _1, _2)", f"date_diff('{unit}', _1, _2)", BIGINT, *parts)


template_rule("last_day", 1, DATE, "last_day(_1)", "last_day_of_month(_1)")
template_rule("dayname", 1, TEXT, "date_format(_1, 'EEEE')", "date_format(_1, '%W')")
template_rule("monthname", 1, TEXT, "date_format(_1, 'MMMM')", "date_format(_1, '%M')")
template_rule("now get_current_timestamp transaction_timestamp", 0, TIMESTAMPTZ, "now()", "now()")
template_rule("today", 0, DATE, "current_date()", "CAST(now() AS DATE)")
template_rule("to_timestamp", 1, TIMESTAMPTZ, "timestamp_seconds(_1)", "from_unixtime(_1)")
unsupported_functions("age", "Write date_diff('day', a, b).")
unsupported_functions("make_timestamp time_bucket", "Write date_trunc, or a CAST of a text to TIMESTAMP.")


@function_rule("make_date", min_args=3)
def make_date(call: Call) -> exp.Expr:
    """A DATE from year, month and day of the month."""
    trino = (
        "date_add('day', _3 - 1, date_add('month', _2 - 1, date_add('year', _1 - 1970, CAST('1970-01-01' AS DATE))))"
    )
    return call.build("make_date(_1, _2, _3)", trino, DATE)


@function_rule("to_days", "to_weeks", "to_months", "to_quarters", "to_years", "to_hours", "to_minutes", "to_seconds")
def to_interval(call: Call) -> exp.Expr:
    """An INTERVAL of a number of units."""
    return interval_of(call, call.args[0], call.name[3:-1])


def interval_of(call: Call, count: exp.Expr, unit: str) -> exp.Expr:
    """An interval, with its count and unit in its info for the arithmetic of days."""
    multiple = {"week": ("day", 7), "quarter": ("month", 3)}.get(unit)
    if multiple:
        unit = multiple[0]
        count = call.build(f"_1 * {multiple[1]}", f"_1 * {multiple[1]}", type_of(count), count)
    made = call.build(f"_1 * INTERVAL '1' {unit.upper()}", f"_1 * INTERVAL '1' {unit.upper()}", INTERVAL, count)
    info(made).interval = (count, unit)
    return made


@node_rule(exp.CurrentDate, exp.CurrentTimestamp)
def current_date_or_time(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """CURRENT_DATE and CURRENT_TIMESTAMP."""
    call = Call("current", node, (), translator, scope)
    if isinstance(node, exp.CurrentDate):
        return call.build("current_date()", "CAST(now() AS DATE)", DATE, exp.null())
    return call.build("now()", "now()", TIMESTAMPTZ, exp.null())


@node_rule(exp.AtTimeZone)
def at_time_zone(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """AT TIME ZONE makes a TIMESTAMPTZ of a TIMESTAMP, and the other way round."""
    translated, zone = translator.translate(node.this, scope), translator.translate(node.args["zone"], scope)
    call = Call("at time zone", node, (translated, zone), translator, scope)
    dtype = known(type_of(translated))
    if dtype is None or string_value(zone) is None:
        raise call.unsupported("Write CAST(x AS TIMESTAMP) or CAST(x AS TIMESTAMPTZ), and the zone as a text.")
    if dtype == TIMESTAMPTZ:
        return call.build(
            "CAST(from_utc_timestamp(_1, _2) AS TIMESTAMP_NTZ)", "CAST(_1 AT TIME ZONE _2 AS TIMESTAMP(6))", TIMESTAMP
        )
    translated = cast_to(translator, translated, TIMESTAMP, node)
    return call.build(
        "to_utc_timestamp(CAST(_1 AS TIMESTAMP_LTZ), _2)", "with_timezone(_1, _2)", TIMESTAMPTZ, translated, zone
    )


_FORMAT_PIECES = re.compile(r"%-?[A-Za-z%]|[^%]+|%")
_SPARK_FORMATS = {
    "%Y": "yyyy", "%m": "MM", "%d": "dd", "%H": "HH", "%M": "mm", "%S": "ss", "%j": "DDD", "%y": "yy", "%a": "EEE",
    "%A": "EEEE", "%b": "MMM", "%B": "MMMM", "%p": "a", "%I": "hh", "%f": "SSSSSS", "%g": "SSS", "%-d": "d",
    "%-m": "M", "%-H": "H", "%-I": "h", "%-j": "D",
}  # fmt: skip
_TRINO_FORMATS = {
    "%Y": "%Y", "%m": "%m", "%d": "%d", "%H": "%H", "%M": "%i", "%S": "%s", "%j": "%j", "%y": "%y", "%a": "%a",
    "%A": "%W", "%b": "%b", "%B": "%M", "%p": "%p", "%I": "%I", "%f": "%f", "%-d": "%e", "%-m": "%c", "%-H": "%k",
    "%-I": "%l",
}  # fmt: skip
_COMPUTED = {
    "%u": ("CAST(weekday(_1) + 1 AS STRING)", "CAST(day_of_week(_1) AS VARCHAR)"),
    "%w": ("CAST((weekday(_1) + 1) % 7 AS STRING)", "CAST(day_of_week(_1) % 7 AS VARCHAR)"),
    "%G": ("CAST(EXTRACT(YEAROFWEEK FROM _1) AS STRING)", "CAST(year_of_week(_1) AS VARCHAR)"),
    "%V": ("lpad(CAST(weekofyear(_1) AS STRING), 2, '0')", "lpad(CAST(week(_1) AS VARCHAR), 2, '0')"),
}
_PARSE_FORMATS = {
    "%Y": ("yyyy", "%Y"),
    "%m": ("M", "%m"),
    "%d": ("d", "%d"),
    "%H": ("H", "%H"),
    "%M": ("m", "%i"),
    "%S": ("s", "%s"),
}
_FORMAT_FIX = "Write the format as a text, of %Y %m %d %H %M %S %j %y %a %A %b %B %p %I %f %u %w %G %V and %%."
_PARSE_FIX = "Write the format as a text, of %Y %m %d %H %M %S, and take apart the rest with regexp_extract."


@function_rule("strftime", min_args=2)
def strftime(call: Call) -> exp.Expr:
    """A day or time as text; DuckDB takes the format as either argument."""
    value, fmt = call.args if string_value(call.args[0]) is None else reversed(call.args)
    text = string_value(fmt)
    if text is None:
        raise call.unsupported(_FORMAT_FIX)
    value = to_time(call, value)
    pieces = [_format_piece(call, group, value) for group in _format_groups(call, text)]
    return pieces[0] if len(pieces) == 1 else function_call("concat", *pieces, dtype=TEXT)


def _format_groups(call: Call, text: str) -> list[list[str]]:
    """The pieces of the format, split where one of them needs a function of its own."""
    groups: list[list[str]] = [[]]
    for piece in _FORMAT_PIECES.findall(text):
        if piece in _COMPUTED:
            groups += [[piece], []]
        elif piece[0] == "%" and piece != "%%" and piece not in (_SPARK_FORMATS if call.is_spark else _TRINO_FORMATS):
            raise call.unsupported(_FORMAT_FIX)
        else:
            groups[-1].append(piece)
    return [group for group in groups if group] or [[""]]


def _format_piece(call: Call, group: list[str], value: exp.Expr) -> exp.Expr:
    if group[0] in _COMPUTED:
        return call.build(*_COMPUTED[group[0]], TEXT, value)
    fmt = exp.Literal.string(_spark_format(group, _SPARK_FORMATS) if call.is_spark else _trino_format(group))
    return call.build("date_format(_1, _2)", "date_format(_1, _2)", TEXT, value, fmt)


def _spark_format(pieces: list[str], formats: dict[str, str]) -> str:
    """A Java format; letters that are no specifiers are quoted."""
    return "".join(formats[piece] if piece in formats else _quote_letters(piece.replace("%%", "%")) for piece in pieces)


def _quote_letters(text: str) -> str:
    return "'" + text.replace("'", "''") + "'" if re.search(r"[A-Za-z'\[\]{}#]", text) else text


def _trino_format(pieces: list[str]) -> str:
    """A MySQL format."""
    return "".join(_TRINO_FORMATS.get(piece, piece) for piece in pieces)


@function_rule("strptime", "try_strptime", min_args=2)
def strptime(call: Call) -> exp.Expr:
    """A text of a format as TIMESTAMP; try_strptime gives NULL where the text has another format."""
    fmt = string_value(call.args[1])
    pieces = _FORMAT_PIECES.findall(fmt or "")
    if not pieces or any(piece[0] == "%" and piece not in _PARSE_FORMATS for piece in pieces):
        raise call.unsupported(_PARSE_FIX)
    text = cast_to(call.translator, call.args[0], TEXT, call.node)
    if call.is_spark:
        given = exp.Literal.string(_spark_parse_format(pieces))
        tried = "CAST(try_to_timestamp(_1, _2) AS TIMESTAMP_NTZ)"
        return call.build("to_timestamp_ntz(_1, _2)" if call.name == "strptime" else tried, "", TIMESTAMP, text, given)
    given = exp.Literal.string("".join(_PARSE_FORMATS[piece][1] if piece[0] == "%" else piece for piece in pieces))
    parsed = "CAST(date_parse(_1, _2) AS TIMESTAMP(6))"
    return call.build("", parsed if call.name == "strptime" else f"TRY({parsed})", TIMESTAMP, text, given)


def _spark_parse_format(pieces: list[str]) -> str:
    """One digit is enough where there is a separator between numbers; else there must be two."""
    fmt = ""
    for index, piece in enumerate(pieces):
        is_separated = not any(0 <= near < len(pieces) and pieces[near][0] == "%" for near in (index - 1, index + 1))
        letter = _PARSE_FORMATS[piece][0] if piece[0] == "%" else _quote_letters(piece)
        fmt += letter if piece[0] != "%" or is_separated or piece == "%Y" else letter * 2
    return fmt
