"""Specs that do not fit: each is refused with the value and the rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from drawloom.model import Problem
from drawloom.run.pages import load_page
from drawloom.run.project import Project
from tests.frameworks.experiments.rides import METRICS, START, experiment, write_project

GOOD = experiment("pink", window=7)


def problems(folder: Path, spec: dict[str, Any], metrics: str = METRICS, **others: dict[str, Any]) -> list[Problem]:
    files = {"rides.yml": metrics, "pink.yml": spec, **{f"{name}.yml": other for name, other in others.items()}}
    with Project.load(write_project(folder / "project", files, {})) as project:
        return list(project.check())


@pytest.mark.unmeasured
def test_a_good_one_has_no_problems(tmp_path: Path) -> None:
    assert [p for p in problems(tmp_path, GOOD) if "core." not in p.message] == []


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "unknown metric": ({"metrics": {"goal": ["ride"]}}, "metric == ride, must be one of a metrics spec."),
    "unknown subject": ({"subject": "cookie"}, "subject == cookie, must be a type of subject of rides, whose metrics are used."),
    "endless weight": ({"variants": {"control": 1, "treatment": float("inf")}}, "variants.treatment == inf, must be a number."),
    "zero weight": ({"variants": {"control": 1, "treatment": 0}}, "variants.treatment == 0, must be greater than 0."),
    "negative weight": ({"variants": {"control": -1, "treatment": 1}}, "variants.control == -1, must be greater than 0."),
    "one variant": ({"variants": {"control": 1}}, "must"),
    "baseline": ({"baseline": "contrl"}, "baseline == contrl, must be one of control, treatment."),
    "end before start": ({"end": "2026-03-01"}, "end == 2026-03-01, must not be before the start, 2026-03-04."),
    "no end": ({"end": None}, "end == null, must be a day: an experiment ends."),
    "two ends": ({"max_days": 3}, "max_days == 3, must be left out where there is an `end`."),
    "endless": ({"end": "2028-01-01"}, "end == 2028-01-01, must be at most 366 days after the start, 2026-03-04."),
    "delay": ({"delay": 1, "window": None}, "delay == 1, must have a `window` beside it."),
    "delay of whole days": ({"delay": 1, "exposure_day": "include"}, "must be exact or exclude where there is a `delay`."),
    "no metrics": ({"metrics": {}}, "metrics == {}, must name at least one metric."),
    "two roles": ({"metrics": {"goal": "rides", "guardrail": "rides"}}, "metrics == rides, must have one role only."),
    "cap of what": ({"cap": {"fares": {"value": 3}}}, "cap == fares, must be a metric that the experiment uses"),
    "cap by nothing": ({"cap": {"fare": {}}}, "cap.fare == None, must have `percentile` or `value`."),
    "cut": ({"cuts": ["contry"]}, "cuts == contry, must be a dimension of the assignments or of a metric, or day or week."),
    "cut twice": ({"cuts": ["day", "day"]}, "must not name one twice."),
    "an end of its own": ({"until": "2026-03-20"}, "until == a day, must be left out: it follows from `end` and `window`."),
    "too many days": (
        {"cuts": ["day"], "end": "2026-04-23"},
        "cuts == day, must have at most 50 values, and has up to 51.",
    ),
    "too many weeks": (
        {"cuts": ["week"], "end": "2027-02-28"},
        "cuts == week, must have at most 50 values, and has up to 53.",
    ),
    "too many cells": ({"top": 60}, "top == 60, must be at most 49."),
    "prior": ({"statistics": {"prior": 0.2}}, "statistics.prior == 0.2, must have `test: bayesian` beside it."),
    "condition": ({"assignments": {**GOOD["assignments"], "where": "count(*) > 1"}}, "must be a condition over one row of core.assignments"),
    "nothing": ({"assignments": None}, "assignments == null, must be given, or `statistics` with a table, and not both."),
    "both": ({"statistics": {"table": "core.sums"}}, "must be given, or `statistics` with a table, and not both."),
    "no subject": ({"subject": None}, "subject == null, must be a type of subject of the metrics."),
    "weekly": ({"schedule": "@weekly"}, "schedule == @weekly, must be @daily"),
    "activation by ratio": ({"activation": {"metric": "fare_per_ride"}}, "activation.metric == fare_per_ride, must add up"),
    "unknown source": ({"metrics": {"goal": "bikes.rides"}}, "metric == bikes.rides, must be one of a metrics spec."),
    "window of what": ({"windows": {"far": {"window": 3}}}, "windows.far == far, must be one of `metrics`."),
    "delay of a metric": ({"windows": {"fare": {"delay": 3}}}, "windows.fare.delay == 3, must have a `window` beside it."),
    "delay of a metric, whole days": (
        {"windows": {"fare": {"delay": 3, "window": 2}}, "exposure_day": "include"},
        "must be exact or exclude where there is a `delay`.",
    ),
    "strata of what": ({"statistics": {"post_stratify": "contry"}}, "statistics.post_stratify == contry, must be a dimension of the assignments, or day or week."),
    "strata that are no cut": ({"statistics": {"post_stratify": "country"}}, "statistics.post_stratify == country, must be one of `cuts`: its values are the strata."),
    "strata of events": ({"statistics": {"post_stratify": "product"}, "cuts": ["product"]}, "statistics.post_stratify == product, must be a dimension of the assignments"),
    "looks that fall": ({"statistics": {"sequential": {"looks": [7, 3]}}}, "statistics.sequential.looks == [7, 3], must rise."),
    "looks too late": ({"statistics": {"sequential": {"looks": [7, 30]}}}, "statistics.sequential.looks == [7, 30], must end within the 12 days until 2026-03-15."),
    "looks at a posterior": (
        {"statistics": {"test": "bayesian", "sequential": {"looks": [7]}}},
        "must be left out: a bayesian test has no level to spend.",
    ),
    "spending without looks": ({"statistics": {"sequential": {"spending": "pocock"}}}, "statistics.sequential.spending == pocock, must have `looks` beside it."),
    "name": ({"name": "pink-button"}, "name == pink-button, must be one word of letters, digits and _."),
}  # fmt: skip


@pytest.mark.parametrize("change", CASES.values(), ids=CASES)
def test_what_does_not_fit_is_refused(tmp_path: Path, change: tuple[dict[str, Any], str]) -> None:
    changes, message = change
    spec = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    found = [problem for problem in problems(tmp_path, spec) if message in problem.message]
    assert [problem.severity for problem in found[:1]] == ["error"]
    assert found[0].where.file
    assert Path(found[0].where.file).name == "pink.yml"


def test_exact_days_need_a_time(tmp_path: Path) -> None:
    metrics = METRICS.replace("time: requested_at\n", "")
    found = problems(tmp_path, {**GOOD, "exposure_day": "exact"}, metrics)
    assert any(p.message.startswith("exposure_day == exact, must be include or exclude: rides") for p in found)


def test_experiments_on_the_same_rows_and_days_are_refused(tmp_path: Path) -> None:
    other = {**GOOD, "name": "other", "start": "2026-03-08", "end": "2026-03-20"}
    assert any(
        "must not be that of other (2026-03-08 to 2026-03-20)" in p.message
        for p in problems(tmp_path, GOOD, other=other)
    )
    later = {**other, "start": "2026-03-09"}
    assert not [p for p in problems(tmp_path / "later", GOOD, other=later) if p.code == "overlap"]


def test_a_metric_of_two_sources_must_name_its_own(tmp_path: Path) -> None:
    second = yaml.safe_load(METRICS.replace("name: rides\n", "name: bikes\n"))
    found = problems(tmp_path, GOOD, bikes=second)
    assert any(p.message == "metric == rides, must name its source: there are bikes.rides, rides.rides." for p in found)
    roles = {"goal": ["bikes.rides", "rides.fare_per_ride"]}
    assert not [
        p for p in problems(tmp_path / "named", {**GOOD, "metrics": roles}, bikes=second) if p.code == "unknown-name"
    ]


def test_without_numbers_an_experiment_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drawloom.frameworks.experiments.compile.find_spec", lambda name: None)
    (problem,) = [problem for problem in problems(tmp_path, GOOD) if problem.code == "missing-package"]
    assert problem.message == "kind == experiment, must have numpy and scipy installed to be computed."
    assert problem.fix
    assert problem.fix.title == "pip install 'drawloom[statistics]'"


def test_before_anybody_is_assigned_the_page_says_so(tmp_path: Path) -> None:
    folder = write_project(tmp_path / "project", {"rides.yml": METRICS, "pink.yml": GOOD}, {"core.rides": []})
    config = yaml.safe_load((folder / "drawloom.yml").read_text())
    columns = {"cookie_id": "VARCHAR", "rider_id": "VARCHAR"}
    for name in ("core.assignments", "core.identities"):
        more = dict.fromkeys(("experiment", "variation", "country"), "VARCHAR") | {"assigned_at": "TIMESTAMP"}
        config["sources"][name] = {"files": f"input/{name}/{{ds}}.parquet", "columns": columns | more}
    (folder / "drawloom.yml").write_text(yaml.safe_dump(config))
    with Project.load(folder) as project:
        for _ in range(2):
            page = load_page(project, "pink", {})
            assert page.verdict
            assert page.verdict.text.startswith("There are no results yet: exposures begin on 2026-03-04")
            assert (page.facts, page.blocks) == ((), ())
            assert project.run().exit_code == 3, "it waits for assignments"


def test_a_day_without_assignments_is_a_day_without_units(tmp_path: Path) -> None:
    tables: dict[str, list[Any]] = {"core.rides": [], "core.assignments": [], "core.identities": []}
    folder = write_project(tmp_path / "project", {"rides.yml": METRICS, "pink.yml": GOOD}, tables)
    with Project.load(folder) as project:
        assert project.run(project.plan(["pink"], first=START, last=START, upstream=True)).exit_code == 0
        page = load_page(project, "pink", {})
        assert page.verdict
        assert page.verdict.text == "Nobody was exposed yet."
        (results,) = [rows for block, rows in page.blocks if block.name == "results"]
        assert {row["reason"] for row in results} == {"no-units"}
