from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.model import Bound, Days, Schedule
from drawloom.model.days import Anchor
from drawloom.sql.days.infer_reads import covering_span, infer_calendar_rules, infer_read
from drawloom.sql.template.probe_days import REPORTED_DAYS, dense_runs, probe_runs, reported_days, runs_near
from tests.helpers import examples

RUNS = [run.day for run in probe_runs(Schedule())]
DENSE = [run.day for run in dense_runs(Schedule())]
Of = Callable[[date], Days]


def measured(days_of: Of, days: Sequence[date] = RUNS) -> list[tuple[date, Days]]:
    return [(day, days_of(day)) for day in days]


def inferred(days_of: Of, others: Sequence[date] = ()) -> str:
    found = infer_read("t", measured(days_of), measured(days_of, others), lambda: measured(days_of, DENSE))
    return f"{found.how} {found.days} {len(found.calendar)}"


def test_all_offset_fixed_and_calendar_reads() -> None:
    fixed = date(2024, 3, 1).toordinal()
    assert inferred(lambda day: Days.span(-6, 0)) == "offset -6..0 0"
    assert inferred(lambda day: Days.span(None, None)) == "all *..* 0"
    assert inferred(lambda day: Days.span(None, None) if day.day == 1 else Days.of(0)) == "all *..* 0"
    assert inferred(lambda day: Days.of(fixed - day.toordinal())) == "fixed *..* 0"
    assert inferred(lambda day: Days.span(1 - day.day, 0)) == "calendar -30..0 1"
    assert inferred(lambda day: Days()) == "offset  0"


def test_a_span_around_all_days_where_no_rule_fits() -> None:
    assert inferred(lambda day: Days.of(-3 if day.weekday() == 0 else -1)) == "calendar -3..-1 0"
    assert inferred(lambda day: Days.of(0) if day.day == 1 else Days()) == "calendar 0 0"
    assert inferred(lambda day: Days.of(-day.day % 5, 0)) == "calendar 0..4 0"


def test_the_span_is_open_where_a_date_is_fixed() -> None:
    since = date(2018, 1, 1).toordinal()
    assert inferred(lambda day: Days.span(since - day.toordinal(), 0)) == "calendar *..0 1"
    assert inferred(lambda day: Days.span(None, 0) if day.day > 3 else Days.span(-2, 0)) == "calendar *..0 0"


def test_a_rule_that_fails_near_a_fixed_date_is_rejected() -> None:
    one = date(2024, 9, 5)

    def days_of(day: date) -> Days:
        return Days.span(None, -6) | Days.of((one - day).days) if one <= day else Days.span(None, -6)

    near = [run.day for run in runs_near([one], Schedule())]
    assert inferred(days_of) == "offset *..-6 0"
    assert inferred(days_of, near) == "calendar *..0 0"


def test_a_limit_between_two_runs_is_no_rule() -> None:
    one = date(2024, 3, 20)
    assert one not in RUNS

    def days_of(day: date) -> Days:
        return Days.of(0) if day >= one else Days()

    near = [run.day for run in runs_near([one], Schedule())]
    assert infer_read("t", measured(days_of), [], lambda: measured(days_of, DENSE)).within == (None, None)
    assert infer_read("t", measured(days_of), measured(days_of, near), list).within == (one, None)


def test_rules_for_two_spans() -> None:
    found = infer_read("t", measured(lambda day: Days.of(0, -day.day - 300)), [], list)
    assert found.calendar == ((Bound("month", 0, -301), Bound("month", 0, -301)), (Bound("day"), Bound("day")))
    assert found.measured[0][0] == min(RUNS)


def test_rules_for_spans_that_meet_or_are_empty_on_some_days() -> None:
    ends = infer_read("t", measured(lambda day: Days.of(-1, -day.day)), [], list)
    assert ends.calendar == ((Bound("month", 0, -1),) * 2, (Bound("day", 0, -1),) * 2)
    assert ends.on(date(2026, 3, 17)) == ((date(2026, 2, 28),) * 2, (date(2026, 3, 16),) * 2)
    assert ends.on(date(2026, 3, 2)) == ((date(2026, 2, 28), date(2026, 3, 1)),)
    assert ends.on(date(2026, 3, 1)) == ((date(2026, 2, 28),) * 2,)
    assert ends.offsets == Days.of(-1)
    before = infer_read("t", measured(lambda day: Days.span(1 - day.day, -1)), [], list)
    assert before.calendar == ((Bound("month"), Bound("day", 0, -1)),)
    assert before.on(date(2026, 3, 1)) == ()
    assert before.offsets == Days()


ANCHORS = st.sampled_from(("day", "week", "week_sunday", "month", "quarter", "year"))


@examples(quick=30, nightly=300)
@given(anchor=ANCHORS, months=st.integers(-13, 13), days=st.integers(-20, 20))
def test_every_calendar_rule_is_inferred(anchor: Anchor, months: int, days: int) -> None:
    wanted = Bound(anchor, 0 if anchor.startswith("week") else months, days)
    pairs = measured(lambda day: Days.of((wanted.on(day) - day).days))
    rules = infer_calendar_rules(pairs)
    for first, last in rules:
        assert first is not None
        assert first == last
        assert all(first.on(day) == wanted.on(day) for day in DENSE)
    assert rules


def test_rules_with_open_ends() -> None:
    assert infer_calendar_rules(measured(lambda day: Days.span(None, -day.day))) == ((None, Bound("month", 0, -1)),)
    assert infer_calendar_rules(measured(lambda day: Days.span(None if day.day > 5 else -9, -day.day))) == ()


def test_the_span_of_nothing_is_empty() -> None:
    assert covering_span([]) == Days.span(None, None)


@pytest.mark.parametrize("schedule", ["@daily", "@weekly", "@monthly", "@hourly"])
def test_probe_days_are_run_days(schedule: str) -> None:
    made = Schedule.parse(schedule)
    runs = probe_runs(made)
    assert all(made.is_run_day(run.day) for run in runs)
    assert len(set(runs)) == len(runs)
    assert set(reported_days(made)) <= {run.day for run in runs}
    assert len({run.hour for run in runs}) == (5 if schedule == "@hourly" else 1)


def test_probe_days_include_month_ends_leap_days_and_weekdays() -> None:
    assert set(REPORTED_DAYS) <= set(RUNS)
    assert {day.weekday() for day in RUNS} == set(range(7))
    assert date(2024, 2, 29) in RUNS
    lengths = {day.day for day in RUNS if (day + timedelta(days=1)).day == 1}
    assert lengths == {28, 29, 30, 31}
