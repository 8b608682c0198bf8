"""The rule by which a step reads days, in words."""

from __future__ import annotations

from collections.abc import Iterable

from drawloom.model.days import Bound, DateSpan
from drawloom.model.step import Read

_TODAY = Bound()


def rule_text(read: Read) -> str:
    """Such as ``-6..0`` (counted from the run's day), ``month to date``, ``2026-01-08 to date`` or ``2026-01-01 .. 2026-01-31``."""
    if read.how == "offset":
        return str(read.days)
    if read.how == "fixed":
        return spans_text(read.dates)
    if read.how == "calendar" and read.calendar:
        return _clipped_text(read) if read.is_clipped else ", ".join(_span_text(a, b) for a, b in read.calendar)
    return str(read.days) if read.how == "calendar" else read.how


def spans_text(spans: Iterable[DateSpan]) -> str:
    """Such as ``2026-01-01 .. 2026-01-31, 2026-03-01``; an open end is ``...``."""
    return ", ".join(f"{a or '...'} .. {b or '...'}" if a != b else f"{a}" for a, b in spans)


def days_in_words(read: Read) -> str:
    """The rule as people say it, such as ``the 7 days that end on the day itself`` or ``month to date``."""
    match read.how:
        case "offset":
            return ", and ".join(_offsets_in_words(first, last) for first, last in read.days.spans) or "no days"
        case "fixed":
            return f"always {spans_text(read.dates)}"
        case "all":
            return "all days: no bound was found"
    return rule_text(read) if read.calendar else f"days that change with the calendar, within {rule_text(read)}"


def _offsets_in_words(first: int | None, last: int | None) -> str:
    if first is None:
        return "all days" if last is None else f"all days up to {_day_in_words(last)}"
    if last is None:
        return f"all days from {_day_in_words(first)} on"
    if first == last:
        return _day_in_words(first)
    return f"the {last - first + 1} days that end {'on ' if last == 0 else ''}{_day_in_words(last)}"


def _day_in_words(offset: int) -> str:
    if offset == 0:
        return "the day itself"
    count = abs(offset)
    where = "before" if offset < 0 else "after"
    return f"the day {where}" if count == 1 else f"{count} days {where}"


def _clipped_text(read: Read) -> str:
    """A rule within fixed dates: a date takes the place of an open end, others are said behind."""
    first, last = read.within
    if len(read.calendar) == 1:
        ((a, b),) = read.calendar
        if first and a is None:
            base = f"{first} to date" if b == _TODAY else f"{first} .. {_bound_text(b)}"
            return f"{base} until {last}" if last else base
        if last and b is None:
            base = f"{_bound_text(a)} .. {last}"
            return f"{base} from {first} on" if first else base
    base = ", ".join(_span_text(a, b) for a, b in read.calendar)
    if first and last:
        return f"{base} between {first} and {last}"
    return f"{base} from {first} on" if first else f"{base} until {last}"


def _span_text(first: Bound | None, last: Bound | None) -> str:
    if first and last and first.is_fixed_offset and last.is_fixed_offset and first != last:
        return f"{first.days}..{last.days}"
    if first and not first.is_fixed_offset and not first.months and not first.days and last == _TODAY:
        return f"{_unit(first)} to date"
    if first == last:
        return _bound_text(first)
    return f"{_bound_text(first)} .. {_bound_text(last)}"


def _bound_text(bound: Bound | None) -> str:
    """Such as ``0``, ``start of month - 1 month``, or ``...`` for an open end."""
    if bound is None:
        return "..."
    if bound.is_fixed_offset:
        return str(bound.days)
    base = "day" if bound.anchor == "day" else f"start of {_unit(bound)}"
    return base + _moved(bound.months, "month") + _moved(bound.days, "day")


def _unit(bound: Bound) -> str:
    return {"week_sunday": "week from Sunday"}.get(bound.anchor, bound.anchor)


def _moved(count: int, unit: str) -> str:
    return f" {'-' if count < 0 else '+'} {abs(count)} {unit}{'' if abs(count) == 1 else 's'}" if count else ""
