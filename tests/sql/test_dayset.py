from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drawloom.model import Days
from drawloom.sql.dayset import ALL, NONE, DaySet, Grain, Probed, allowed
from drawloom.sql.values import UNKNOWN, Moving

DAYS = [date(2024, 7, 17), date(2024, 3, 1), date(2025, 1, 1)]
PROBED = Probed(DAYS)
SPANS = st.tuples(st.integers(-5, 5), st.integers(-5, 5)).map(lambda pair: Days.span(*pair))
DATES = SPANS.map(lambda days: DaySet(dates=days.shift(DAYS[0].toordinal())) if days else NONE)
EACH = st.tuples(SPANS, SPANS, SPANS).map(PROBED.offsets)
SETS = st.one_of(SPANS.map(lambda days: DaySet(offsets=days)), DATES, EACH, st.sampled_from([ALL, NONE]))
RULES = settings(max_examples=200, deadline=None, derandomize=True, database=None)


def at(days: DaySet) -> tuple[Days, ...]:
    return days.at(PROBED.ordinals)


@RULES
@given(one=SETS, two=SETS)
def test_sets_at_every_probe(one: DaySet, two: DaySet) -> None:
    pairs = list(zip(at(one), at(two), strict=True))
    assert at(PROBED.both(one, two)) == tuple(a & b for a, b in pairs)
    assert at(PROBED.either([one, two])) == tuple(a | b for a, b in pairs)
    assert at(PROBED.apart(one, two)) == tuple(a - b for a, b in pairs)


@RULES
@given(one=SETS, by=st.integers(-3, 3))
def test_changes(one: DaySet, by: int) -> None:
    assert at(PROBED.shift(one, by)) == tuple(days.shift(by) for days in at(one))
    assert at(PROBED.shift(one, Moving([by, 0, 1]))) == tuple(
        days.shift(n) for days, n in zip(at(one), [by, 0, 1], strict=True)
    )
    firsts = tuple(Days.span(days.first, None) if days else days for days in at(one))
    assert at(PROBED.from_first(one)) == firsts
    lasts = tuple(Days.span(None, days.last) if days else days for days in at(one))
    assert at(PROBED.up_to_last(one)) == lasts


def test_shift_by_something_unknown() -> None:
    assert PROBED.shift(DaySet(offsets=Days.of(0)), UNKNOWN) == ALL


def test_compared() -> None:
    assert PROBED.compared(lambda value: allowed("=", value, "day"), UNKNOWN) == ALL
    assert PROBED.compared(lambda value: allowed("=", value, "day"), "no day") == ALL
    moving = Moving(["2024-07-16", "2024-02-29", "2024-12-31"])
    assert PROBED.compared(lambda value: allowed("=", value, "day"), moving) == DaySet(offsets=Days.of(-1))
    assert PROBED.compared(lambda value: allowed("=", value, "day"), Moving(["x", "y", "z"])) == ALL


DAY = date(2024, 7, 17)
AT = DAY.toordinal()


@pytest.mark.parametrize(
    ("operator", "value", "grain", "days"),
    [
        ("=", DAY, "day", "0"),
        ("<>", DAY, "day", "*..-1,1..*"),
        ("<>", DAY, "time", None),
        ("<>", datetime(2024, 7, 17, 5), "day", None),
        (">", DAY, "day", "1..*"),
        (">", DAY, "time", "0..*"),
        (">", DAY, "any", "0..*"),
        (">=", datetime(2024, 7, 17, 5), "day", "1..*"),
        (">=", datetime(2024, 7, 17, 5), "time", "0..*"),
        ("<", datetime(2024, 7, 17), "day", "*..-1"),
        ("<", datetime(2024, 7, 17), "time", "*..-1"),
        ("<", datetime(2024, 7, 17, 5), "time", "*..0"),
        ("<", "2024-07-17 00:00:00", "day", "*..0"),
        ("<", "2024-07-17 00:00:00", "time", "*..-1"),
        (">", "2024-07-17 00:00:00", "day", "0..*"),
        ("<=", "2024-07-17", "day", "*..0"),
        ("<=", "20240717", "day", "*..0"),
        ("=", "US", "day", None),
        ("=", None, "day", ""),
        ("=", True, "day", None),
        ("=", 20240717, "day", "0"),
        ("<", 20240717, "day", "*..-1"),
        (">", 20240700, "day", "-16..*"),
        ("<", 20240800, "day", "*..14"),
        ("<=", 20241301, "day", "*..167"),
        (">=", 20240001, "day", "-198..*"),
        ("=", 20240732, "day", ""),
        ("<>", 20240732, "day", None),
        ("=", 5, "day", None),
        ("=", [], "day", None),
    ],
)
def test_allowed(operator: str, value: object, grain: Grain, days: str | None) -> None:
    found = allowed(operator, value, grain)
    assert (None if found is None else str(found.shift(-AT))) == days
