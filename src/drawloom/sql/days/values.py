"""The values of constants: one value, or one for each probe day where it depends on the run's day."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from drawloom.model.days import add_months


class _Unknown:
    """The type of ``UNKNOWN``: a value that is only known when the query runs."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = _Unknown()
NOT_COMPUTED = (ValueError, TypeError, ArithmeticError, AttributeError, KeyError)
"""What functions on values raise where engines differ, or where there is no result."""


class PerProbe(tuple[Any, ...]):
    """One value for each probe day, in their order."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Interval:
    """An INTERVAL of months, days and seconds."""

    months: int = 0
    days: int = 0
    seconds: int = 0

    def times(self, factor: int) -> Interval:
        """The interval multiplied by a whole number.

        Raises:
            TypeError: it is not whole.
        """
        if not isinstance(factor, int) or isinstance(factor, bool):
            raise TypeError(factor)
        return Interval(self.months * factor, self.days * factor, self.seconds * factor)


Value = Any


class DayOrMidnight(date):
    """A day that may be a TIMESTAMP at its start, so that its text is not known."""

    __slots__ = ()

    @classmethod
    def of(cls, day: date) -> DayOrMidnight:
        """The same day."""
        return cls(day.year, day.month, day.day)


class ZonedTime(datetime):
    """A TIMESTAMP WITH TIME ZONE, in UTC, on an engine that counts its days in UTC; its text has a zone."""

    __slots__ = ()


class Instant(ZonedTime):
    """The same on any other engine: which day it is in depends on the zone."""

    __slots__ = ()


_WHOLE = re.compile(r"\s*[+-]?\d+\s*", re.ASCII)
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_LOOSE_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_NODASH = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_HOURLY_KEY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})[ T-]?(\d{2})", re.ASCII)
_TIME = re.compile(
    r"(\d{4})(-?)(\d{1,2})\2(\d{1,2})[ T](\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,6})0*)?)?)?\s*(\S.*)?", re.ASCII
)
_OFFSET = re.compile(r"([+-])(\d{1,2})(?::?(\d{2}))?", re.ASCII)
_IS_24 = re.compile(r"[ T]24(:|$)")
_UTC = frozenset({"Z", "UTC", "GMT"})


def apply_per_probe(function: Callable[..., Value], *arguments: Value) -> Value:
    """The function's result for these values, at each probe day where one of them is a PerProbe; UNKNOWN where it fails."""
    moving = None
    for argument in arguments:
        if argument is UNKNOWN:
            return UNKNOWN
        if type(argument) is PerProbe:
            moving = argument
    try:
        if moving is None:
            return function(*arguments)
        columns = [argument if type(argument) is PerProbe else (argument,) * len(moving) for argument in arguments]
        return collapse(PerProbe(map(function, *columns)))
    except NOT_COMPUTED:
        return UNKNOWN


def collapse(values: PerProbe) -> Value:
    """A plain value where it is the same at every probe day; UNKNOWN where it is unknown at any."""
    first = values[0]
    if any(value is UNKNOWN for value in values):
        return UNKNOWN
    same = all(value == first and type(value) is type(first) for value in values)
    return first if same else values


def parse_time(text: str) -> date | datetime | None:
    """The day or time that a text represents in one of the forms that partition keys have, else None.

    A time with a zone other than UTC is None: which day it is in depends on the session. So is 24:00, which is the next
    midnight as a time and the day itself as a DATE.
    """
    try:
        if found := _DAY.fullmatch(text) or _NODASH.fullmatch(text):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if found := _HOURLY_KEY.fullmatch(text):
            return _at(found[1], found[2], found[3], int(found[4]))
        moment, zone = parse_zoned(text)
    except (ValueError, OverflowError):
        return None
    return moment if _is_utc(zone) and not _IS_24.search(text) else None


def _is_utc(zone: str) -> bool:
    return not zone or zone.upper() in _UTC or re.fullmatch(r"[+-]00?(:?00)?", zone) is not None


def parse_zoned(text: str) -> tuple[datetime, str]:
    """The clock time that a text shows, and the zone after it, which may be empty.

    Raises:
        ValueError: it is no time.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no time")
    hour, minute, second = (int(part or 0) for part in found.group(5, 6, 7))
    microsecond = int((found[8] or "0").ljust(6, "0"))
    return _at(found[1], found[3], found[4], hour, minute, second, microsecond), found[9] or ""


def _at(year: str, month: str, day: str, hour: int, minute: int = 0, second: int = 0, microsecond: int = 0) -> datetime:
    """A time of day; 24:00 is the next midnight."""
    if hour == 24 and not (minute or second or microsecond):
        return datetime(int(year), int(month), int(day)) + timedelta(days=1)
    return datetime(int(year), int(month), int(day), hour, minute, second, microsecond)


def zone_offset(zone: str, moment: datetime) -> timedelta:
    """How far a zone's clock is ahead of UTC at a time of its own.

    Raises:
        ValueError: no such zone.
    """
    if zone.upper() in _UTC:
        return timedelta()
    if found := _OFFSET.fullmatch(zone):
        ahead = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        return ahead if found[1] == "+" else -ahead
    try:
        ahead_by = moment.replace(tzinfo=ZoneInfo(zone)).utcoffset()
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(f"{zone!r} is no time zone") from error
    return ahead_by or timedelta()


def to_date(value: Value) -> date | None:
    """The result of CAST(value AS DATE); None for NULL.

    Raises:
        ValueError: it is no day.
        TypeError: which day it is depends on a time zone.
    """
    if value is None:
        return None
    if isinstance(value, Instant):
        raise TypeError("the day of an instant depends on the time zone")
    if isinstance(value, str):
        value = _day_or_time(value)
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    raise ValueError(f"{value!r} is no day")


def to_datetime(value: Value) -> datetime | None:
    """The result of CAST(value AS TIMESTAMP); None for NULL.

    Raises:
        ValueError: it is no time, or has a zone.
    """
    if value is None:
        return None
    if isinstance(value, str):
        value = _day_or_time(value) or _moment(value)
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    raise ValueError(f"{value!r} is no time")


def _day_or_time(text: str) -> date | datetime | None:
    text = text.strip()
    if found := _LOOSE_DAY.fullmatch(text):
        return date(int(found[1]), int(found[2]), int(found[3]))
    return parse_time(text)


def _moment(text: str) -> datetime | None:
    clock, zone = parse_zoned(text)
    return clock if _is_utc(zone) else None


def to_zoned(value: Value, days_are_utc: bool) -> datetime | None:
    """The result of CAST(value AS TIMESTAMP WITH TIME ZONE); None for NULL.

    Args:
        value: a day, a time, or a text, which may have a zone.
        days_are_utc: whether the engine counts days in UTC. On others, a text without a zone is in the session's.

    Raises:
        ValueError: it is no time.
    """
    if value is None or isinstance(value, ZonedTime):
        return value
    found = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is not None and found[9]:
        clock, zone = parse_zoned(value)
        moment: datetime | None = clock - zone_offset(zone, clock)
        kind: type[ZonedTime] = ZonedTime if days_are_utc else Instant
    else:
        moment, kind = to_datetime(value), ZonedTime
        if not days_are_utc:
            return moment
    return moment and kind(*moment.timetuple()[:6], moment.microsecond)


def to_text(value: Value) -> str | None:
    """The result of CAST(value AS VARCHAR)."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, ZonedTime | DayOrMidnight):
        raise TypeError(value)
    if isinstance(value, datetime):
        text = value.isoformat(" ")
        return text.rstrip("0") if value.microsecond else text
    if isinstance(value, int | date):
        return str(value)
    raise TypeError(value)


def to_int(value: Value) -> int | None:
    """The result of CAST(value AS BIGINT).

    Raises:
        ValueError: it is no whole number.
    """
    if value is None:
        return None
    if isinstance(value, bool | int) or (isinstance(value, str) and _WHOLE.fullmatch(value)):
        return int(value)
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    raise ValueError(f"{value!r} is no whole number")


def move(value: Value, step: Interval) -> Value:
    """A day or time moved by an interval; a day stays one unless the step has hours."""
    if value is None:
        return None
    if isinstance(value, str):
        value = _day_or_time(value)
    if not isinstance(value, date) or (step.months and isinstance(value, Instant)):
        raise TypeError(value)
    if step.months:
        day = add_months(value, step.months)
        value = type(value).combine(day, value.time()) if isinstance(value, datetime) else day
    if step.seconds:
        value = to_datetime(value)
    return value + timedelta(days=step.days, seconds=step.seconds)
