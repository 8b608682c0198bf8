"""What a project looks at, and when."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from drawloom.engines.staging import STAGING
from drawloom.run import project as projects
from drawloom.run.plan import Plan
from drawloom.run.project import Project
from drawloom.run.world import World
from tests.integration.airflow.project import land, write_project

DAYS = [date(2026, 1, n) for n in (1, 2, 3)]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    root = write_project(tmp_path / "project")
    for ds in DAYS:
        land(root, ds)
    with Project.load(root) as made:
        yield made


@pytest.fixture
def looks(project: Project, monkeypatch: pytest.MonkeyPatch) -> list[Collection[str] | None]:
    """The tables that were looked at, look by look."""
    seen: list[Collection[str] | None] = []
    real = Project.observe

    def observe(self: Project, tables: Collection[str] | None = None) -> World:
        seen.append(tables)
        return real(self, tables)

    monkeypatch.setattr(Project, "observe", observe)
    return seen


def visits(project: Project, **more: Any) -> Plan:
    return project.plan(["core.visits"], DAYS[0], DAYS[-1], **more)


def test_a_run_goes_on_with_what_its_plan_has_just_seen(project: Project, looks: list[Any]) -> None:
    assert {result.outcome for result in project.run(visits(project)).results} == {"written"}
    assert looks == [None]
    plan = visits(project, force=True)
    assert {result.outcome for result in project.run(plan).results} == {"unchanged"}
    assert looks == [None, None]
    assert {result.outcome for result in project.run(plan).results} == {"unchanged"}
    assert len(looks) == 3, "what one run has seen is not what another begins with"


def test_a_run_looks_again_when_its_plan_is_not_of_this_moment(
    project: Project, looks: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = visits(project)
    monkeypatch.setattr(projects, "JUST_NOW", 0.0)
    project.run(plan)
    assert looks == [None, {"raw.visits", "core.visits"}]


def test_a_run_looks_again_when_something_was_landed_since(project: Project, looks: list[Any], tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("day,n\n2026-01-01,1\n")
    plan = visits(project)
    project.land("raw.more", [str(tmp_path / "more.csv")], ds="day")
    project.run(plan)
    assert len(looks) == 2


def test_a_run_that_drops_what_has_expired_does_not_look_again(project: Project, looks: list[Any]) -> None:
    project.run(visits(project))
    specs = project.config.root / "specs"
    for path in specs.iterdir():
        if path.stem not in {"visits", "totals"}:
            path.unlink()
    text = (specs / "visits.sql").read_text()
    (specs / "visits.sql").write_text(text.replace("table: core.visits", "table: core.visits\nkeep: 29d"))
    with Project.load(project.config.root) as later:
        plan = later.plan()
        looks.clear()
        results = later.run(plan).results
        assert looks == []
        assert later.engine.days("core.visits") == DAYS[2:]
        assert [(result.ds, result.outcome) for result in results] == [(ds, "written") for ds in DAYS]
        inputs = later.registry.inputs("core.totals")
        assert [list(inputs[ds].get("core.visits", ())) for ds in DAYS] == [[], [], ["2026-01-03"]]


def test_a_run_with_nothing_to_write_sweeps_what_a_killed_one_left(project: Project) -> None:
    """A run may be killed when all is published and only its own folder is left to remove."""
    assert project.run(visits(project)).results
    project.close()
    left = project.lake.root / STAGING / "killed"
    left.mkdir()
    assert project.run(visits(project)).results == ()
    assert not left.exists()
