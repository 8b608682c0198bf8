"""When a project takes a snapshot, and of which tables."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from drawloom.engines.lake.staging import STAGING
from drawloom.run import project as projects
from drawloom.run.plan import Plan
from drawloom.run.project import Project
from drawloom.run.snapshot import WarehouseSnapshot
from tests.integration.airflow.visits_project import land_visits, write_visits_project

DAYS = [date(2026, 1, n) for n in (1, 2, 3)]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    root = write_visits_project(tmp_path / "project")
    for ds in DAYS:
        land_visits(root, ds)
    with Project.load(root) as made:
        yield made


@pytest.fixture
def snapshots(project: Project, monkeypatch: pytest.MonkeyPatch) -> list[Collection[str] | None]:
    """The tables of each snapshot that was taken."""
    taken: list[Collection[str] | None] = []
    real = Project.snapshot

    def snapshot(self: Project, tables: Collection[str] | None = None) -> WarehouseSnapshot:
        taken.append(tables)
        return real(self, tables)

    monkeypatch.setattr(Project, "snapshot", snapshot)
    return taken


def visits(project: Project, **more: Any) -> Plan:
    return project.plan(["core.visits"], DAYS[0], DAYS[-1], **more)


def test_a_run_uses_the_snapshot_of_its_plan(project: Project, snapshots: list[Any]) -> None:
    assert {result.outcome for result in project.run(visits(project)).results} == {"written"}
    assert snapshots == [None]
    plan = visits(project, force=True)
    assert {result.outcome for result in project.run(plan).results} == {"unchanged"}
    assert snapshots == [None, None]
    assert {result.outcome for result in project.run(plan).results} == {"unchanged"}
    assert len(snapshots) == 3, "a run does not use the snapshot of an earlier run"


def test_a_run_takes_a_new_snapshot_when_its_plan_is_old(
    project: Project, snapshots: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = visits(project)
    monkeypatch.setattr(projects, "SNAPSHOT_LIFETIME", 0.0)
    project.run(plan)
    assert snapshots == [None, {"raw.visits", "core.visits"}]


def test_a_run_takes_a_new_snapshot_after_a_landing(project: Project, snapshots: list[Any], tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("day,n\n2026-01-01,1\n")
    plan = visits(project)
    project.land("raw.more", [str(tmp_path / "more.csv")], ds="day")
    project.run(plan)
    assert len(snapshots) == 2


def test_a_run_that_drops_expired_partitions_takes_no_new_snapshot(project: Project, snapshots: list[Any]) -> None:
    project.run(visits(project))
    specs = project.config.root / "specs"
    for path in specs.iterdir():
        if path.stem not in {"visits", "totals"}:
            path.unlink()
    text = (specs / "visits.sql").read_text()
    (specs / "visits.sql").write_text(text.replace("table: core.visits", "table: core.visits\nkeep: 29d"))
    with Project.load(project.config.root) as later:
        plan = later.plan()
        snapshots.clear()
        results = later.run(plan).results
        assert snapshots == []
        assert later.engine.days("core.visits") == DAYS[2:]
        assert [(result.ds, result.outcome) for result in results] == [(ds, "written") for ds in DAYS]
        inputs = later.registry.inputs("core.totals")
        assert [list(inputs[ds].get("core.visits", ())) for ds in DAYS] == [[], [], ["2026-01-03"]]


def test_a_run_with_nothing_to_write_sweeps_staging_files(project: Project) -> None:
    """A run may be killed after it has published everything, before it removes its own folder."""
    assert project.run(visits(project)).results
    project.close()
    left = project.lake.root / STAGING / "killed"
    left.mkdir()
    assert project.run(visits(project)).results == ()
    assert not left.exists()


def test_what_was_swept_in_the_future_is_swept_again(project: Project) -> None:
    """A clock that was years ahead for one run must not put off sweeping for years."""
    project.run(visits(project))
    stamp = project.config.root / ".drawloom" / "swept"
    os.utime(stamp, (4e9, 4e9))
    assert project.run(visits(project, force=True)).results
    assert stamp.stat().st_mtime < 4e9
