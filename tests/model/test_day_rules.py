"""Rules of days in words."""

from __future__ import annotations

from datetime import date

import pytest

from drawloom.model import Days, Read
from drawloom.model.day_rules import days_in_words, rule_text
from drawloom.model.days import Bound

TODAY = Bound()
D = date(2026, 1, 1)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (Read("t", Days.parse("-6..0"), "offset"), "-6..0"),
        (Read("t", how="fixed", dates=((D, D),)), "2026-01-01"),
        (Read("t"), "all"),
        (Read("t", how="calendar", calendar=((Bound("month"), TODAY),)), "month to date"),
        (Read("t", how="calendar", calendar=((Bound("week_sunday"), TODAY),)), "week from Sunday to date"),
        (
            Read("t", how="calendar", calendar=((Bound("month", -1), Bound("month", 0, -1)),)),
            "start of month - 1 month .. start of month - 1 day",
        ),
        (
            Read("t", how="calendar", calendar=((Bound("day", -1),) * 2, (None, Bound("year", 0, 2)))),
            "day - 1 month, ... .. start of year + 2 days",
        ),
        (Read("t", Days.parse("-31..0"), "calendar"), "-31..0"),
        (Read("t", how="calendar", calendar=((Bound(days=-6), TODAY), (TODAY, TODAY))), "-6..0, 0"),
        (Read("t", how="calendar", calendar=((None, TODAY),), within=(D, None)), "2026-01-01 to date"),
        (Read("t", how="calendar", calendar=((None, Bound(days=-1)),), within=(D, None)), "2026-01-01 .. -1"),
        (Read("t", how="calendar", calendar=((TODAY, None),), within=(None, D)), "0 .. 2026-01-01"),
        (
            Read("t", how="calendar", calendar=((Bound("month"), TODAY),), within=(D, None)),
            "month to date from 2026-01-01 on",
        ),
    ],
)
def test_rules(read: Read, text: str) -> None:
    assert rule_text(read) == text


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (Read("t", Days.parse("0"), "offset"), "the day itself"),
        (Read("t", Days.parse("-1"), "offset"), "the day before"),
        (Read("t", Days.parse("-3,1"), "offset"), "3 days before, and the day after"),
        (Read("t", Days.parse("-6..0"), "offset"), "the 7 days that end on the day itself"),
        (Read("t", Days.parse("-7..-1"), "offset"), "the 7 days that end the day before"),
        (Read("t", Days.parse("*..-1"), "offset"), "all days up to the day before"),
        (Read("t", Days.parse("*..*"), "offset"), "all days"),
        (Read("t", Days.parse("2..*"), "offset"), "all days from 2 days after on"),
        (Read("t", Days(), "offset"), "no days"),
        (Read("t", how="fixed", dates=((D, D),)), "always 2026-01-01"),
        (Read("t"), "all days: no bound was found"),
        (Read("t", how="calendar", calendar=((Bound("month"), TODAY),)), "month to date"),
        (Read("t", Days.parse("-31..0"), "calendar"), "days that change with the calendar, within -31..0"),
    ],
)
def test_words(read: Read, text: str) -> None:
    assert days_in_words(read) == text
