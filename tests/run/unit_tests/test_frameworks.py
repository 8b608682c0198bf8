"""The rows that frameworks are proved with come out of unit tests, too; and a wrong one fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from drawloom.run.project import Project
from drawloom.run.unit_tests.load import Loaded
from drawloom.run.unit_tests.runner import Outcome, TestRunner
from drawloom.specs.unit_test import UnitTest
from drawloom.testing import FrameworkCase
from tests.frameworks.experiments.raw_case import case as experiment_case
from tests.frameworks.growth.golden import VISITS
from tests.run.unit_tests.conftest import loaded, states, told
from tests.testing.test_engines import funnel_case
from tests.testing.toys import install_funnel

pytestmark = pytest.mark.unmeasured
DAYS = [date(2026, 1, 25), date(2026, 1, 26), date(2026, 1, 27)]
GROWTH = """kind: growth
name: visitors
source: web.visits
entity: rider_id
activities: {visits: true}
until: "forever: a test"
"""


def run_case(case: FrameworkCase, folder: Path, expect: Mapping[str, Any], days: Sequence[date]) -> Outcome:
    """One unit test with the rows of a case, over all of its days."""
    case.write_project(folder, "duckdb")
    test = UnitTest.model_validate({"ds": tuple(days), "given": dict(case.rows), "expect": dict(expect)})
    with Project.load(folder) as project, TestRunner(project) as runner:
        return runner.run(Loaded("case", test, folder))


@pytest.mark.nightly
def test_experiments_and_their_metrics(tmp_path: Path) -> None:
    case = experiment_case()
    days = case.days
    expect = {**case.expected, "metrics.rides": {"check": "SELECT 1 FROM metrics.rides HAVING count(*) = 0"}}
    outcome = run_case(case, tmp_path / "right", expect, days)
    assert (outcome.state, told([outcome])) == ("passed", "")

    units: Any = case.expected["experiments.pink_units"]
    wrong = [dict(row) for row in units]
    wrong[0] |= {"exposures": wrong[0]["exposures"] + 1}
    outcome = run_case(case, tmp_path / "wrong", {**expect, "experiments.pink_units": wrong}, days)
    assert [(one.table, one.ds) for one in outcome.differences] == [("experiments.pink_units", wrong[0]["ds"])]


STATE = """
back_after_a_day:
  ds: 2026-01-27
  given:
    web.visits: [{rider_id: 1}, {rider_id: 2}]
    growth.visitors_state:
      2026-01-26: |
        rider_id, visits_first, visits_last, visits_bits, entities
        1, 2026-01-25, 2026-01-26, 3, 1
        3, 2026-01-26, 2026-01-26, 1, 1
  expect:
    growth.visitors:
      contains:
        - {window_days: 1, step: day, active: 2, new: 1, retained: 1, resurrected: 0, churned: 1, stale: 0, ever: 3}
    growth.visitors_state:
      - {rider_id: 1, visits_first: 2026-01-25, visits_last: 2026-01-27, visits_bits: 7}
      - {rider_id: 2, visits_first: 2026-01-27, visits_last: 2026-01-27, visits_bits: 1}
      - {rider_id: 3, visits_first: 2026-01-26, visits_last: 2026-01-26, visits_bits: 2}
"""


def test_growth_continues_the_state_of_yesterday(tmp_path: Path) -> None:
    """The whole pipeline runs on the state that is given; on another state other numbers come out, and the test fails."""
    visits = [row for row in VISITS.events() if row["ds"] in DAYS]
    FrameworkCase(GROWTH, {"web.visits": visits}).write_project(tmp_path / "growth", "duckdb")
    with Project.load(tmp_path / "growth") as project, TestRunner(project) as runner:
        (right,) = runner.run_all(loaded(STATE))
        assert (right.state, told([right]), right.differences) == ("passed", "", ())
        (wrong,) = runner.run_all(loaded(STATE.replace("        3, 2026-01-26, 2026-01-26, 1, 1\n", "")))
        assert {one.table for one in wrong.differences} == {"growth.visitors", "growth.visitors_state"}
        later = STATE.replace("2026-01-26: |", "2026-01-25: |")
        (older,) = runner.run_all(loaded(later))
        assert older.state == "failed"
        assert older.notes == ("The rows of growth.visitors_state on 2026-01-25 are on days that are not read.",)


def test_rows_of_a_family_go_to_the_members_that_they_name(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_funnel(monkeypatch, root)
    case = funnel_case(root, "raw")
    case.write_project(tmp_path, "duckdb")
    text = """
ends:
  ds: 2026-01-06
  given:
    funnels.all:
      - {funnel: short, number: 1, entities: 7}
      - {funnel: short, number: 2, entities: 4}
      - {funnel: signup, number: 1, entities: 1}
  expect:
    funnels.ends: [{funnel: short, steps: 2, entities: 4}]
"""
    with Project.load(tmp_path) as project, TestRunner(project) as runner:
        outcomes = runner.run_all(loaded(text))
        assert (states(outcomes), told(outcomes)) == (["passed"], "")
        (none,) = runner.run_all(loaded(text.replace("funnel: signup", "funnel: other")))
        assert "row of funnels.all == funnel = other, must name one member." in told([none])
        (some,) = runner.run_all(loaded(text.replace("funnel: signup, ", "")))
        assert "funnel = not given, must name one member. There are: funnel = signup; funnel = short." in told([some])
        (family,) = runner.run_all(loaded("f:\n  ds: 2026-01-06\n  expect: {funnels.all: []}\n"))
        assert "table == funnels.all, must be the name of one table." in told([family])
