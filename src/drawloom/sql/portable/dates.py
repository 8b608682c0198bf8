"""Functions of days and times."""

from __future__ import annotations

from sqlglot import exp

from drawloom.sql.portable.casts import cast_to
from drawloom.sql.portable.kinds import BIGINT, DATE, DOUBLE, INTERVAL, TEXT, TIMESTAMP, TIMESTAMPTZ, Kind, known
from drawloom.sql.portable.nodes import kind_of, notes, text_of
from drawloom.sql.portable.registry import Call, refuses, says, simple
from drawloom.sql.portable.scope import Scope
from drawloom.sql.portable.speaker import Speaker, node_rule

_PARTS = {
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
_SAME = {
    "years": "year", "yr": "year", "y": "year", "months": "month", "mon": "month", "days": "day", "dayofmonth": "day",
    "d": "day", "dow": "dayofweek", "weekday": "dayofweek", "doy": "dayofyear", "weeks": "week", "weekofyear": "week",
    "w": "week", "quarters": "quarter", "hours": "hour", "hr": "hour", "h": "hour", "minutes": "minute", "min": "minute",
    "m": "minute", "seconds": "second", "sec": "second", "s": "second", "yearofweek": "isoyear",
}  # fmt: skip
_WAY = "Write it with year, month, week, day, dow, isodow, hour, minute, second or epoch."


def moment(call: Call, part: exp.Expr) -> exp.Expr:
    """A day or time; a text as DuckDB reads it there."""
    if kind_of(part) == TEXT:
        return cast_to(call.speaker, part, TIMESTAMP if len(text_of(part) or "") > 10 else DATE, call.node)
    return part


def day(call: Call, part: exp.Expr) -> exp.Expr:
    """The day of a day or time."""
    return cast_to(call.speaker, part, DATE, call.node)


@says("year", "month", "day", "dayofmonth", "quarter", "hour", "minute", "second", "week", "weekofyear", "isoyear",
      "yearweek", "dayofyear", "dayofweek", "weekday", "isodow")  # fmt: skip
def part_of(call: Call) -> exp.Expr:
    """A part of a day or time, as a number."""
    return _part(call, call.name, call.parts[0])


@says("date_part", "datepart", least=2)
def date_part(call: Call) -> exp.Expr:
    """The part is named by a text."""
    name = text_of(call.parts[0])
    if name is None:
        raise call.refuse("Name the part by a text, as date_part('year', d).")
    return _part(call, name, call.parts[1])


@node_rule(exp.Extract)
def extract(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """EXTRACT(part FROM x)."""
    said = speaker.say(node.expression, scope)
    return _part(Call("extract", node, (said,), speaker, scope), node.this.name, said)


def _part(call: Call, name: str, part: exp.Expr) -> exp.Expr:
    name = _SAME.get(name.lower(), name.lower())
    if name in {"epoch", "epoch_ms", "epoch_us"}:
        return _epoch(call, name, part)
    if name not in _PARTS:
        raise call.refuse(_WAY)
    part = moment(call, part)
    if name in {"hour", "minute", "second"} and kind_of(part) == DATE:
        part = cast_to(call.speaker, part, TIMESTAMP, call.node)
    return call.say(*_PARTS[name], BIGINT, part)


@says("epoch", "epoch_us", "epoch_ms")
def epoch(call: Call) -> exp.Expr:
    """Seconds, milliseconds or microseconds since 1970."""
    return _epoch(call, call.name, call.parts[0])


def _epoch(call: Call, name: str, part: exp.Expr) -> exp.Expr:
    kind = kind_of(part)
    if name == "epoch_ms" and (kind is None or kind.is_int):
        raise call.refuse(
            "Write CAST(epoch(x) * 1000 AS BIGINT), or TIMESTAMP '1970-01-01 00:00:00' + to_seconds(n / 1000)."
        )
    if kind != TIMESTAMPTZ:
        part = cast_to(call.speaker, part, TIMESTAMP, call.node)
    start = "CAST('1970-01-01 00:00:00' AS TIMESTAMP_NTZ)"
    micros = "unix_micros(_1)" if kind == TIMESTAMPTZ else f"timestampdiff(MICROSECOND, {start}, _1)"
    if name == "epoch":
        return call.say(f"{micros} / 1e6", "to_unixtime(_1)", DOUBLE, part)
    if name == "epoch_us":
        return call.say(micros, "CAST(round(to_unixtime(_1) * 1e6) AS BIGINT)", BIGINT, part)
    return call.say(
        f"floor({micros} / 1000)", "CAST(floor(round(to_unixtime(_1) * 1e6) / 1e3) AS BIGINT)", BIGINT, part
    )


@says("date_trunc", "datetrunc", least=2)
def date_trunc(call: Call) -> exp.Expr:
    """The start of the year, quarter, month, week, day, hour, minute or second, as a TIMESTAMP."""
    unit = _unit(call, call.parts[0])
    part = moment(call, call.parts[1])
    kind = kind_of(part)
    if unit in {"hour", "minute", "second"}:
        part = part if kind == TIMESTAMPTZ else cast_to(call.speaker, part, TIMESTAMP, call.node)
        return _back(call, f"date_trunc('{unit}', _1)", part, kind)
    as_day = _day_start(call, unit, day(call, part))
    if kind == TIMESTAMPTZ:
        return _back(call, f"date_trunc('{unit}', _1)", part, kind)
    full = cast_to(call.speaker, as_day, TIMESTAMP, call.node)
    notes(full).as_day = as_day
    return full


def _back(call: Call, text: str, part: exp.Expr, kind: Kind | None) -> exp.Expr:
    tz = kind == TIMESTAMPTZ
    return call.say(text if tz else f"CAST({text} AS TIMESTAMP_NTZ)", text, TIMESTAMPTZ if tz else TIMESTAMP, part)


def _day_start(call: Call, unit: str, part: exp.Expr) -> exp.Expr:
    if unit == "day":
        return part
    return call.say(f"trunc(_1, '{unit.upper()}')", f"date_trunc('{unit}', _1)", DATE, part)


_UNITS = ("year", "quarter", "month", "week", "day", "hour", "minute", "second")


def _unit(call: Call, node: exp.Expr) -> str:
    name = (text_of(node) or "").lower()
    name = _SAME.get(name, name)
    if name not in _UNITS:
        raise call.refuse(f"Name the unit by a text, one of {', '.join(_UNITS)}.")
    return name


@says("date_diff", "datediff", least=3)
def date_diff(call: Call) -> exp.Expr:
    """How many starts of a unit lie between two times; weeks are 7 whole days."""
    unit, start, end = _unit(call, call.parts[0]), moment(call, call.parts[1]), moment(call, call.parts[2])
    if unit in {"hour", "minute", "second"}:
        parts = (cast_to(call.speaker, each, TIMESTAMP, call.node) for each in (start, end))
        spark = f"timestampdiff({unit.upper()}, date_trunc('{unit}', _1), date_trunc('{unit}', _2))"
        return call.say(
            spark, f"date_diff('{unit}', date_trunc('{unit}', _1), date_trunc('{unit}', _2))", BIGINT, *parts
        )
    if unit in {"day", "week"}:
        each = "" if unit == "day" else " div 7", "" if unit == "day" else " / 7"
        days = f"datediff(_2, _1){each[0]}", f"date_diff('day', _1, _2){each[1]}"
        return call.say(*days, BIGINT, day(call, start), day(call, end))
    if unit == "year":
        return call.say("year(_2) - year(_1)", "year(_2) - year(_1)", BIGINT, start, end)
    name, many = ("quarter", 4) if unit == "quarter" else ("month", 12)
    text = f"(year(_2) - year(_1)) * {many} + {name}(_2) - {name}(_1)"
    return call.say(text, text, BIGINT, start, end)


@says("date_sub", "datesub", least=3)
def date_sub(call: Call) -> exp.Expr:
    """How many whole units lie between two times."""
    unit = _unit(call, call.parts[0])
    if unit in {"year", "quarter", "month"}:
        raise call.refuse("Write date_diff, which counts the months or years that begin in between.")
    parts = (cast_to(call.speaker, moment(call, each), TIMESTAMP, call.node) for each in call.parts[1:])
    return call.say(f"timestampdiff({unit.upper()}, _1, _2)", f"date_diff('{unit}', _1, _2)", BIGINT, *parts)


simple("last_day", 1, DATE, "last_day(_1)", "last_day_of_month(_1)")
simple("dayname", 1, TEXT, "date_format(_1, 'EEEE')", "date_format(_1, '%W')")
simple("monthname", 1, TEXT, "date_format(_1, 'MMMM')", "date_format(_1, '%M')")
simple("now get_current_timestamp transaction_timestamp", 0, TIMESTAMPTZ, "now()", "now()")
simple("today", 0, DATE, "current_date()", "CAST(now() AS DATE)")
simple("to_timestamp", 1, TIMESTAMPTZ, "timestamp_seconds(_1)", "from_unixtime(_1)")
refuses("age", "Write date_diff('day', a, b).")
refuses("make_timestamp time_bucket", "Write date_trunc, or a CAST of a text to TIMESTAMP.")


@says("make_date", least=3)
def make_date(call: Call) -> exp.Expr:
    """A day of its year, month and day of the month."""
    trino = (
        "date_add('day', _3 - 1, date_add('month', _2 - 1, date_add('year', _1 - 1970, CAST('1970-01-01' AS DATE))))"
    )
    return call.say("make_date(_1, _2, _3)", trino, DATE)


@says("to_days", "to_weeks", "to_months", "to_quarters", "to_years", "to_hours", "to_minutes", "to_seconds")
def to_interval(call: Call) -> exp.Expr:
    """An interval of so many units."""
    return interval_of(call, call.parts[0], call.name[3:-1])


def interval_of(call: Call, count: exp.Expr, unit: str) -> exp.Expr:
    """An interval, with its count and unit in its meta for the arithmetic of days."""
    many = {"week": ("day", 7), "quarter": ("month", 3)}.get(unit)
    if many:
        unit = many[0]
        count = call.say(f"_1 * {many[1]}", f"_1 * {many[1]}", kind_of(count), count)
    made = call.say(f"_1 * INTERVAL '1' {unit.upper()}", f"_1 * INTERVAL '1' {unit.upper()}", INTERVAL, count)
    notes(made).interval = (count, unit)
    return made


@node_rule(exp.CurrentDate, exp.CurrentTimestamp)
def current(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """CURRENT_DATE and CURRENT_TIMESTAMP."""
    call = Call("current", node, (), speaker, scope)
    if isinstance(node, exp.CurrentDate):
        return call.say("current_date()", "CAST(now() AS DATE)", DATE, exp.null())
    return call.say("now()", "now()", TIMESTAMPTZ, exp.null())


@node_rule(exp.AtTimeZone)
def at_time_zone(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """A TIMESTAMP in a zone is a point in time, a point in time in a zone a TIMESTAMP."""
    said, zone = speaker.say(node.this, scope), speaker.say(node.args["zone"], scope)
    call = Call("at time zone", node, (said, zone), speaker, scope)
    kind = known(kind_of(said))
    if kind is None or text_of(zone) is None:
        raise call.refuse("Write CAST(x AS TIMESTAMP) or CAST(x AS TIMESTAMPTZ), and the zone as a text.")
    if kind == TIMESTAMPTZ:
        return call.say(
            "CAST(from_utc_timestamp(_1, _2) AS TIMESTAMP_NTZ)", "CAST(_1 AT TIME ZONE _2 AS TIMESTAMP(6))", TIMESTAMP
        )
    said = cast_to(speaker, said, TIMESTAMP, node)
    return call.say("to_utc_timestamp(CAST(_1 AS TIMESTAMP_LTZ), _2)", "with_timezone(_1, _2)", TIMESTAMPTZ, said, zone)
