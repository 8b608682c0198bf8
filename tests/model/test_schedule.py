from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.model import Schedule

some_days = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@pytest.mark.parametrize(
    ("text", "grain", "weekday"),
    [
        ("@daily", "day", 0),
        ("@weekly", "week", 0),
        ("@monthly", "month", 0),
        ("@hourly", "hour", 0),
        ("0 3 * * *", "day", 0),
        ("15 * * * *", "hour", 0),
        ("0 2 * * 0", "week", 6),
        ("0 2 * * 1", "week", 0),
        ("0 2 1 * *", "month", 0),
    ],
)
def test_parse_finds_grain_and_weekday(text: str, grain: str, weekday: int) -> None:
    schedule = Schedule.parse(text)
    assert (schedule.grain, schedule.weekday) == (grain, weekday)


WRONG = ["", "daily", "*/5 * * * *", "* * * * *", "0 0 15 * *", "0 0 1 1 *", "a b c d e"]
OUT_OF_RANGE = ["99 99 * * *", "60 0 * * *", "0 24 * * *", "0 0 * * 8", "0 *3 * * *", "0 \u00b2 * * *", "0 2 0 * *"]


@pytest.mark.parametrize("text", WRONG + OUT_OF_RANGE)
def test_other_schedules_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="schedule =="):
        Schedule.parse(text)


@given(some_days, st.sampled_from(["@daily", "@weekly", "@monthly", "0 0 * * 0", "0 0 * * 3"]))
def test_intervals_tile_the_days(day: date, text: str) -> None:
    schedule = Schedule.parse(text)
    first, last = schedule.interval(day)
    assert first <= day <= last
    assert schedule.interval(first) == schedule.interval(last) == (first, last)
    assert schedule.interval(last + timedelta(days=1))[0] == last + timedelta(days=1)
    assert [d for d in schedule.run_days(first, last) if schedule.is_run_day(d)] == schedule.run_days(first, last)
    assert schedule.is_run_day(last)
    assert schedule.last_run_day(last) == last
    assert schedule.last_run_day(day) <= day


def test_a_week_is_named_by_its_last_day() -> None:
    assert Schedule.parse("@weekly").run_days(date(2026, 1, 1), date(2026, 1, 31)) == [
        date(2026, 1, 4),
        date(2026, 1, 11),
        date(2026, 1, 18),
        date(2026, 1, 25),
    ]
    assert Schedule.parse("@monthly").run_days(date(2024, 1, 15), date(2024, 3, 30)) == [
        date(2024, 1, 31),
        date(2024, 2, 29),
    ]
