"""One step by itself: what it waits for."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from drawloom.run.job import Job
from drawloom.run.project import Project
from tests.integration.airflow.project import land, write_project


def day(number: int) -> date:
    return date(2026, 1, number)


def job(project: Project, *days: int) -> Job:
    (pipeline,) = project.named(["core.totals"])
    return Job(project, project.pipelines, pipeline, "core.totals", [day(n) for n in days])


def test_a_range_does_not_wait_for_days_that_it_fills_itself(tmp_path: Path) -> None:
    with Project.load(write_project(tmp_path / "project")) as project:
        assert job(project, 1, 2, 3).missing == [("core.visits", day(n)) for n in (1, 2, 3)]
        assert job(project, 3).missing == [("core.totals", day(2)), ("core.visits", day(3))]


def test_it_does_not_wait_for_a_yesterday_that_is_there(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    land(root, day(1))
    with Project.load(root) as project:
        project.run(project.plan(["core.totals"], day(1), day(1)))
        assert job(project, 1).missing == []
        assert job(project, 2).missing == [("core.visits", day(2))]
