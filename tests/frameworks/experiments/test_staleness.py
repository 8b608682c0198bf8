"""What a change makes stale: an experiment is computed again only for its own metrics, and never for another experiment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from drawloom.run.project import Project
from tests.frameworks.experiments.rides import DAYS, METRICS, experiment, rows, write_project

pytestmark = pytest.mark.unmeasured

RIDES = experiment("exact", window=2, metrics={"goal": "rides", "secondary": "fare_per_ride"})
WAITS = experiment("include", exposure_day="include", metrics={"goal": ["longest", "wait_median"]})


def run(root: Path) -> tuple[dict[str, set[str]], dict[str, dict[Any, str]]]:
    """Run what is to do; the tables by outcome, and the content hashes of all partitions."""
    with Project.load(root) as project:
        summary = project.run()
        assert summary.exit_code == 0
        done: dict[str, set[str]] = {}
        for result in summary.results:
            done.setdefault(result.outcome, set()).add(result.table)
        records = project.registry.records()
        return done, {table: {ds: one.content for ds, one in days.items()} for table, days in records.items()}


def planned(root: Path) -> set[str]:
    with Project.load(root) as project:
        return {partition.key[0] for partition in project.plan().todo}


def test_changes_reach_the_experiments_that_read_them(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project", {"rides.yml": METRICS, "rides_only.yml": RIDES, "waits.yml": WAITS})
    before = run(root)[1]

    other = experiment("exclude", exposure_day="exclude", window=1)
    (root / "specs" / "other.yml").write_text(yaml.safe_dump(other, sort_keys=False))
    new = {f"experiments.exclude{ending}" for ending in ("", "_units", "_counts", "_statistics", "_health")}
    assert planned(root) == new, "a new experiment computes no other one again"
    (root / "specs" / "other.yml").unlink()

    # Another metric in front of all, and one that is measured in another way.
    changed = METRICS.replace("metrics:\n", "metrics:\n  events: {type: count}\n", 1)
    changed = changed.replace("value: wait_seconds, higher_is", "value: wait_seconds + 1, higher_is")
    (root / "specs" / "rides.yml").write_text(changed)
    with Project.load(root) as project:
        todo = {one.key[0]: one.reason for one in project.plan().todo}
    stale = {"metrics.rides", *(f"experiments.include{ending}" for ending in ("", "_statistics", "_health"))}
    assert todo.keys() == stale, "the plan knows it before the run"
    assert todo["metrics.rides"] == "code changed: events, longest"
    assert todo["experiments.include_statistics"].startswith("input metrics.rides 2026-03-")
    done, after = run(root)
    assert done == {"written": stale}, "nothing else is computed, not even to find that it is the same"
    assert {table for table in after if after[table] != before[table]} == stale
    assert planned(root) == set()


def test_new_rows_reach_the_experiments_whose_metrics_they_change(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project", {"rides.yml": METRICS, "rides_only.yml": RIDES, "waits.yml": WAITS})
    before = run(root)[1]
    tables = rows()
    for ride in tables["core.rides"]:
        if ride["ds"] == DAYS[6]:
            ride["fare"] += 1
    write_project(tmp_path / "again", {}, tables)
    file = f"input/core.rides/{DAYS[6]}.parquet"
    (root / file).write_bytes((tmp_path / "again" / file).read_bytes())
    done, after = run(root)
    stale = {"metrics.rides", *(f"experiments.exact{ending}" for ending in ("", "_statistics", "_health"))}
    # Its waits are other rows of the same repository, whose values of that day are the same.
    assert done["fresh"] == {f"experiments.include{ending}" for ending in ("", "_statistics", "_health")}
    assert {table for table in after if after[table] != before[table]} <= stale
    assert done["written"] == {"metrics.rides", "experiments.exact", "experiments.exact_statistics"}
    assert planned(root) == set()
