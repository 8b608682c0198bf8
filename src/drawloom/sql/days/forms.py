"""The forms in which an expression holds days (a DATE, a time, a text of some pattern), and how texts compare as days."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Literal

from drawloom.model import NONE as NO_DAYS
from drawloom.model import Days
from drawloom.model.days import add_months
from drawloom.sql.days.day_set import Grain, days_allowed
from drawloom.sql.days.functions import last_day, plain_pattern, shape, sorts_by_bytes, strptime, trunc
from drawloom.sql.days.values import PerProbe, Value, parse_time

Kind = Literal["date", "time", "text", "number", "other"]
_FIRST, _LAST = date(1000, 1, 1).toordinal(), date(9899, 12, 31).toordinal()
_IN_ORDER = "YmdHMS"
_END_OF_DAY = time(23, 59, 59, 999999)
LAST, PLUS, NUMBER = "LAST ", "PLUS ", "NUMBER "
"""Beginnings of the names of what is done to a day that is no truncation: the last day, months later, a part as a number."""
_NODASH = re.compile(r"\d{8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Form:
    """How a column or expression holds its days.

    Attributes:
        kind: its type; ``other`` for what may hold anything.
        pattern: of a text, by percent signs; None for a text that came about by a cast, or that is stored as one (``of`` text).
        of: for a cast, what was cast; None where that is not known.
    """

    kind: Kind
    pattern: str | None = None
    of: Kind | None = None

    @property
    def tells_the_day(self) -> bool:
        """Whether two equal values of this form are of one day."""
        return self.kind != "other" and (
            self.pattern is None or all(code in self.pattern for code in ("%Y", "%m", "%d"))
        )

    def is_ordered_like(self, other: Form | None) -> bool:
        """Whether two forms compare with each other as their days do."""
        if other is None or self.kind != "text" or other.kind != "text":
            plain = [one for one in (self, other) if one is not None]
            return all(one.kind in ("date", "time") or (one.kind == "text" and one == STORED_TEXT) for one in plain)
        return self == other


STORED_TEXT = Form("text", of="text")


def form_of_type(kind: str) -> Form | None:
    """How a column of this type holds days."""
    name = kind.upper()
    if name == "DATE":
        return Form("date")
    if name.startswith(("TIMESTAMP", "DATETIME")):
        return Form("time")
    if name.startswith(("VARCHAR", "TEXT", "STRING", "CHAR")):
        return STORED_TEXT
    return Form("number") if name.endswith(("INT", "INTEGER")) else None


def form_of_constant(value: Value) -> Form | None:
    """How a constant holds its day."""
    sample = value[0] if type(value) is PerProbe else value
    if isinstance(sample, date):
        return Form("time" if isinstance(sample, datetime) else "date")
    return STORED_TEXT if isinstance(sample, str) else None


def form_of_pattern(pattern: str) -> Form:
    """The form of a text by a pattern; ``other`` where the pattern is not known."""
    try:
        return Form("text", plain_pattern(pattern))
    except ValueError:
        return Form("other")


def days_of_text(operator: str, text: str, form: Form, grain: Grain, unit: str | None, dialect: str) -> Days | None:
    """The days for which the text of a day compares so with another text; None for all days."""
    texts = _texts(form, grain, unit)
    if texts is None:
        return _days_equal(operator, text, form.pattern or "")
    known = [shape(one) for one in texts(date(2024, 7, 17))]
    if not sorts_by_bytes(dialect) and shape(text) not in known and operator != "=":
        return None
    found = _days_compared(operator, text, texts)
    if form.pattern is None and form.of in (None, "text", "number") and _NODASH.fullmatch(text) and found is not None:
        stored_so = days_allowed(operator, text, grain)
        return None if stored_so is None else found | stored_so
    return found


def _texts(form: Form, grain: Grain, unit: str | None) -> Callable[[date], tuple[str, str]] | None:
    """The first and the last text that a day can have; None where texts are not in the order of the days."""
    pattern = form.pattern if form.pattern is not None else _pattern_of_cast(form)
    codes = "".join(re.findall("%(.)", pattern))
    if not codes or not _IN_ORDER.startswith(codes):
        return None
    exact = grain == "day" or (unit is not None and not unit.startswith(PLUS))

    def texts(day: date) -> tuple[str, str]:
        start = stepped(day, unit) if unit else day
        first = datetime.combine(start, time())
        last = first if exact else datetime.combine(start, _END_OF_DAY)
        if form.pattern is not None or form.of == "date":
            return first.strftime(pattern), last.strftime(pattern)
        if form.of == "time":
            return first.strftime(pattern), last.strftime(pattern) + ("" if exact else ".999999")
        # Not known whether it is a day or a time: 2024-07-17, 2024-07-17 00:00:00 or 2024-07-17T00:00:00Z.
        return str(start), str(start) if exact and form.of == "text" else f"{start} 00:00:00" if exact else f"{start}~"

    return texts


def stepped(day: date, unit: str) -> date:
    """The day truncated to a unit, or the last day of it, or months later; all of them keep the order of days."""
    if unit.startswith(LAST):
        return last_day(day, unit.removeprefix(LAST)) or day
    if unit.startswith(PLUS):
        return add_months(day, int(unit.removeprefix(PLUS)))
    start: date = trunc(day, unit)
    return start


def days_of_step(operator: str, value: date, grain: Grain, unit: str) -> Days | None:
    """The days for which a step of theirs, or of a time in them, compares so with a day or time."""
    wanted = value if isinstance(value, datetime) else datetime.combine(value, time())
    end = time() if grain == "day" or not unit.startswith(PLUS) else _END_OF_DAY

    def moments(day: date) -> tuple[datetime, datetime]:
        start = stepped(day, unit)
        return datetime.combine(start, time()), datetime.combine(start, end)

    return _days_compared(operator, wanted, moments)


def days_of_year(operator: str, year: int | Decimal) -> Days | None:
    """The days whose year compares so with a number."""
    return _days_compared(operator, year, lambda day: (day.year, day.year))


def _pattern_of_cast(form: Form) -> str:
    return "%Y-%m-%d %H:%M:%S" if form.of == "time" else "%Y-%m-%d"


def _days_compared(operator: str, text: Any, texts: Callable[[date], tuple[Any, Any]]) -> Days | None:
    """The days for which some value from a day's first to its last one compares so."""

    def first_day(is_reached: Callable[[Any, Any], bool]) -> int:
        return (
            bisect_left(range(_FIRST, _LAST + 1), True, key=lambda n: is_reached(*texts(date.fromordinal(n)))) + _FIRST
        )

    match operator:
        case ">=":
            return _from(first_day(lambda _low, high: high >= text))
        case ">":
            return _from(first_day(lambda _low, high: high > text))
        case "<=":
            return _up_to(first_day(lambda low, _high: low > text) - 1)
        case "<":
            return _up_to(first_day(lambda low, _high: low >= text) - 1)
    first, after = first_day(lambda _low, high: high >= text), first_day(lambda low, _high: low > text)
    equal = Days.span(first, after - 1) if first < after else NO_DAYS
    if operator == "=":
        return equal
    exact = all(len(set(texts(date.fromordinal(n)))) == 1 for n in {first, max(first, after - 1)} if n <= _LAST)
    return ~equal if exact else None


def _from(first: int) -> Days:
    return NO_DAYS if first > _LAST else Days.span(None if first == _FIRST else first, None)


def _up_to(last: int) -> Days:
    return NO_DAYS if last < _FIRST else Days.span(None, None if last == _LAST else last)


def _days_equal(operator: str, text: str, pattern: str) -> Days | None:
    """The one day that a text in another order stands for, such as 17.07.2024."""
    moment = strptime(text, pattern) if operator == "=" and pattern else None
    return Days.of(moment.toordinal()) if isinstance(moment, date) else None


def is_time_text(value: object) -> bool:
    """Whether a value is a text with a time of day, which some engines cut and others do not."""
    return isinstance(value, str) and isinstance(parse_time(value), datetime)
