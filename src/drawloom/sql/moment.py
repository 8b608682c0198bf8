"""The date and time that templates work with: a datetime that also has the pendulum methods Airflow users know."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from drawloom.model import days as calendar

_UNITS: dict[str, calendar.Anchor] = {
    "day": "day",
    "week": "week",
    "month": "month",
    "quarter": "quarter",
    "year": "year",
}


class Moment(datetime):
    """A UTC time with the pendulum methods that templates call.

    >>> Moment(2024, 3, 31).subtract(months=1).to_date_string()
    '2024-02-29'
    """

    @classmethod
    def of(cls, day: date, hour: int = 0, tz: Any = None) -> Moment:
        """This hour of a day."""
        return cls(day.year, day.month, day.day, hour, tzinfo=tz)

    def add(
        self, years: int = 0, months: int = 0, weeks: int = 0, days: int = 0, hours: int = 0, **rest: int
    ) -> Moment:
        """This much later; a month that is too short gives its last day."""
        moved = calendar.add_months(self.date(), years * 12 + months)
        step = timedelta(weeks=weeks, days=days, hours=hours, **rest)
        return self.replace(year=moved.year, month=moved.month, day=moved.day) + step

    def subtract(self, **parts: int) -> Moment:
        """This much earlier."""
        return self.add(**{name: -amount for name, amount in parts.items()})

    def start_of(self, unit: str) -> Moment:
        """The first moment of the day, week, month, quarter or year."""
        return Moment.of(calendar.start_of(_UNITS[unit], self.date()), tz=self.tzinfo)

    def end_of(self, unit: str) -> Moment:
        """The last second of the day, week, month, quarter or year."""
        step = {
            "day": {"days": 1},
            "week": {"days": 7},
            "month": {"months": 1},
            "quarter": {"months": 3},
            "year": {"years": 1},
        }
        return self.start_of(unit).add(**step[unit], seconds=-1)

    def to_date_string(self) -> str:
        """Like 2024-07-17."""
        return self.strftime("%Y-%m-%d")

    def to_datetime_string(self) -> str:
        """Like 2024-07-17 00:00:00."""
        return self.strftime("%Y-%m-%d %H:%M:%S")

    def format(self, pattern: str) -> str:
        """By pendulum's tokens: YYYY, MM, DD, HH, mm, ss."""
        for token, code in (("YYYY", "%Y"), ("MM", "%m"), ("DD", "%d"), ("HH", "%H"), ("mm", "%M"), ("ss", "%S")):
            pattern = pattern.replace(token, code)
        return self.strftime(pattern)

    def in_timezone(self, _zone: str) -> Moment:
        """The same time: texts are read as of UTC."""
        return self

    in_tz = in_timezone

    @property
    def day_of_week(self) -> int:
        """0 for Monday."""
        return self.weekday()


def relativedelta(**parts: int) -> Any:
    """A step of years, months, weeks and days, for ``+`` and ``-`` with a date."""
    return _Step({name: amount for name, amount in parts.items() if name.endswith("s")}, _exact(parts))


class _Step:
    __slots__ = ("parts", "set")

    def __init__(self, parts: dict[str, int], exact: dict[str, int]) -> None:
        self.parts = parts
        self.set = exact

    def __radd__(self, day: date) -> Any:
        return self._from(day, 1)

    def __rsub__(self, day: date) -> Any:
        return self._from(day, -1)

    def _from(self, day: date, sign: int) -> Any:
        day = day.replace(**self.set)
        if isinstance(day, Moment):
            return day.add(**{name: sign * amount for name, amount in self.parts.items()})
        moved = Moment.of(day).add(**{name: sign * amount for name, amount in self.parts.items()})
        return datetime.combine(moved, day.timetz()) if isinstance(day, datetime) else moved.date()


def _exact(parts: dict[str, int]) -> dict[str, int]:
    return {name: amount for name, amount in parts.items() if name in ("day", "month", "year")}
