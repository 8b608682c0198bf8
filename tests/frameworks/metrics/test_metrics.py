"""The metric repository: the values of each subject, type of subject, metric and day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drawloom.run.project import Project
from drawloom.testing import FrameworkCase
from tests.frameworks.experiments.rides import DAYS, METRICS, rows, write_project

RIDES = rows()["core.rides"]
TWO_SUBJECTS = METRICS.replace("{rider: rider_id}", "{rider: rider_id, product: product}")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    root = write_project(
        tmp_path_factory.mktemp("metrics") / "project", {"rides.yml": TWO_SUBJECTS}, {"core.rides": RIDES}
    )
    with Project.load(root) as opened:
        assert opened.run(opened.plan(last=DAYS[5])).exit_code == 0
        yield opened


def expected(metric: str) -> dict[tuple[Any, ...], tuple[float, int]]:
    """Value and events by day, type of subject, subject and product."""
    found: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for row in RIDES:
        for kind, subject in (("rider", row["rider_id"]), ("product", row["product"])):
            if subject is not None and row["ds"] <= DAYS[5] and (row["status"] == "completed" or metric == "longest"):
                found[row["ds"], kind, subject, row["product"]].append(row)
    of: dict[str, Callable[[list[Any]], Any]] = {
        "rides": len,
        "fare": lambda these: float(sum(row["fare"] for row in these)),
        "rode": lambda these: 1,
        "longest": lambda these: max(row["wait_seconds"] for row in these),
    }
    return {key: (float(of[metric](these)), len(these)) for key, these in found.items()}


@pytest.mark.parametrize("metric", ["rides", "fare", "rode", "longest"])
def test_values_are_those_of_the_events(project: Project, metric: str) -> None:
    found = project.query(f"SELECT * FROM metrics.rides WHERE metric = '{metric}'").to_pylist()
    assert {
        (row["ds"], row["subject_type"], row["subject"], row["product"]): (row["value"], row["events"]) for row in found
    } == expected(metric)


def test_a_quantile_keeps_every_value(project: Project) -> None:
    sql = "SELECT sum(events) AS n, sum(value * events) AS total FROM metrics.repository WHERE source = 'rides' AND metric = 'wait_median' AND subject_type = 'rider'"
    (row,) = project.query(sql).to_pylist()
    waits = [ride["wait_seconds"] for ride in RIDES if ride["rider_id"] is not None and ride["ds"] <= DAYS[5]]
    assert (row["n"], row["total"]) == (len(waits), sum(waits))


def test_rows_that_count_for_nobody_are_counted(tmp_path: Path) -> None:
    with Project.load(write_project(tmp_path / "project", {"rides.yml": METRICS}, {"core.rides": RIDES})) as project:
        summary = project.run(project.plan(first=DAYS[5], last=DAYS[5]))
        assert [warning for result in summary.results for warning in result.warnings if "without a subject" in warning]


def test_values_that_are_no_numbers_below_1e20_are_counted_and_left_out(tmp_path: Path) -> None:
    metrics = """
kind: metrics
name: sensors
source: raw.readings
subjects: {sensor: sensor}
metrics: {total: {type: sum, value: reading}, largest: {type: max, value: reading}, middle: {type: quantile, value: reading, q: 0.5}}
until: "forever: a test"
"""
    readings = [0.1, 0.2, 0.3, float("nan"), float("inf"), -1e300, None]
    rows = [{"ds": DAYS[0], "sensor": f"s{number % 2}", "reading": reading} for number, reading in enumerate(readings)]
    FrameworkCase(metrics, {"raw.readings": rows}).write_project(tmp_path / "project", "duckdb")
    with Project.load(tmp_path / "project") as project:
        (result,) = project.run().results
        found = project.query("SELECT metric, subject, value, events FROM metrics.sensors ORDER BY ALL").to_pylist()
    assert sorted(result.warnings) == [
        f"The check 'rows without a value of {metric}' failed for {DAYS[0]}; it found 1 row: {{\"source_rows\": 4}}."
        for metric in ("largest", "middle", "total")
    ]
    assert [(row["metric"], row["subject"], row["value"], row["events"]) for row in found] == [
        ("largest", "s0", 0.3, 2),
        ("largest", "s1", 0.2, 1),
        ("middle", "s0", 0.1, 1),
        ("middle", "s0", 0.3, 1),
        ("middle", "s1", 0.2, 1),
        ("total", "s0", 0.4, 2),
        ("total", "s1", 0.2, 1),
    ]


CASES = {
    "sum without a value": ("{type: count, where", "{type: sum, where", "metrics.rides == sum, must have `value`."),
    "count with a value": (
        "{type: count, where",
        "{type: count, value: fare, where",
        "must be left out: it is a count.",
    ),
    "no quantile": ("q: 0.5, ", "", "metrics.wait_median == quantile, must have `q`."),
    "unknown part": ("numerator: fare,", "numerator: fares,", "must be a metric of rides."),
    "ratio of a ratio": ("denominator: rides}", "denominator: fare_per_ride}", "must add up, and not be a ratio."),
    "ratio with a condition": (
        "denominator: rides}",
        "denominator: rides, where: fare > 1}",
        "a ratio is made of metrics",
    ),
    "reserved dimension": (
        "[product]",
        "[value]",
        "dimensions == value, must not be the name of another column of the table.",
    ),
    "dimension twice": ("[product]", "[product, Product]", "must not name one twice."),
    "aggregate": ("value: fare", "value: sum(fare)", "must be an expression over one row of core.rides"),
    "name": ("name: rides\n", "name: the-rides\n", "must be one word of letters, digits and _."),
    "weekly": ("owner: metrics", "schedule: '@weekly'\nowner: metrics", "schedule == @weekly, must be @daily"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_does_not_fit_is_refused(tmp_path: Path, case: tuple[str, str, str]) -> None:
    old, new, message = case
    assert old in METRICS
    root = write_project(tmp_path / "project", {"rides.yml": METRICS.replace(old, new)}, {})
    with Project.load(root) as opened:
        assert any(message in problem.message and problem.severity == "error" for problem in opened.check())
