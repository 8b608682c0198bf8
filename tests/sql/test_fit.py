from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drawloom.model import Bound, Days, Schedule
from drawloom.model.days import Anchor
from drawloom.sql.fit import fit, fit_rules, hull
from drawloom.sql.probes import SHOWN, around, dense, probes, shown

RUNS = [point.day for point in probes(Schedule())]
DENSE = [point.day for point in dense(Schedule())]
Of = Callable[[date], Days]


def measured(of: Of, days: Sequence[date] = RUNS) -> list[tuple[date, Days]]:
    return [(day, of(day)) for day in days]


def by(of: Of, others: Sequence[date] = ()) -> str:
    found = fit("t", measured(of), measured(of, others), lambda: measured(of, DENSE))
    return f"{found.how} {found.days} {len(found.calendar)}"


def test_kinds() -> None:
    fixed = date(2024, 3, 1).toordinal()
    assert by(lambda day: Days.span(-6, 0)) == "offset -6..0 0"
    assert by(lambda day: Days.span(None, None)) == "all *..* 0"
    assert by(lambda day: Days.span(None, None) if day.day == 1 else Days.of(0)) == "all *..* 0"
    assert by(lambda day: Days.of(fixed - day.toordinal())) == "fixed *..* 0"
    assert by(lambda day: Days.span(1 - day.day, 0)) == "calendar -30..0 1"
    assert by(lambda day: Days()) == "offset  0"


def test_a_hull_where_no_rule_fits() -> None:
    assert by(lambda day: Days.of(-3 if day.weekday() == 0 else -1)) == "calendar -3..-1 0"
    assert by(lambda day: Days.of(0) if day.day == 1 else Days()) == "calendar 0 0"
    assert by(lambda day: Days.of(-day.day % 5, 0)) == "calendar 0..4 0"


def test_a_hull_is_open_where_a_date_stays() -> None:
    since = date(2018, 1, 1).toordinal()
    assert by(lambda day: Days.span(since - day.toordinal(), 0)) == "calendar *..0 0"
    assert by(lambda day: Days.span(None, 0) if day.day > 3 else Days.span(-2, 0)) == "calendar *..0 0"


def test_what_does_not_hold_near_a_fixed_date() -> None:
    one = date(2024, 9, 5)

    def of(day: date) -> Days:
        return Days.span(None, -6) | Days.of((one - day).days) if one <= day else Days.span(None, -6)

    near = [point.day for point in around([one], Schedule())]
    assert by(of) == "offset *..-6 0"
    assert by(of, near) == "calendar *..0 0"


def test_two_spans() -> None:
    found = fit("t", measured(lambda day: Days.of(0, -day.day - 300)), [], list)
    assert found.calendar == ((Bound("month", 0, -301), Bound("month", 0, -301)), (Bound("day"), Bound("day")))
    assert found.measured[0][0] == min(RUNS)


def test_spans_that_meet_or_are_empty_on_some_days() -> None:
    ends = fit("t", measured(lambda day: Days.of(-1, -day.day)), [], list)
    assert ends.calendar == ((Bound("month", 0, -1),) * 2, (Bound("day", 0, -1),) * 2)
    assert ends.on(date(2026, 3, 17)) == ((date(2026, 2, 28),) * 2, (date(2026, 3, 16),) * 2)
    assert ends.on(date(2026, 3, 2)) == ((date(2026, 2, 28), date(2026, 3, 1)),)
    assert ends.on(date(2026, 3, 1)) == ((date(2026, 2, 28),) * 2,)
    assert ends.offsets == Days.of(-1)
    before = fit("t", measured(lambda day: Days.span(1 - day.day, -1)), [], list)
    assert before.calendar == ((Bound("month"), Bound("day", 0, -1)),)
    assert before.on(date(2026, 3, 1)) == ()
    assert before.offsets == Days()


ANCHORS = st.sampled_from(("day", "week", "week_sunday", "month", "quarter", "year"))


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(anchor=ANCHORS, months=st.integers(-13, 13), days=st.integers(-20, 20))
def test_rules_are_found_again(anchor: Anchor, months: int, days: int) -> None:
    wanted = Bound(anchor, 0 if anchor.startswith("week") else months, days)
    pairs = measured(lambda day: Days.of((wanted.on(day) - day).days))
    rules = fit_rules(pairs)
    for first, last in rules:
        assert first is not None
        assert first == last
        assert all(first.on(day) == wanted.on(day) for day in DENSE)
    assert rules


def test_open_ends_of_rules() -> None:
    assert fit_rules(measured(lambda day: Days.span(None, -day.day))) == ((None, Bound("month", 0, -1)),)
    assert fit_rules(measured(lambda day: Days.span(None if day.day > 5 else -9, -day.day))) == ()


def test_hull_of_nothing() -> None:
    assert hull([]) == Days.span(None, None)


@pytest.mark.parametrize("schedule", ["@daily", "@weekly", "@monthly", "@hourly"])
def test_probes_are_runs(schedule: str) -> None:
    made = Schedule.parse(schedule)
    points = probes(made)
    assert all(made.is_run_day(point.day) for point in points)
    assert len(set(points)) == len(points)
    assert set(shown(made)) <= {point.day for point in points}
    assert len({point.hour for point in points}) == (5 if schedule == "@hourly" else 1)


def test_probes_meet_every_odd_day() -> None:
    assert set(SHOWN) <= set(RUNS)
    assert {day.weekday() for day in RUNS} == set(range(7))
    assert date(2024, 2, 29) in RUNS
    lengths = {day.day for day in RUNS if (day + timedelta(days=1)).day == 1}
    assert lengths == {28, 29, 30, 31}
