"""Runs of the DAGs by ``dag.test()``, with a real metadata database and the real triggers, in this process."""

from __future__ import annotations

import contextlib
import io
import logging
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from runpy import run_path
from threading import Timer
from typing import Any

import pytest
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session

from drawloom.airflow.install import install
from drawloom.run.project import Project
from tests.airflow.conftest import HOME
from tests.integration.airflow.project import land, write_project

FOLDER = HOME / "dags"


@dataclass(frozen=True)
class Ended:
    """How a run came out: its state, that of its tasks, and what it logged."""

    state: str
    tasks: dict[str, str]
    log: str


RunDag = Callable[..., Ended]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = write_project(tmp_path_factory.mktemp("visits") / "project")
    land(root, date(2026, 1, 1), date(2026, 1, 10))
    (root / "tried").touch()
    with Project.load(root) as project:
        install(project, FOLDER)
    yield root
    shutil.rmtree(FOLDER)


@pytest.fixture(scope="module")
def run_dag(root: Path) -> RunDag:
    with _quiet():
        from airflow.utils.db import initdb

        initdb()

    def run(name: str, moment: datetime | None = None, **conf: Any) -> Ended:
        said = io.StringIO()
        with _quiet(said):
            ended = read_dag(name).test(logical_date=moment, run_conf=conf)  # which keeps the parameters in the DAG
        with create_session() as session:
            tasks = {t.task_id: str(t.state) for t in session.query(TaskInstance).filter_by(run_id=ended.run_id)}
            session.query(DagRun).delete()  # dag.test() clears and waits for the earlier runs of a DAG
        return Ended(str(ended.state), tasks, said.getvalue())

    return run


def read_dag(name: str) -> Any:
    found = run_path(str(FOLDER / "drawloom_visits.py"))
    return next(dag for dag in found.values() if getattr(dag, "dag_id", "") == f"visits.{name}")


@contextlib.contextmanager
def _quiet(said: io.StringIO | None = None) -> Iterator[None]:
    root = logging.getLogger()
    handlers = list(root.handlers)
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(said or io.StringIO()),
        contextlib.redirect_stderr(said or sys.stderr),
    ):
        warnings.simplefilter("ignore")
        yield
    root.handlers[:] = handlers


def contents(root: Path) -> dict[tuple[str, date], str]:
    with Project.load(root) as project:
        records = project.observe().records
    return {(table, ds): record.content for table, days in records.items() for ds, record in days.items()}


def day(number: int) -> date:
    return date(2026, 1, number)


def test_ranges_and_days_equal_the_local_runner(root: Path, run_dag: RunDag, tmp_path: Path) -> None:
    assert run_dag("core.visits", **{"from": "2026-01-01", "to": "2026-01-10"}).state == "success"
    assert run_dag("people", **{"from": "2026-01-01", "to": "2026-01-08"}).state == "success"
    for number in (9, 10):
        assert run_dag("people", **{"from": f"2026-01-{number:02d}", "to": f"2026-01-{number:02d}"}).state == "success"
    assert run_dag("core.shaky", **{"from": "2026-01-03", "to": "2026-01-04"}).state == "success"
    other = write_project(tmp_path / "project")
    (other / "tried").touch()
    shutil.copytree(root / "landing", other / "landing")
    with Project.load(other) as project:
        project.run(project.plan())
    ours, theirs = contents(root), contents(other)
    assert {table for table, _ in ours} >= {"core.visits", "core.shaky", "growth.people"}
    kept = {key: content for key, content in ours.items() if key in theirs}
    assert len([key for key in kept if key[0] == "growth.people"]) == 10
    assert kept == {key: theirs[key] for key in kept}


def test_fresh_days_of_a_range_are_skipped_and_force_writes_them(root: Path, run_dag: RunDag) -> None:
    span = {"from": "2026-01-01", "to": "2026-01-03"}
    run_dag("core.visits", **span)
    again = run_dag("core.visits", **span)
    assert again.tasks == {"wait.raw.visits": "success", "core.visits": "skipped"}
    before = contents(root)
    forced = run_dag("core.visits", force=True, **span)
    assert forced.tasks["core.visits"] == "success"
    assert "core.visits 2026-01-02 unchanged" in forced.log
    assert contents(root) == before


def test_a_run_without_key_fills_the_newest_day_up_to_its_logical_date(root: Path, run_dag: RunDag) -> None:
    land(root, day(31))
    assert run_dag("core.visits", datetime(2026, 1, 2, 12, tzinfo=UTC)).state == "success"
    assert run_dag("core.visits").state == "success"
    assert {("core.visits", day(2)), ("core.visits", day(31))} <= contents(root).keys()


def test_a_sensor_waits_for_what_is_not_there(root: Path, run_dag: RunDag) -> None:
    later = Timer(1.5, land, (root, day(20)))
    later.start()
    ended = run_dag("core.visits", **{"from": "2026-01-20", "to": "2026-01-20"})
    later.join()
    assert ended.state == "success"
    assert "waiting for raw.visits: 1 of 1 days" in ended.log


def test_a_step_waits_by_itself_for_what_no_sensor_knows(root: Path, run_dag: RunDag) -> None:
    """The sensor has let it through, and then a partition was dropped."""
    land(root, day(21))
    run_dag("core.visits", **{"from": "2026-01-21", "to": "2026-01-21"})
    path = root / "lake/core/visits/ds=2026-01-21/part-0.parquet"
    hidden = path.rename(root / "hidden.parquet")
    later = Timer(2.5, lambda: hidden.rename(path))
    later.start()
    from drawloom.airflow.operators import StepOperator

    dag = read_dag("core.shaky")
    wait, step = dag.get_task("wait.core.visits"), dag.get_task("core.shaky")
    assert isinstance(step, StepOperator)
    step.upstream_task_ids.clear()
    wait.downstream_task_ids.clear()
    said = io.StringIO()
    with _quiet(said):
        ended = dag.test(logical_date=None, run_conf={"from": "2026-01-21", "to": "2026-01-21"})
    later.join()
    assert str(ended.state) == "success"
    assert "waiting for core.visits: 2026-01-21" in said.getvalue()


@pytest.mark.parametrize(
    ("conf", "message"),
    [
        ({"from": "2026-01-01"}, "must be both ends of a range, or a key"),
        ({"from": "2026-02-01", "to": "2026-02-01"}, "must be a day from 2026-01-01 to 2026-01-31"),
        ({"from": "2026-01-05", "to": "2026-01-01"}, "must hold a day that names a partition"),
    ],
)
def test_bad_input_fails_at_once(run_dag: RunDag, conf: dict[str, str], message: str) -> None:
    ended = run_dag("core.visits", **conf)
    assert ended.state == "failed"
    assert ended.tasks["wait.raw.visits"] == "failed"
    assert message in ended.log


def test_expired_days_are_not_written(root: Path, run_dag: RunDag) -> None:
    ended = run_dag("people", **{"from": "2026-01-02", "to": "2026-01-02", "force": "true"})
    assert ended.state == "failed", "force is no boolean"
    ended = run_dag("people", **{"from": "2026-01-02", "to": "2026-01-02"}, force=True)
    assert ended.tasks["growth.people_state"] == "skipped"
    assert ended.tasks["growth.people_counts"] == "success", "it goes on from the beginning"
    assert "older than the 7 days that are kept" in ended.log
