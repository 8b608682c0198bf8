"""What a project looks at, and when."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

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
