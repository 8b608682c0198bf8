"""Probe days: the runs that a text is rendered for, to see which days it reads as the run's day moves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from drawloom.model import Schedule

REFERENCE = date(2024, 7, 17)
REPORTED_DAYS = (date(2023, 3, 31), REFERENCE, date(2025, 1, 1))
# A rule that counts by days, weeks, months, quarters or years and holds on all of these holds on every day: they are
# starts and ends of months of every length, leap days, starts and ends of quarters and years, every day of the week.
_DAYS = (
    *REPORTED_DAYS,
    *(date(2023, 1, 1), date(2023, 2, 28), date(2023, 3, 1), date(2023, 7, 1), date(2023, 10, 1), date(2023, 10, 2)),
    *(
        date(2023, 12, 31),
        date(2024, 1, 29),
        date(2024, 1, 30),
        date(2024, 1, 31),
        date(2024, 2, 28),
        date(2024, 2, 29),
    ),
    *(date(2024, 3, 1), date(2024, 3, 31), date(2024, 4, 30), date(2024, 5, 31), date(2024, 6, 30), date(2024, 8, 15)),
    *(date(2024, 10, 10), date(2024, 11, 15), date(2024, 11, 16), date(2024, 11, 18), date(2024, 12, 30)),
    *(date(2024, 12, 31), date(2025, 3, 30), date(2026, 5, 5)),
)
_DAYS_AROUND_A_DATE = (-400, -45, -15, -7, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 18, 25, 31, 45, 61, 92, 400)
_HOURS = (0, 1, 5, 12, 23)
_DENSE_YEARS = (date(2023, 1, 1), date(2025, 1, 1))
_FAR_YEARS = range(1970, 2101)


@dataclass(frozen=True, slots=True)
class ProbeRun:
    """A run that a text is rendered for: the day that it fills, and the hour of an hourly one."""

    day: date
    hour: int = 0


@lru_cache(maxsize=16)
def probe_runs(schedule: Schedule) -> tuple[ProbeRun, ...]:
    """The runs that every text is rendered for, the reference day first."""
    hourly = schedule.grain == "hour"
    days = _DAYS[:12] if hourly else _DAYS
    return runs_on([REFERENCE, *days], schedule)


@lru_cache(maxsize=16)
def dense_runs(schedule: Schedule) -> tuple[ProbeRun, ...]:
    """Every run of two years, one of them a leap year."""
    count = (_DENSE_YEARS[1] - _DENSE_YEARS[0]).days
    return runs_on([_DENSE_YEARS[0] + timedelta(days=n) for n in range(count)], schedule)


@lru_cache(maxsize=16)
def far_runs(schedule: Schedule) -> tuple[ProbeRun, ...]:
    """One run of each year from 1970 to 2100, in different months: a text may do something else from some year on."""
    return runs_on([date(year, year % 12 + 1, year % 28 + 1) for year in _FAR_YEARS], schedule)


def runs_near(dates: Iterable[date], schedule: Schedule) -> tuple[ProbeRun, ...]:
    """Runs near some fixed dates, before and after them."""
    days = [day + timedelta(days=n) for day in dates if 1990 <= day.year <= 2100 for n in _DAYS_AROUND_A_DATE]
    return runs_on(days, schedule)


def reported_days(schedule: Schedule) -> tuple[date, ...]:
    """The run days for which the JSON of an analysis lists the days of a calendar read."""
    return tuple(sorted({schedule.interval(day)[1] for day in REPORTED_DAYS}))


def runs_on(days: Iterable[date], schedule: Schedule) -> tuple[ProbeRun, ...]:
    """The runs that fill these days, or the intervals that they are in."""
    hours = _HOURS if schedule.grain == "hour" else (0,)
    runs = dict.fromkeys(schedule.interval(day)[1] for day in days)
    return tuple(ProbeRun(day, hour) for day in runs for hour in hours)
