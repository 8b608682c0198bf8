from __future__ import annotations

from datetime import timedelta

import pytest

from tests.frameworks.growth.golden import ALL, COUNTS, Golden
from tests.frameworks.growth.reference import Growth, Spec, text


@pytest.fixture(scope="module", params=ALL)
def golden(request: pytest.FixtureRequest) -> Golden:
    found: Golden = request.param
    return found


@pytest.fixture(scope="module")
def reference(golden: Golden) -> Growth:
    return Growth(Spec(), golden.first, golden.last, golden.events())


def test_accounting_is_as_others_found_it(golden: Golden, reference: Growth) -> None:
    wanted = golden.accounting()
    names = ("ds", "window_days", "step", *COUNTS)
    found = {day: list(reference.growth(day)) for day in {row["ds"] for row in wanted}}
    got = {tuple(row[name] for name in names) for rows in found.values() for row in rows}
    assert {tuple(row[name] for name in names) for row in wanted} <= got
    assert all(len(rows) == 6 for rows in found.values())


def test_quick_ratios_are_as_others_found_them(golden: Golden, reference: Growth) -> None:
    for row in golden.accounting()[::50]:
        (found,) = [
            other
            for other in reference.ratios(row["ds"])
            if (other["window_days"], other["step"]) == (row["window_days"], row["step"])
        ]
        assert found["quick_ratio"] == pytest.approx(row["quick_ratio"])


def test_engagement_is_as_others_found_it(golden: Golden, reference: Growth) -> None:
    wanted = golden.engagement()
    names = ("ds", "window_days", "days_active", "entities")
    days = {row["ds"] for row in wanted}
    got = {tuple(row[name] for name in names) for day in days for row in reference.engagement(day)}
    assert got == {tuple(row[name] for name in names) for row in wanted}


def test_a_window_of_one_day_has_equal_steps(golden: Golden, reference: Growth) -> None:
    for age in range(0, 80, 15):
        rows = [row for row in reference.growth(golden.first + timedelta(age)) if row["window_days"] == 1]
        assert len({str({**row, "step": ""}) for row in rows}) <= 1


def test_values_that_mean_something_are_escaped() -> None:
    values = [None, "(null)", "(other)", "\\x", "\\(other)", "Oslo", "", 7, True]
    assert [text(value) for value in values] == [
        "(null)",
        "\\(null)",
        "\\(other)",
        "\\\\x",
        "\\\\(other)",
        "Oslo",
        "",
        "7",
        "true",
    ]
