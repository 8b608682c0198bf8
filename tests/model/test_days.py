from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.model import ALL, NONE, Bound, Days
from drawloom.model.days import add_months, covers, start_of

WINDOW = range(-40, 41)
ends = st.one_of(st.none(), st.integers(-20, 20))
days = st.lists(st.tuples(ends, ends), max_size=4).map(Days.union)


def members(value: Days) -> set[int]:
    return {n for n in WINDOW if n in value}


@given(days, days)
def test_operators_are_those_of_sets(a: Days, b: Days) -> None:
    assert members(a | b) == members(a) | members(b)
    assert members(a & b) == members(a) & members(b)
    assert members(a - b) == members(a) - members(b)
    assert members(~a) == set(WINDOW) - members(a)


@given(days, days)
def test_equal_sets_are_equal_objects(a: Days, b: Days) -> None:
    assert (a | b) == (b | a)
    assert (a & b) == (b & a)
    assert ~~a == a


@given(days, st.integers(-10, 10))
def test_shift_moves_every_member(a: Days, by: int) -> None:
    assert all((n + by in a.shift(by)) == (n in a) for n in range(-20, 21))


@given(days)
def test_text_form_round_trips(a: Days) -> None:
    assert Days.parse(str(a)) == a


def test_text_forms() -> None:
    assert str(Days.span(-6, 0)) == "-6..0"
    assert str(Days.of(-7, -1, 0)) == "-7,-1..0"
    assert str(ALL) == "*..*"
    assert str(NONE) == ""
    assert repr(Days.of(0)) == "Days('0')"


@pytest.mark.parametrize("text", ["x", "1-2", "0...1", "--1"])
def test_bad_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be like 0, -6\.\.0 or \*\.\.0"):
        Days.parse(text)


def test_iteration_and_ends() -> None:
    assert list(Days.of(-2, 0)) == [-2, 0]
    assert Days.of(-2, 0).first == -2
    assert Days.of(-2, 0).last == 0
    assert NONE.first is None
    assert NONE.last is None
    assert not NONE
    with pytest.raises(ValueError, match="must have both ends"):
        list(ALL)


def test_days_as_dates() -> None:
    day = date(2024, 3, 1)
    assert Days.span(-1, 0).on(day) == ((date(2024, 2, 29), day),)
    assert ALL.on(day) == ((None, None),)


@pytest.mark.parametrize(
    ("unit", "first"),
    [
        ("day", date(2024, 5, 16)),
        ("week", date(2024, 5, 13)),
        ("week_sunday", date(2024, 5, 12)),
        ("month", date(2024, 5, 1)),
        ("quarter", date(2024, 4, 1)),
        ("year", date(2024, 1, 1)),
    ],
)
def test_start_of(unit: str, first: date) -> None:
    assert start_of(unit, date(2024, 5, 16)) == first  # type: ignore[arg-type]


def test_months_are_clamped() -> None:
    assert add_months(date(2024, 3, 31), -1) == date(2024, 2, 29)
    assert add_months(date(2023, 12, 5), 1) == date(2024, 1, 5)
    assert Bound("month", 1, -1).on(date(2023, 2, 3)) == date(2023, 2, 28)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(-30, 30))
def test_adding_months_lands_in_that_month(day: date, months: int) -> None:
    moved = add_months(day, months)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months
    assert moved.day <= day.day


def test_covers() -> None:
    day = date(2024, 1, 1)
    assert covers([(None, day)], day)
    assert not covers([(day + timedelta(days=1), None)], day)
