"""Sets of days: as offsets from the day a run fills, and as calendar rules."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Span = tuple[int | None, int | None]
DateSpan = tuple[date | None, date | None]

_SPAN = re.compile(r"(-?\d+|\*)(?:\.\.(-?\d+|\*))?")


@dataclass(frozen=True, slots=True)
class Days:
    """A set of days as spans of offsets from the run's day; an end that is None is open.

    Spans are sorted, disjoint and not adjacent, so equal sets are equal objects.

    >>> Days.of(0) | Days.span(-7, -1)
    Days('-7..0')
    >>> Days.span(-6, 0) - Days.of(0)
    Days('-6..-1')
    """

    spans: tuple[Span, ...] = ()

    @classmethod
    def of(cls, *offsets: int) -> Days:
        """The set of these single offsets."""
        return cls.union((n, n) for n in offsets)

    @classmethod
    def span(cls, first: int | None, last: int | None) -> Days:
        """All offsets from first to last, both included; empty when first > last."""
        return cls.union([(first, last)])

    @classmethod
    def union(cls, spans: Iterable[Span]) -> Days:
        """The union of any spans, overlapping or not; a span that ends before it begins is empty."""
        return cls(tuple((_offset(a), _offset(b)) for a, b in _merge(map(_ends, spans))))

    @classmethod
    def parse(cls, text: str) -> Days:
        """Read the text form: ``0``, ``-6..0``, ``-7,-1..0``, ``*..0`` (open), ``*..*`` (all).

        Raises:
            ValueError: the text is not of that form.
        """
        return cls.union(_parse_span(part.strip()) for part in text.split(",") if part.strip())

    def __str__(self) -> str:
        return ",".join(_span_text(a, b) for a, b in self.spans)

    def __repr__(self) -> str:
        return f"Days({str(self)!r})"

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __contains__(self, offset: int) -> bool:
        return any(a <= offset <= b for a, b in map(_ends, self.spans))

    def __or__(self, other: Days) -> Days:
        return Days.union(self.spans + other.spans)

    def __and__(self, other: Days) -> Days:
        pairs = ((_ends(x), _ends(y)) for x in self.spans for y in other.spans)
        overlaps = ((max(a, c), min(b, d)) for (a, b), (c, d) in pairs)
        return Days.union((_offset(a), _offset(b)) for a, b in overlaps if a <= b)

    def __sub__(self, other: Days) -> Days:
        return self & ~other

    def __invert__(self) -> Days:
        gaps: list[Span] = []
        low = -_INF
        for a, b in map(_ends, self.spans):
            if a > low:
                gaps.append((_offset(low), _offset(a - 1)))
            low = b + 1
        if low < _INF:
            gaps.append((_offset(low), None))
        return Days.union(gaps)

    def shift(self, by: int) -> Days:
        """The same set moved by a number of days."""
        return Days(tuple((_shift(a, by), _shift(b, by)) for a, b in self.spans))

    @property
    def bounded(self) -> bool:
        """Whether no span has an open end."""
        return all(a is not None and b is not None for a, b in self.spans)

    @property
    def first(self) -> int | None:
        """The smallest offset; None when open or empty."""
        return self.spans[0][0] if self.spans else None

    @property
    def last(self) -> int | None:
        """The largest offset; None when open or empty."""
        return self.spans[-1][1] if self.spans else None

    def __iter__(self) -> Iterator[int]:
        """All offsets in order.

        Raises:
            ValueError: the set is open.
        """
        for a, b in self.spans:
            if a is None or b is None:
                raise ValueError(f"days == {self}, must have both ends to be listed")
            yield from range(a, b + 1)

    def on(self, day: date) -> tuple[DateSpan, ...]:
        """The set as dates, for a run that fills this day."""
        return tuple((_date(day, a), _date(day, b)) for a, b in self.spans)


_INF = 10**9
ALL = Days(((None, None),))
NONE = Days()
TODAY = Days(((0, 0),))

Anchor = Literal["day", "week", "week_sunday", "month", "quarter", "year"]


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a calendar span: the start of the unit the day is in, moved by months, then by days.

    >>> Bound("month", 1, -1).on(date(2024, 2, 10))  # the last day of this month
    datetime.date(2024, 2, 29)
    """

    anchor: Anchor = "day"
    months: int = 0
    days: int = 0

    def on(self, day: date) -> date:
        """The date of this bound for a run that fills this day."""
        return add_months(start_of(self.anchor, day), self.months) + timedelta(days=self.days)

    @property
    def is_fixed_offset(self) -> bool:
        """Whether it is the same number of days away from every day."""
        return self.anchor == "day" and not self.months

    @property
    def is_before_day(self) -> bool:
        """Whether it lies before the day, whichever day that is."""
        return self.months <= 0 and self.days < 0


def start_of(unit: Anchor, day: date) -> date:
    """The first day of the unit that holds this day; weeks begin on Monday, or on Sunday for week_sunday."""
    match unit:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "week_sunday":
            return day - timedelta(days=(day.weekday() + 1) % 7)
        case "month":
            return day.replace(day=1)
        case "quarter":
            return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        case "year":
            return date(day.year, 1, 1)


def add_months(day: date, months: int) -> date:
    """The same day of another month, or that month's last day where it is shorter."""
    if not months:
        return day
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def covers(spans: Iterable[DateSpan], day: date) -> bool:
    """Whether a day lies in one of these date spans."""
    return any((a is None or a <= day) and (b is None or day <= b) for a, b in spans)


def _ends(span: Span) -> tuple[int, int]:
    return (-_INF if span[0] is None else span[0], _INF if span[1] is None else span[1])


def _offset(end: int) -> int | None:
    return None if abs(end) >= _INF else end


def _shift(end: int | None, by: int) -> int | None:
    return None if end is None else end + by


def _date(day: date, offset: int | None) -> date | None:
    """The day at this offset; open where there is no such date."""
    try:
        return None if offset is None else day + timedelta(days=offset)
    except OverflowError:
        return None


def _merge(ends: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for a, b in sorted(pair for pair in ends if pair[0] <= pair[1]):
        if merged and a <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], b))
        else:
            merged.append((a, b))
    return merged


def _parse_span(part: str) -> Span:
    match = _SPAN.fullmatch(part)
    if not match:
        raise ValueError(f"days == {part!r}, must be like 0, -6..0 or *..0")
    first, last = match[1], match[2] or match[1]
    return (None if first == "*" else int(first), None if last == "*" else int(last))


def _span_text(first: int | None, last: int | None) -> str:
    if first == last and first is not None:
        return str(first)
    return f"{'*' if first is None else first}..{'*' if last is None else last}"
