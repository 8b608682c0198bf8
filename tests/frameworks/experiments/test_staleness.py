"""What a change makes stale: an experiment is computed again only for its own metrics, and never for another experiment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from drawloom.run.project import Project
from tests.frameworks.experiments.rides import METRICS, experiment, write_project

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
    done, after = run(root)
    assert done == {
        "written": {"metrics.rides", *(f"experiments.include{ending}" for ending in ("", "_statistics", "_health"))},
        # It looks again, as the partitions that it reads are others, and finds the same.
        "unchanged": {"experiments.exact_statistics"},
        "fresh": {"experiments.exact", "experiments.exact_health"},
    }
    assert {table for table in after if after[table] != before[table]} == done["written"]
    assert planned(root) == set()
