"""Jobs: one step and some days, and the partitions they wait for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from drawloom.run.day_reads import DayReads
from drawloom.run.job import Job
from drawloom.run.plan import State
from drawloom.run.project import Project
from tests.integration.airflow.visits_project import land_visits, write_visits_project


def day(number: int) -> date:
    return date(2026, 1, number)


def job(project: Project, *days: int) -> Job:
    (pipeline,) = project.select(["core.totals"])
    return Job(project, project.pipelines, pipeline, "core.totals", [day(n) for n in days], day_reads=project.day_reads)


def test_a_range_does_not_wait_for_days_that_it_fills_itself(tmp_path: Path) -> None:
    with Project.load(write_visits_project(tmp_path / "project")) as project:
        assert job(project, 1, 2, 3).missing == [("core.visits", day(n)) for n in (1, 2, 3)]
        assert job(project, 3).missing == [("core.totals", day(2)), ("core.visits", day(3))]


def test_a_job_does_not_wait_for_a_yesterday_that_exists(tmp_path: Path) -> None:
    root = write_visits_project(tmp_path / "project")
    land_visits(root, day(1))
    with Project.load(root) as project:
        project.run(project.plan(["core.totals"], day(1), day(1)))
        assert job(project, 1).missing == []
        assert job(project, 2).missing == [("core.visits", day(2))]


def test_a_landed_step_writes_past_days_only_on_request(tmp_path: Path) -> None:
    root = write_visits_project(tmp_path / "project")
    land_visits(root, day(1), day(2))
    with Project.load(root) as project:
        (pipeline,) = project.select(["core.visits"])
        landed = replace(pipeline, steps=tuple(replace(step, landed=True) for step in pipeline.steps))

        def states(number: int, **more: bool) -> list[State]:
            made = Job(
                project, project.pipelines, landed, landed.steps[0].name, [day(number)], day_reads=DayReads(), **more
            )
            return [partition.state for partition in made.plan.partitions]

        assert states(1) == states(1, force=True) == [State.MISSED]
        assert states(1, request=True) == [State.MISSING]
        assert states(project.history.end.day) != [State.MISSED]
