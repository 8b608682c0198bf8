"""SQL functions and arithmetic on Python values, as all engines compute them; where engines disagree, they raise."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NoReturn

from sqlglot import exp

from drawloom.model import days as calendar
from drawloom.sql.days.values import (
    UNKNOWN,
    DayOrMidnight,
    Instant,
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
    **dict.fromkeys(("YEARS", "YYYY", "YY", "Y", "YR"), "YEAR"),
    **dict.fromkeys(("QUARTERS", "Q", "QTR"), "QUARTER"),
    **dict.fromkeys(("MONTHS", "MM", "MON", "MONS"), "MONTH"),
    **dict.fromkeys(("WEEKS", "W", "WK", "ISOWEEK"), "WEEK"),
    **dict.fromkeys(("DAYS", "D", "DD"), "DAY"),
    **dict.fromkeys(("HOURS", "H", "HH", "HR"), "HOUR"),
    **dict.fromkeys(("MINUTES", "MI", "MIN"), "MINUTE"),
    **dict.fromkeys(("SECONDS", "S", "SS", "SEC"), "SECOND"),
}
KINDS = {
    **dict.fromkeys(("DATE", "DATE32"), "DATE"),
    **dict.fromkeys(("TIMESTAMP", "DATETIME", "TIMESTAMPNTZ", "DATETIME2"), "TIMESTAMP"),
    **dict.fromkeys(("TIMESTAMPTZ", "TIMESTAMPLTZ"), "ZONED"),
    **dict.fromkeys(("TEXT", "VARCHAR", "CHAR", "NVARCHAR", "NCHAR"), "TEXT"),
    **dict.fromkeys(("INT", "BIGINT", "UINT", "UBIGINT", "INT128", "SMALLINT", "TINYINT", "MEDIUMINT"), "INT"),
}
DAYS_ARE_UTC = frozenset({"duckdb", "bigquery"})
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
_SPARK = ("spark", "spark2", "databricks", "hive")
_POSTGRES = ("duckdb", "postgres", "redshift")
_NULL_IS_EMPTY = frozenset({"duckdb", "postgres"})  # in concat()
_NULL_IS_LEFT_OUT = frozenset({"duckdb", "postgres", "redshift", "spark", "databricks"})  # by greatest() and least()
_NULL_IS_NULL = frozenset({*_SPARK, "trino", "presto", "athena", "bigquery", "snowflake", "mysql"})
_SORTS_BY_BYTES = frozenset({"duckdb", "trino", "presto", "athena", "bigquery", *_SPARK})
_TEXT_BECOMES_DAY = frozenset({"duckdb", "postgres"})  # where a text is compared with a DATE
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
    elif unit == "ISOYEAR":
        start = date.fromisocalendar(day.isocalendar()[0], 1, 1)
    else:
        start = calendar.start_of(_ANCHORS[unit], day)
    return type(value)(start.year, start.month, start.day) if isinstance(value, datetime) else start


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
    if unit == "ISOYEAR":
        return date.fromisocalendar(day.isocalendar()[0] + 1, 1, 1) - timedelta(days=1)
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


# What Python, DuckDB and the other engines' own patterns mean alike, and how many digits it has.
_CODES = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}


def plain_pattern(pattern: str) -> str:
    """A pattern with percent signs, as Python's; one that has other parts than years to seconds raises.

    Raises:
        ValueError: another part.
    """
    pattern = pattern.replace("strict", "")
    codes = re.findall(r"%(.?)", pattern)
    if not all(code in _CODES for code in codes):
        raise ValueError(pattern)
    return pattern


def strftime(value: Value, pattern: str) -> str | None:
    """A day or time as text, by a pattern with percent signs."""
    moment = to_datetime(value)
    pattern = plain_pattern(pattern)
    if moment is None:
        return None
    if isinstance(moment, Instant) or moment.year < 1000:
        raise ValueError(value)
    return moment.strftime(pattern)


def strptime(value: Value, pattern: str) -> Value:
    """The day or time that a text represents, by a pattern with percent signs.

    Raises:
        ValueError: it has another form, or no year.
    """
    if value is None or isinstance(value, date):
        return value
    pattern = plain_pattern(pattern if "%" in pattern else java_pattern(pattern))
    form = re.sub(r"%(.)", lambda found: rf"\d{{{_CODES[found[1]]}}}", re.escape(pattern).replace(r"\%", "%"))
    if "%Y" not in pattern or not re.fullmatch(form, str(value), re.ASCII):
        raise ValueError(value)
    return datetime.strptime(str(value), pattern)


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
    if isinstance(value, Interval | int):
        raise TypeError(value)
    day = to_date(value)
    if day is None or part == "DATE":
        return day
    return _DAYS_OF_WEEK[dialect][part](day) if part in _DAY_OF_WEEK_PARTS else _PARTS[part](day)


def _from_sunday_0(day: date) -> int:
    return day.isoweekday() % 7


def _from_sunday_1(day: date) -> int:
    return day.isoweekday() % 7 + 1


_DAY_OF_WEEK_PARTS = frozenset({"DOW", "DAYOFWEEK", "DAY_OF_WEEK", "DW", "WEEKDAY"})
_DAYS_OF_WEEK: dict[str, dict[str, Callable[[date], int]]] = {
    **dict.fromkeys(("postgres", "redshift", "snowflake"), dict.fromkeys(("DOW", "DAYOFWEEK", "DW"), _from_sunday_0)),
    "duckdb": dict.fromkeys(("DOW", "DAYOFWEEK", "WEEKDAY"), _from_sunday_0),
    **dict.fromkeys(("trino", "presto", "athena"), dict.fromkeys(("DOW", "DAY_OF_WEEK", "DAYOFWEEK"), date.isoweekday)),
    **{key: {"DOW": _from_sunday_1, "DAYOFWEEK": _from_sunday_1, "WEEKDAY": date.weekday} for key in _SPARK},
    "bigquery": {"DAYOFWEEK": _from_sunday_1},
    "mysql": {"DAYOFWEEK": _from_sunday_1, "WEEKDAY": date.weekday},
}
"""How each dialect counts the days of a week."""

_PARTS: dict[str, Callable[[date], int]] = {
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
    "ISOYEAR": lambda d: d.isocalendar()[0],
}


def compare(function: Callable[[Any, Any], bool], left: Value, right: Value, dialect: str = "duckdb") -> bool | None:
    """A comparison of two constants; None where one of them is NULL.

    Raises:
        TypeError, ValueError: engines differ in what it is.
    """
    if left is None or right is None:
        return None
    if isinstance(left, Interval) or isinstance(right, Interval):
        raise TypeError(left)
    if isinstance(left, date) or isinstance(right, date):
        left, right = _as_times(left, right, dialect)
    elif isinstance(left, str) and isinstance(right, str):
        _check_order(left, right, dialect)
    elif isinstance(left, bool) != isinstance(right, bool):
        raise TypeError(left)
    elif not isinstance(left, bool):
        left, right = number(left), number(right)
    return bool(function(left, right))


def _as_times(left: Value, right: Value, dialect: str) -> tuple[Value, Value]:
    """Two constants as times, at least one of which is a day or a time; a text may become a day and lose its time."""
    texts = [value for value in (left, right) if isinstance(value, str)]
    to_day = bool(texts) and not isinstance(left, datetime) and not isinstance(right, datetime)
    if to_day and dialect not in _TEXT_BECOMES_DAY and any(isinstance(_parsed(text), datetime) for text in texts):
        raise ValueError(texts)
    if to_day:
        left, right = to_date(left), to_date(right)
    return to_datetime(left), to_datetime(right)


def _parsed(text: str) -> Value:
    moment = to_datetime(text)
    return moment if moment is not None and moment.time() != time() else None


def _check_order(left: str, right: str, dialect: str) -> None:
    """Raise where the order of two texts depends on a collation."""
    if dialect not in _SORTS_BY_BYTES and shape(left) != shape(right):
        raise ValueError(left)


def sorts_by_bytes(dialect: str) -> bool:
    """Whether an engine sorts texts by their characters' codes, in whatever collation."""
    return dialect in _SORTS_BY_BYTES


def shape(text: str) -> str:
    """The text with its digits as zeros: of texts of one shape, every collation has the same order."""
    return re.sub("[0-9]", "0", text)


def is_in(value: Value, *items: Value, dialect: str = "duckdb") -> bool | None:
    """Whether a constant is one of others, with SQL's NULL."""
    found = [compare(operator.eq, value, item, dialect) for item in items]
    return True in found if True in found or None not in found else None


def between(value: Value, low: Value, high: Value, dialect: str = "duckdb") -> Value:
    """``low <= value <= high``."""
    first, second = compare(operator.ge, value, low, dialect), compare(operator.le, value, high, dialect)
    return logic(first, second, decided=False)


def logic(left: Value, right: Value, decided: bool) -> Value:
    """AND or OR with SQL's NULL; ``decided`` is the value that decides it alone, False for AND and True for OR."""
    if not all(value is None or isinstance(value, bool) for value in (left, right)):
        raise TypeError(left)
    if left is decided or right is decided:
        return decided
    return None if left is None or right is None else not decided


def choose(parts: Sequence[Value]) -> Value:
    """The value of a CASE at every probe day; ``parts`` are the default, then test and value of each branch."""
    moving = next((part for part in parts if type(part) is PerProbe), None)
    size = len(moving) if moving is not None else 1
    rows = [[part[i] if type(part) is PerProbe else part for part in parts] for i in range(size)]
    chosen = [_first_true(row) for row in rows]
    if UNKNOWN in chosen:
        return UNKNOWN
    return chosen[0] if moving is None else apply_per_probe(lambda value: value, PerProbe(chosen))


def _first_true(parts: Sequence[Value]) -> Value:
    found = parts[0]
    for test, value in zip(parts[1::2], parts[2::2], strict=True):
        if test is UNKNOWN or not (test is None or isinstance(test, bool)):
            return UNKNOWN
        if test:
            found = value
            break
    return _of_common_type(found, [parts[0], *parts[2::2]])


def _of_common_type(value: Value, others: Sequence[Value]) -> Value:
    """One of several values, as the type that all of them become; UNKNOWN where that is not known."""
    kinds = {type(one) for one in others if one is not None and one is not UNKNOWN}
    if type(value) is date and kinds == {date} and None in others:
        return DayOrMidnight.of(value)  # the NULL may be a TIMESTAMP
    if len(kinds) < 2 or kinds <= {int, Decimal}:
        return value
    days = kinds <= {date, DayOrMidnight, datetime} and value is not UNKNOWN
    return to_datetime(value) if days and datetime in kinds else value if days else UNKNOWN


def coalesce(*values: Value) -> Value:
    """The first value that is not NULL, as the type of all."""
    return _of_common_type(next((value for value in values if value is not None), None), values)


_NUMBER = re.compile(r"\s*[+-]?\d+(\.\d+)?\s*", re.ASCII)


def number(value: Value) -> Any:
    """The value as a number; a text is parsed.

    Raises:
        TypeError, ValueError: it is not a number.
    """
    if isinstance(value, str) and (found := _NUMBER.fullmatch(value)):
        return Decimal(value) if found[1] else int(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return value
    raise TypeError(value)


def concat(*values: Value, dialect: str = "duckdb") -> str | None:
    """The texts concatenated, by concat(): NULL is an empty text or makes the whole one NULL.

    Raises:
        ValueError: one of them is NULL, and it is not known what the engine does then.
    """
    texts = [to_text(value) for value in values]
    if None in texts and dialect not in _NULL_IS_EMPTY:
        return None if dialect in _NULL_IS_NULL else _refuse(dialect)
    return "".join(text for text in texts if text is not None)


def _refuse(value: Value) -> NoReturn:
    raise ValueError(value)


def double_pipe(left: Value, right: Value) -> str | None:
    """``left || right``."""
    first, second = to_text(left), to_text(right)
    return None if first is None or second is None else first + second


def concat_ws(between_: Value, *values: Value, dialect: str = "duckdb") -> str | None:
    """Texts with a separator between them; NULLs are left out.

    Raises:
        ValueError: one of them is NULL, and it is not known what the engine does then.
    """
    texts = [to_text(value) for value in values]
    if between_ is None or (None in texts and dialect not in (*_POSTGRES, *_SPARK, "mysql", "trino", "presto")):
        raise ValueError(dialect)
    return str(between_).join(text for text in texts if text is not None)


def substring(value: Value, start: Value, *length: Value) -> str | None:
    """A part of a text, counted from 1."""
    text = to_text(value)
    if text is None or start is None or None in length:
        return None
    if start < 1 or any(count < 0 for count in length):
        raise ValueError(start)
    return text[start - 1 :] if not length else text[start - 1 : start - 1 + length[0]]


def left_or_right(value: Value, count: int, sign: int) -> str:
    """The first (sign 1) or last (-1) characters of a text."""
    text = to_text(value)
    if text is None or count < 1:
        raise ValueError(count)
    return text[:count] if sign > 0 else text[-count:]


def change_case(value: Value, change: Callable[[str], str]) -> str | None:
    """An ASCII text in upper or lower case."""
    if value is None:
        return None
    if not isinstance(value, str) or not value.isascii():
        raise TypeError(value)
    return change(value)


def trim(value: Value, side: str = "BOTH") -> str | None:
    """A text without spaces at its ends; whether other white space goes, too, differs between engines."""
    if value is None:
        return None
    text = {"LEADING": str.lstrip, "TRAILING": str.rstrip, "BOTH": str.strip}[side or "BOTH"](value, " ")
    if text != text.strip():
        raise ValueError(value)
    return text


def replace(value: Value, old: str, new: str = "", count: int = -1) -> str:
    """A text with one plain text replaced by another; one that may be a regular expression raises."""
    text = to_text(value)
    if text is None or not old or re.search(r"[\\.^$*+?()\[\]{}|]", old) or re.search(r"[\\$&]", new):
        raise ValueError(old)
    return text.replace(old, new, count)


def greatest_or_least(pick: Callable[..., Any], values: Sequence[Value], dialect: str) -> Value:
    """The largest or smallest constant (``pick`` is max or min); days and times are compared as times.

    Raises:
        TypeError, ValueError: engines differ in what it is.
    """
    some = [value for value in values if value is not None]
    if len(some) < len(values) and dialect not in _NULL_IS_LEFT_OUT:
        return None if dialect in _NULL_IS_NULL else _refuse(dialect)
    kinds = {type(value) for value in some}
    if datetime in kinds and kinds <= {date, datetime, DayOrMidnight}:
        some = [to_datetime(value) for value in some]
    elif kinds <= {date, DayOrMidnight} and (len(kinds) > 1 or len(some) < len(values)):
        some = [DayOrMidnight.of(value) for value in some]
    elif len(kinds) > 1 and not kinds <= {int, Decimal}:
        raise TypeError(kinds)
    for value in some:
        if isinstance(value, str):
            _check_order(some[0], value, dialect)
    return pick(some) if some else None


def _add_days(sign: int) -> Callable[[Value, int], Value]:
    return lambda value, n: to_date(value) + timedelta(days=sign * n)  # type: ignore[operator]


NAMED: dict[str, tuple[tuple[str, ...], Callable[..., Value]]] = {
    "make_date": (("postgres", "spark", "databricks"), date),
    "adddate": (("mysql",), lambda value, n: _add_days(1)(value, n) if isinstance(n, int) else UNKNOWN),
    "subdate": (("mysql",), lambda value, n: _add_days(-1)(value, n) if isinstance(n, int) else UNKNOWN),
    "format_datetime": (("trino", "presto", "athena"), lambda value, text: strftime(value, java_pattern(text))),
    "toyyyymmdd": (("clickhouse",), lambda value: int(strftime(value, "%Y%m%d") or 0)),
}
"""Functions that sqlglot has no class for: the dialects that have them, and what they compute."""


def unit_of(node: Any) -> str:
    """The unit of a date function, in upper case and singular; empty for what is no plain unit."""
    if isinstance(node, exp.WeekStart):
        return f"WEEK({node.name.upper()})"
    if isinstance(node, exp.Expr) and not isinstance(node, exp.Var | exp.Literal | exp.Identifier | exp.Column):
        return ""
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
        as_timestamp: whether a day and an interval make a timestamp on this engine.
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
    left_is_day, right_is_day = type(left) in (date, DayOrMidnight), type(right) in (date, DayOrMidnight)
    if left_is_day and isinstance(right, int) and not isinstance(right, bool):
        return left + timedelta(days=sign * right)
    if left_is_day and right_is_day and sign < 0:
        return (left - right).days
    return number(left) + sign * number(right)


def times(left: Value, right: Value) -> Value:
    """``left * right`` of numbers, or of a number and an interval."""
    if left is None or right is None:
        return None
    if isinstance(left, Interval):
        return left.times(right)
    return right.times(left) if isinstance(right, Interval) else number(left) * number(right)
