"""SQL functions and arithmetic on Python values, as all engines compute them; where engines disagree, they raise."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlglot import exp

from drawloom.model import days as calendar
from drawloom.sql.days.values import (
    UNKNOWN,
    Interval,
    PerProbe,
    Value,
    apply_per_probe,
    move,
    to_date,
    to_datetime,
    to_int,
    to_text,
)

UNITS = {
    **dict.fromkeys(("YEARS", "YYYY", "YY", "Y", "YR", "ISOYEAR"), "YEAR"),
    **dict.fromkeys(("QUARTERS", "Q", "QTR"), "QUARTER"),
    **dict.fromkeys(("MONTHS", "MM", "MON", "MONS"), "MONTH"),
    **dict.fromkeys(("WEEKS", "W", "WW", "WK", "ISOWEEK", "IW"), "WEEK"),
    **dict.fromkeys(("DAYS", "D", "DD", "DDD", "J"), "DAY"),
    **dict.fromkeys(("HOURS", "H", "HH", "HR"), "HOUR"),
    **dict.fromkeys(("MINUTES", "MI", "MIN"), "MINUTE"),
    **dict.fromkeys(("SECONDS", "S", "SS", "SEC"), "SECOND"),
}
KINDS = {
    **dict.fromkeys(("DATE", "DATE32"), "DATE"),
    **dict.fromkeys(("TIMESTAMP", "DATETIME", "TIMESTAMPNTZ", "TIMESTAMPTZ", "TIMESTAMPLTZ", "DATETIME2"), "TIMESTAMP"),
    **dict.fromkeys(("TEXT", "VARCHAR", "CHAR", "NVARCHAR", "NCHAR", "BPCHAR", "NAME"), "TEXT"),
    **dict.fromkeys(("INT", "BIGINT", "UINT", "UBIGINT", "INT128", "SMALLINT", "TINYINT", "MEDIUMINT"), "INT"),
}
INTERVALS = {
    "YEAR": Interval(12),
    "QUARTER": Interval(3),
    "MONTH": Interval(1),
    "WEEK": Interval(0, 7),
    "DAY": Interval(0, 1),
    "HOUR": Interval(0, 0, 3600),
    "MINUTE": Interval(0, 0, 60),
    "SECOND": Interval(0, 0, 1),
}
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_JAVA = (("yyyy", "%Y"), ("MM", "%m"), ("dd", "%d"), ("HH", "%H"), ("mm", "%M"), ("ss", "%S"))
_EPOCH = datetime(1970, 1, 1)


def add_months(value: Value, months: int, keeps_month_end: bool) -> date | None:
    """The same day of another month; with ``keeps_month_end`` the last day of a month moves to the last of the other."""
    day = to_date(value)
    if day is None:
        return None
    moved = calendar.add_months(day, months)
    if keeps_month_end and (day + timedelta(days=1)).day == 1:
        return calendar.add_months(moved.replace(day=1), 1) - timedelta(days=1)
    return moved


def trunc(value: Value, unit: str) -> Value:
    """The start of the unit that a day or time is in; weeks begin on Monday unless the unit names another day."""
    if value is None:
        return None
    day = to_date(value)
    if day is None or unit in ("HOUR", "MINUTE", "SECOND"):
        return _trunc_time(value, unit)
    if unit.startswith("WEEK("):
        first = _WEEKDAYS.index(unit[5:7])
        start = day - timedelta(days=(day.weekday() - first) % 7)
    else:
        start = calendar.start_of(_ANCHORS[unit], day)
    return datetime(start.year, start.month, start.day) if isinstance(value, datetime) else start


_ANCHORS: dict[str, calendar.Anchor] = {
    "DAY": "day",
    "WEEK": "week",
    "MONTH": "month",
    "QUARTER": "quarter",
    "YEAR": "year",
}


def _trunc_time(value: Value, unit: str) -> Value:
    moment = to_datetime(value)
    if moment is None:
        return None
    minute = 0 if unit == "HOUR" else moment.minute
    return moment.replace(minute=minute, second=moment.second if unit == "SECOND" else 0, microsecond=0)


def last_day(value: Value, unit: str = "MONTH") -> date | None:
    """The last day of the unit that a day is in."""
    day = to_date(value)
    if day is None:
        return None
    start = to_date(trunc(day, unit))
    months = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}.get(unit)
    if start is None or (months is None and not unit.startswith("WEEK")):
        raise ValueError(unit)
    return (calendar.add_months(start, months) if months else start + timedelta(days=7)) - timedelta(days=1)


def weekday_after(value: Value, name: str, sign: int) -> date | None:
    """The next day (sign 1) or the last one (-1) that is this day of the week, never the day itself."""
    day = to_date(value)
    wanted = _WEEKDAYS.index(name[:2].upper())
    if day is None:
        return None
    ahead = (wanted - day.weekday()) * sign % 7 or 7
    return day + timedelta(days=sign * ahead)


def strftime(value: Value, pattern: str) -> str | None:
    """A day or time as text, by a pattern with percent signs."""
    moment = to_datetime(value)
    return None if moment is None else moment.strftime(pattern.replace("strict", ""))


def strptime(value: Value, pattern: str) -> Value:
    """The day or time that a text represents, by a pattern with percent signs."""
    if value is None or isinstance(value, date):
        return value
    return datetime.strptime(str(value), pattern.replace("strict", "") if "%" in pattern else java_pattern(pattern))


def java_pattern(pattern: str) -> str:
    """A Java or Joda pattern with percent signs.

    Raises:
        ValueError: it has parts that are not known.
    """
    for token, code in _JAVA:
        pattern = pattern.replace(token, code)
    if re.search(r"(?<!%)[A-Za-z]", pattern.replace("'T'", "T").replace("T", "")):
        raise ValueError(pattern)
    return pattern.replace("'", "")


def epoch(value: Value) -> int | None:
    """Seconds since 1970."""
    moment = to_datetime(value)
    return None if moment is None else int((moment - _EPOCH).total_seconds())


def from_epoch(seconds: Value, pattern: str = "%Y-%m-%d %H:%M:%S") -> str | None:
    """Seconds since 1970 as text."""
    return None if seconds is None else strftime(_EPOCH + timedelta(seconds=seconds), pattern)


def extract(value: Value, part: str, dialect: str) -> Value:
    """A part of a day, as the dialect counts it."""
    day = to_date(value)
    if day is None or part == "DATE":
        return day
    if part in ("DOW", "DAYOFWEEK", "DW", "WEEKDAY"):
        return _day_of_week(day, part, dialect)
    simple: dict[str, Callable[[date], int]] = {
        "YEAR": lambda d: d.year,
        "QUARTER": lambda d: (d.month + 2) // 3,
        "MONTH": lambda d: d.month,
        "DAY": lambda d: d.day,
        "DOY": lambda d: d.timetuple().tm_yday,
        "DAYOFYEAR": lambda d: d.timetuple().tm_yday,
        "ISODOW": lambda d: d.isoweekday(),
        "DAYOFWEEKISO": lambda d: d.isoweekday(),
        "DAYOFWEEK_ISO": lambda d: d.isoweekday(),
        "ISOWEEK": lambda d: d.isocalendar()[1],
    }
    return simple[part](day)


def _day_of_week(day: date, part: str, dialect: str) -> int:
    from_sunday = day.isoweekday() % 7
    if dialect in ("trino", "presto"):
        return day.isoweekday()
    if dialect in ("spark", "hive", "databricks", "mysql", "bigquery"):
        if part == "DOW" and dialect == "mysql":
            raise ValueError(part)
        return from_sunday + 1
    return from_sunday


def compare(function: Callable[[Any, Any], bool], left: Value, right: Value) -> bool | None:
    """A comparison of two constants; None where one of them is NULL."""
    if left is None or right is None:
        return None
    if isinstance(left, date) or isinstance(right, date):
        left, right = to_datetime(left), to_datetime(right)
    elif isinstance(left, str) != isinstance(right, str):
        left, right = number(left), number(right)
    return bool(function(left, right))


def is_in(value: Value, *items: Value) -> bool | None:
    """Whether a constant is one of others, with SQL's NULL."""
    found = [compare(lambda a, b: bool(a == b), value, item) for item in items]
    return True in found if True in found or None not in found else None


def between(value: Value, low: Value, high: Value) -> Value:
    """``low <= value <= high``."""
    first, second = compare(lambda a, b: bool(a >= b), value, low), compare(lambda a, b: bool(a <= b), value, high)
    return logic(first, second, decided=False)


def logic(left: Value, right: Value, decided: bool) -> Value:
    """AND or OR with SQL's NULL; ``decided`` is the value that decides it alone, False for AND and True for OR."""
    if left is decided or right is decided:
        return decided
    return None if left is None or right is None else not decided


def choose(parts: Sequence[Value]) -> Value:
    """The value of a CASE at every probe day; ``parts`` are the default, then test and value of each branch."""
    moving = next((part for part in parts if type(part) is PerProbe), None)
    size = len(moving) if moving is not None else 1
    chosen = [_first_true([part[i] if type(part) is PerProbe else part for part in parts]) for i in range(size)]
    return (
        chosen[0]
        if moving is None
        else apply_per_probe(lambda value: value, PerProbe(chosen))
        if UNKNOWN not in chosen
        else UNKNOWN
    )


def _first_true(parts: Sequence[Value]) -> Value:
    for test, value in zip(parts[1::2], parts[2::2], strict=True):
        if test is UNKNOWN:
            return UNKNOWN
        if test:
            return value
    return parts[0]


def number(value: Value) -> Any:
    """The value as a number; a text is parsed.

    Raises:
        TypeError, ValueError: it is not a number.
    """
    if isinstance(value, str):
        return int(value) if value.strip().lstrip("-").isdigit() else float(value)
    if isinstance(value, int | float):
        return value
    raise TypeError(value)


def concat(*values: Value) -> str | None:
    """The texts concatenated; NULL where one of them is."""
    texts = [to_text(value) for value in values]
    return None if None in texts else "".join(text for text in texts if text is not None)


def concat_ws(between_: str, *values: Value) -> str:
    """Texts with a separator between them."""
    return between_.join(text for text in map(to_text, values) if text is not None)


def substring(value: Value, start: int, length: int | None = None) -> str:
    """A part of a text, counted from 1."""
    text = to_text(value)
    if text is None or start < 1:
        raise ValueError(start)
    return text[start - 1 :] if length is None else text[start - 1 : start - 1 + length]


def replace(value: Value, old: str, new: str = "") -> str:
    """A text with one plain text replaced by another; one that may be a regular expression raises."""
    text = to_text(value)
    if text is None or not old or re.search(r"[\\.^$*+?()\[\]{}|]", old):
        raise ValueError(old)
    return text.replace(old, new)


def greatest_or_least(pick: Callable[..., Any], values: Sequence[Value]) -> Value:
    """The largest or smallest constant (``pick`` is max or min); values of different types are compared as times."""
    kinds = {type(value) for value in values}
    if len(kinds) > 1:
        values = [to_datetime(value) for value in values]
    return None if None in values else pick(values)


def _add_days(sign: int) -> Callable[[Value, int], Value]:
    return lambda value, n: to_date(value) + timedelta(days=sign * n)  # type: ignore[operator]


NAMED: dict[str, Callable[..., Value]] = {
    "make_date": date,
    "adddate": lambda value, n: _add_days(1)(value, n) if isinstance(n, int) else UNKNOWN,
    "subdate": lambda value, n: _add_days(-1)(value, n) if isinstance(n, int) else UNKNOWN,
    "weekday": lambda value: to_date(value).weekday(),  # type: ignore[union-attr]
    "format_datetime": lambda value, pattern: strftime(value, java_pattern(pattern)),
    "toyyyymmdd": lambda value: int(strftime(value, "%Y%m%d") or 0),
}


def unit_of(node: Any) -> str:
    """The unit of a date function, in upper case and singular."""
    if isinstance(node, exp.WeekStart):
        return f"WEEK({node.name.upper()})"
    name = (node.name if isinstance(node, exp.Expr) else str(node or "DAY")).upper()
    return UNITS.get(name, name)


def to_interval(amount: Value, unit: str) -> Interval:
    """An interval of so many units.

    Raises:
        KeyError: no such unit.
    """
    if isinstance(amount, Interval):
        return amount
    count = to_int(amount)
    if count is None:
        raise ValueError(amount)
    return INTERVALS[unit].times(count)


def plus(left: Value, right: Value, sign: int, as_timestamp: bool = False) -> Value:
    """``left + right`` or, with sign -1, ``left - right``.

    Args:
        left: a number, a day, a time or an interval.
        right: likewise.
        sign: 1 or -1.
        stamps: whether a day and an interval make a timestamp on this engine.
    """
    if left is None or right is None:
        return None
    if isinstance(left, Interval) and sign > 0:
        left, right = right, left
    if isinstance(right, Interval):
        if isinstance(left, Interval):
            raise TypeError(left)
        moved = move(left, right.times(sign))
        return to_datetime(moved) if as_timestamp else moved
    if isinstance(left, date) and isinstance(right, int):
        return left + timedelta(days=sign * right)
    if isinstance(left, date) and isinstance(right, date) and sign < 0:
        return (to_date(left) - to_date(right)).days  # type: ignore[operator]
    return number(left) + sign * number(right)


def times(left: Value, right: Value) -> Value:
    """``left * right`` of numbers, or of a number and an interval."""
    if left is None or right is None:
        return None
    if isinstance(left, Interval):
        return left.times(right)
    return right.times(left) if isinstance(right, Interval) else number(left) * number(right)
