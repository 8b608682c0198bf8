"""The values of constants: one value, or one for each probe day where it depends on the run's day."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from drawloom.model.days import add_months


class _Unknown:
    """The type of ``UNKNOWN``: a value that is only known when the query runs."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = _Unknown()


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
        """The interval multiplied by a whole number."""
        return Interval(self.months * factor, self.days * factor, self.seconds * factor)


Value = Any
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_LOOSE_DAY = re.compile(r"\s*(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T].*)?")
_NODASH = re.compile(r"(\d{4})(\d{2})(\d{2})")
_STAMP = re.compile(
    r"(\d{4})-?(\d{2})-?(\d{2})[ T-]?(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.\d+)?)?)?\s*(?:Z|UTC|[+]00(?::?00)?)?"
)


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
    except (ValueError, TypeError, OverflowError, ZeroDivisionError, AttributeError, KeyError):
        return UNKNOWN


def collapse(values: PerProbe) -> Value:
    """A plain value where it is the same at every probe day; UNKNOWN where it is unknown at any."""
    first = values[0]
    if any(value is UNKNOWN for value in values):
        return UNKNOWN
    same = all(value == first and type(value) is type(first) for value in values)
    return first if same else values


def parse_time(text: str) -> date | datetime | None:
    """The day or time that a text represents in one of the forms that partition keys have, else None."""
    try:
        if found := _DAY.fullmatch(text) or _NODASH.fullmatch(text):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if found := _STAMP.fullmatch(text.strip()):
            return datetime(*(int(part or 0) for part in found.groups()))  # type: ignore[arg-type]
    except ValueError:
        return None
    return None


def to_date(value: Value) -> date | None:
    """The result of CAST(value AS DATE); None for NULL.

    Raises:
        ValueError: it is no day.
    """
    if value is None:
        return None
    if isinstance(value, str):
        found = _LOOSE_DAY.fullmatch(value)
        value = date(int(found[1]), int(found[2]), int(found[3])) if found else parse_time(value.strip())
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    raise ValueError(f"{value!r} is no day")


def to_datetime(value: Value) -> datetime | None:
    """The result of CAST(value AS TIMESTAMP); None for NULL.

    Raises:
        ValueError: it is no time.
    """
    if value is None:
        return None
    if isinstance(value, str):
        value = parse_time(value.strip()) or to_date(value)
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    raise ValueError(f"{value!r} is no time")


def to_text(value: Value) -> str | None:
    """The result of CAST(value AS VARCHAR)."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, int | float | date):
        return str(value)
    raise TypeError(value)


def to_int(value: Value) -> int | None:
    """The result of CAST(value AS BIGINT).

    Raises:
        ValueError: it is no whole number.
    """
    if value is None:
        return None
    if isinstance(value, bool | int | str):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise ValueError(f"{value!r} is no whole number")


def move(value: Value, step: Interval) -> Value:
    """A day or time moved by an interval; a day stays one unless the step has hours."""
    if value is None:
        return None
    if isinstance(value, str):
        value = parse_time(value.strip()) or to_date(value)
    if not isinstance(value, date):
        raise TypeError(value)
    if step.months:
        day = add_months(value, step.months)
        value = datetime.combine(day, value.time()) if isinstance(value, datetime) else day
    if step.seconds:
        value = to_datetime(value)
    return value + timedelta(days=step.days, seconds=step.seconds)
