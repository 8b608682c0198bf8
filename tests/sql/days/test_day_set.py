from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.model import Days
from drawloom.sql.days.day_set import ALL, NONE, DaySet, Grain, ProbeDays, days_allowed
from drawloom.sql.days.values import UNKNOWN, PerProbe
from tests.helpers import examples

DAYS = [date(2024, 7, 17), date(2024, 3, 1), date(2025, 1, 1)]
PROBE_DAYS = ProbeDays(DAYS)
SPANS = st.tuples(st.integers(-5, 5), st.integers(-5, 5)).map(lambda pair: Days.span(*pair))
DATES = SPANS.map(lambda days: DaySet(dates=days.shift(DAYS[0].toordinal())) if days else NONE)
EACH = st.tuples(SPANS, SPANS, SPANS).map(PROBE_DAYS.from_offsets)
SETS = st.one_of(SPANS.map(lambda days: DaySet(offsets=days)), DATES, EACH, st.sampled_from([ALL, NONE]))
RULES = examples(quick=50, nightly=400)


def at(days: DaySet) -> tuple[Days, ...]:
    return days.at(PROBE_DAYS.ordinals)


@RULES
@given(one=SETS, two=SETS)
def test_set_operations_hold_at_every_probe_day(one: DaySet, two: DaySet) -> None:
    pairs = list(zip(at(one), at(two), strict=True))
    assert at(PROBE_DAYS.intersect(one, two)) == tuple(a & b for a, b in pairs)
    assert at(PROBE_DAYS.union([one, two])) == tuple(a | b for a, b in pairs)
    assert at(PROBE_DAYS.subtract(one, two)) == tuple(a - b for a, b in pairs)


@RULES
@given(one=SETS, by=st.integers(-3, 3))
def test_shifts_and_open_ends_hold_at_every_probe_day(one: DaySet, by: int) -> None:
    assert at(PROBE_DAYS.shift(one, by)) == tuple(days.shift(by) for days in at(one))
    assert at(PROBE_DAYS.shift(one, PerProbe([by, 0, 1]))) == tuple(
        days.shift(n) for days, n in zip(at(one), [by, 0, 1], strict=True)
    )
    firsts = tuple(Days.span(days.first, None) if days else days for days in at(one))
    assert at(PROBE_DAYS.from_first(one)) == firsts
    lasts = tuple(Days.span(None, days.last) if days else days for days in at(one))
    assert at(PROBE_DAYS.up_to_last(one)) == lasts


def test_a_shift_by_an_unknown_number_gives_all_days() -> None:
    assert PROBE_DAYS.shift(DaySet(offsets=Days.of(0)), UNKNOWN) == ALL


def test_days_where_a_comparison_holds() -> None:
    assert PROBE_DAYS.days_where(lambda value: days_allowed("=", value, "day"), UNKNOWN) == ALL
    assert PROBE_DAYS.days_where(lambda value: days_allowed("=", value, "day"), "no day") == ALL
    moving = PerProbe(["2024-07-16", "2024-02-29", "2024-12-31"])
    assert PROBE_DAYS.days_where(lambda value: days_allowed("=", value, "day"), moving) == DaySet(offsets=Days.of(-1))
    assert PROBE_DAYS.days_where(lambda value: days_allowed("=", value, "day"), PerProbe(["x", "y", "z"])) == ALL


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
def test_days_allowed_by_an_operator(operator: str, value: object, grain: Grain, days: str | None) -> None:
    found = days_allowed(operator, value, grain)
    assert (None if found is None else str(found.shift(-AT))) == days
