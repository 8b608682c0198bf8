from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from drawloom.sql.template.macros import TemplateDateTime, relativedelta
from drawloom.sql.template.weight import LimitError

NOW = TemplateDateTime(2024, 7, 17, 5, 6, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("unit", "first", "last"),
    [
        ("day", "2024-07-17", "2024-07-17"),
        ("week", "2024-07-15", "2024-07-21"),
        ("month", "2024-07-01", "2024-07-31"),
        ("quarter", "2024-07-01", "2024-09-30"),
        ("year", "2024-01-01", "2024-12-31"),
    ],
)
def test_start_and_end_of_units(unit: str, first: str, last: str) -> None:
    assert NOW.start_of(unit).to_datetime_string() == f"{first} 00:00:00"
    assert NOW.end_of(unit).to_datetime_string() == f"{last} 23:59:59"


def test_adding_and_subtracting() -> None:
    assert NOW.add(years=1, months=-5, weeks=1, days=-7, hours=1).to_datetime_string() == "2025-02-17 06:06:07"
    assert TemplateDateTime(2024, 3, 31).subtract(months=1).to_date_string() == "2024-02-29"


def test_pendulum_formats() -> None:
    assert NOW.format("YYYY/MM/DD HH:mm:ss") == "2024/07/17 05:06:07"
    assert NOW.day_of_week == 2


def test_a_time_zone_changes_the_clock_and_maybe_the_day() -> None:
    assert NOW.in_timezone("Asia/Tokyo") == NOW.in_tz("UTC") == NOW
    assert NOW.in_timezone("America/Los_Angeles").to_datetime_string() == "2024-07-16 22:06:07"
    before = TemplateDateTime(2024, 3, 30, 23, 30, tzinfo=UTC).in_timezone("Europe/Paris")
    assert before.add(days=1).to_datetime_string() == "2024-04-01 00:30:00"
    assert before.add(hours=2).to_datetime_string() == "2024-03-31 03:30:00"
    with pytest.raises(LimitError, match="zone == 'Mars', must be a time zone"):
        NOW.in_timezone("Mars")


def test_relativedelta() -> None:
    assert NOW - relativedelta(months=1, day=1) == TemplateDateTime(2024, 6, 1, 5, 6, 7, tzinfo=UTC)
    assert date(2024, 1, 31) + relativedelta(months=1) == date(2024, 2, 29)
    assert datetime(2024, 1, 31, 5, tzinfo=UTC) + relativedelta(days=1) == datetime(2024, 2, 1, 5, tzinfo=UTC)
