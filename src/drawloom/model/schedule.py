"""Schedules: which days are the name of a partition, and the interval each one covers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from drawloom.model.days import add_months, start_of

Grain = Literal["hour", "day", "week", "month"]

_NAMED: dict[str, tuple[Grain, int]] = {
    "@hourly": ("hour", 0),
    "@daily": ("day", 0),
    "@weekly": ("week", 0),
    "@monthly": ("month", 0),
}

_CRON_RANGES = (range(60), range(24), range(1, 32), range(1, 13), range(8))  # minute, hour, day, month, weekday


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often a pipeline runs. A week or a month fills one partition, named by its last day.

    ``weekday`` is the first day of the week, 0 for Monday; ``@weekly`` is Monday to Sunday, as in date_trunc.
    ``timezone`` is where its days begin and end.
    """

    text: str = "@daily"
    grain: Grain = "day"
    weekday: int = 0
    timezone: str = "UTC"

    @classmethod
    def parse(cls, text: str, timezone: str = "UTC") -> Schedule:
        """Read ``@hourly``, ``@daily``, ``@weekly``, ``@monthly`` or a cron of one of these rhythms.

        Raises:
            ValueError: the text is none of them.
        """
        if text in _NAMED:
            grain, weekday = _NAMED[text]
            return cls(text, grain, weekday, timezone)
        fields = text.split()
        if len(fields) != 5 or not all(map(_is_in_range, fields, _CRON_RANGES)):
            raise ValueError(
                f"schedule == {text!r}, must be @daily, @weekly, @monthly, @hourly or a cron of that rhythm"
            )
        return cls(text, *_cron(text, *fields), timezone)

    def is_run_day(self, day: date) -> bool:
        """Whether this day is the name of a partition."""
        return self.interval(day)[1] == day

    def last_run_day(self, day: date) -> date:
        """The newest day up to this one that is the name of a partition."""
        first, last = self.interval(day)
        return last if last <= day else first - timedelta(days=1)

    def interval(self, day: date) -> tuple[date, date]:
        """First and last day of the interval that contains this day."""
        if self.grain == "week":
            first = day - timedelta(days=(day.weekday() - self.weekday) % 7)
            return first, first + timedelta(days=6)
        if self.grain == "month":
            first = start_of("month", day)
            return first, add_months(first, 1) - timedelta(days=1)
        return day, day

    def run_days(self, first: date, last: date) -> list[date]:
        """All days from first to last, both included, that are names of partitions."""
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        return days if self.grain in {"hour", "day"} else [day for day in days if self.is_run_day(day)]


def _is_in_range(field: str, values: range) -> bool:
    return field == "*" or (field.isascii() and field.isdigit() and int(field) in values)


def _cron(text: str, minute: str, hour: str, day: str, month: str, weekday: str) -> tuple[Grain, int]:
    match (hour, day, month, weekday):
        case ("*", "*", "*", "*") if minute != "*":
            return "hour", 0
        case (_, "*", "*", "*") if minute != "*":
            return "day", 0
        case (_, "*", "*", _) if "*" not in minute + hour:
            return "week", (int(weekday) - 1) % 7
        case (_, "1", "*", "*") if "*" not in minute + hour:
            return "month", 0
    raise ValueError(f"schedule == {text!r}, must run once an hour, a day, a week or a month (on the 1st)")
