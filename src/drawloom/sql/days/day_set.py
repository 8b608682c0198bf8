"""Sets of days at all probe days at once: mostly the same offsets, or the same dates, at all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Literal

from drawloom.model import ALL as ALL_DAYS
from drawloom.model import NONE as NO_DAYS
from drawloom.model import Days
from drawloom.model.days import Span
from drawloom.sql.days.values import NOT_COMPUTED, UNKNOWN, PerProbe, Value, parse_time

Grain = Literal["day", "time", "any"]
Ordinals = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DaySet:
    """Days of a table for each probe day. Exactly one of the three attributes is set.

    Attributes:
        offsets: the same offsets from every probe day; also the set of all days and the empty one.
        dates: the same dates at every probe day, as ordinals.
        each: offsets of its own for each probe day.
    """

    offsets: Days | None = None
    dates: Days | None = None
    each: tuple[Days, ...] | None = None

    @property
    def is_all(self) -> bool:
        """Whether this is the set of all days."""
        return self.offsets == ALL_DAYS

    @property
    def is_empty(self) -> bool:
        """Whether no day is in it at any probe day."""
        return self.offsets == NO_DAYS

    def at(self, ordinals: Ordinals) -> tuple[Days, ...]:
        """The offsets at each probe day."""
        if self.each is not None:
            return self.each
        if self.dates is not None:
            return tuple(self.dates.shift(-ordinal) for ordinal in ordinals)
        return (self.offsets or NO_DAYS,) * len(ordinals)


ALL = DaySet(offsets=ALL_DAYS)
NONE = DaySet(offsets=NO_DAYS)


class ProbeDays:
    """The probe days of a variant, and the arithmetic of day sets over them."""

    def __init__(self, days: Sequence[date], hours: Sequence[int] = ()) -> None:
        self.days = tuple(days)
        self.hours = tuple(hours)
        self.ordinals: Ordinals = tuple(day.toordinal() for day in days)

    def from_offsets(self, sets: Iterable[Days]) -> DaySet:
        """The day set with these offsets, one set for each probe day, in its simplest form."""
        each = tuple(sets)
        if all(days == each[0] for days in each):
            return DaySet(offsets=each[0])
        first = each[0].shift(self.ordinals[0])
        fixed = all(days.shift(ordinal) == first for days, ordinal in zip(each, self.ordinals, strict=True))
        return DaySet(dates=first) if fixed else DaySet(each=each)

    def intersect(self, left: DaySet, right: DaySet) -> DaySet:
        """The days in both sets."""
        if left.is_all or right.is_empty:
            return right
        if right.is_all or left.is_empty or left == right:
            return left
        return self._combine(Days.__and__, left, right)

    def union(self, sets: Sequence[DaySet]) -> DaySet:
        """The days in any of the sets."""
        some = [one for one in sets if not one.is_empty]
        if not some:
            return NONE
        if len(some) == 1 or any(one.is_all for one in some):
            return next((one for one in some if one.is_all), some[0])
        if all(one.offsets is not None for one in some):
            return DaySet(offsets=_union(one.offsets for one in some))
        if all(one.dates is not None for one in some):
            return _dates(_union(one.dates for one in some))
        columns = zip(*(one.at(self.ordinals) for one in some), strict=True)
        return self.from_offsets(_union(column) for column in columns)

    def subtract(self, left: DaySet, right: DaySet) -> DaySet:
        """The days of the first that are not in the second."""
        return left if right.is_empty else self._combine(Days.__sub__, left, right)

    def where_any(self, days: DaySet) -> DaySet:
        """All days at the probes where the set has any, none at the others."""
        if days.each is not None:
            return self.from_offsets(ALL_DAYS if one else NO_DAYS for one in days.each)
        return NONE if days.is_empty else ALL

    def shift(self, days: DaySet, by: Value) -> DaySet:
        """The set moved by a number of days, which may differ between probe days; all days where it is not known."""
        if days.is_all or days.is_empty or by == 0:
            return days
        if type(by) is PerProbe:
            return self.from_offsets(one.shift(n) for one, n in zip(days.at(self.ordinals), by, strict=True))
        return self.map_days(days, lambda one: one.shift(by)) if isinstance(by, int) else ALL

    def map_days(self, days: DaySet, function: Callable[[Days], Days]) -> DaySet:
        """The set with its days changed by a function that gives the same for offsets and for ordinals."""
        if days.offsets is not None:
            return DaySet(offsets=function(days.offsets))
        if days.dates is not None:
            return _dates(function(days.dates))
        return self.from_offsets(function(one) for one in days.each or ())

    def from_first(self, days: DaySet) -> DaySet:
        """All days from the set's first one on."""
        return self.map_days(days, lambda one: Days.span(one.first, None) if one else one)

    def up_to_last(self, days: DaySet) -> DaySet:
        """All days up to the set's last one."""
        return self.map_days(days, lambda one: Days.span(None, one.last) if one else one)

    def days_where(self, spans: Callable[[Value], Days | None], value: Value) -> DaySet:
        """The set that a comparison with a constant allows.

        Args:
            spans: from a constant to the ordinals that it allows, None for all days.
            value: the constant, a PerProbe where it differs between probe days.
        """
        if value is UNKNOWN:
            return ALL
        try:
            if type(value) is not PerProbe:
                days = spans(value)
                return ALL if days is None else _dates(days)
            each = [spans(one) for one in value]
        except NOT_COMPUTED:
            return ALL
        if None in each:
            return ALL
        pairs = zip(each, self.ordinals, strict=True)
        return self.from_offsets(days.shift(-ordinal) for days, ordinal in pairs if days is not None)

    def _combine(self, function: Callable[[Days, Days], Days], left: DaySet, right: DaySet) -> DaySet:
        if left.offsets is not None and right.offsets is not None:
            return DaySet(offsets=function(left.offsets, right.offsets))
        if left.dates is not None and right.dates is not None:
            return _dates(function(left.dates, right.dates))
        pairs = zip(left.at(self.ordinals), right.at(self.ordinals), strict=True)
        return self.from_offsets(function(a, b) for a, b in pairs)


def days_allowed(operator: str, value: Value, grain: Grain) -> Days | None:
    """The days (as ordinals) that a key may have where ``key operator value`` holds; None for all days.

    Args:
        operator: one of = <> < <= > >=.
        value: the constant at one probe day.
        grain: whether the key holds days, times of days, or either.
    """
    if value is None:
        return NO_DAYS
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        return _days_as_numbers(operator, value)
    text_compared = False
    if isinstance(value, str):
        moment = parse_time(value)
        # A text with a time is compared as text with a text key, and '2024-07-17' sorts before '2024-07-17 00:00'.
        text_compared = grain != "time" and isinstance(moment, datetime)
    else:
        moment = value if isinstance(value, date) else None
    if moment is None:
        return None
    midnight = not isinstance(moment, datetime) or moment.time() == time()
    return _span(operator, moment.toordinal(), midnight, "text" if text_compared else grain)


def _span(operator: str, day: int, midnight: bool, grain: str) -> Days | None:
    """The days on one side of a day; with the grain ``text`` the day itself is in the set in every case."""
    first: int | None = day
    last: int | None = day
    match operator:
        case "<>":
            return ~Days.of(day) if grain == "day" and midnight else None
        case ">":
            first, last = day + (grain == "day"), None
        case ">=":
            first, last = day + (grain == "day" and not midnight), None
        case "<":
            first, last = None, day - (midnight and (grain != "text"))
        case "<=":
            first = None
    return Days(((first, last),))


def _days_as_numbers(operator: str, value: int | Decimal) -> Days | None:
    """Days as numbers like 20240717; a number that is no date, like 20240732, lies between two days."""
    if not 19000101 <= value <= 29991231:
        return None
    exact = parse_time(str(int(value))) if value == int(value) else None
    if exact is not None:
        return _span(operator, exact.toordinal(), True, "day")
    year, rest = divmod(int(value), 10000)
    month, day = divmod(rest, 100)
    before = _last_before(year, month, day)
    match operator:
        case "=":
            return NO_DAYS
        case ">" | ">=":
            return Days.span(before + 1, None)
        case "<" | "<=":
            return Days.span(None, before)
    return None


def _last_before(year: int, month: int, day: int) -> int:
    """The last real date before the number of an impossible one, such as 20240732."""
    if month < 1:
        return date(year - 1, 12, 31).toordinal()
    if month > 12:
        return date(year, 12, 31).toordinal()
    start = date(year, month, 1).toordinal()
    following = date(year + month // 12, month % 12 + 1, 1).toordinal()
    return start - 1 if day < 1 else following - 1


def _union(sets: Iterable[Days | None]) -> Days:
    spans: list[Span] = []
    for days in sets:
        if days is not None:
            spans += days.spans
    return Days.union(spans)


def _dates(days: Days) -> DaySet:
    return DaySet(offsets=days) if days in (ALL_DAYS, NO_DAYS) else DaySet(dates=days)
