"""Runs of the DAGs by ``dag.test()``, with a real metadata database and the real triggers, in this process."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
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

from drawloom.airflow.connections import set_engine_from_connection, set_from_connection
from drawloom.airflow.dag_run import days_to_fill
from drawloom.airflow.deployed_project import DeployedProject
from drawloom.airflow.install import install
from drawloom.engines.duckdb.engine import DuckDB
from drawloom.model import InputError, Problem, RunError
from drawloom.run.project import Project
from drawloom.run.settings import EngineSettings
from tests.airflow.conftest import HOME
from tests.integration.airflow.visits_project import land_visits, write_visits_project

FOLDER = HOME / "dags"


@dataclass(frozen=True)
class Ended:
    """The final state of a run, and of its tasks."""

    state: str
    tasks: dict[str, str]


RunDag = Callable[..., Ended]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = write_visits_project(tmp_path_factory.mktemp("visits") / "project")
    land_visits(root, date(2026, 1, 1), date(2026, 1, 10))
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

    def run(
        name: str, moment: datetime | None = None, change: Callable[[Any], None] = lambda _: None, **conf: Any
    ) -> Ended:
        dag = read_dag(name)  # loaded again: dag.test() keeps the parameters in it
        change(dag)
        with _quiet():
            ended = dag.test(logical_date=moment, run_conf=conf)
        with create_session() as session:
            tasks = {t.task_id: str(t.state) for t in session.query(TaskInstance).filter_by(run_id=ended.run_id)}
            session.query(DagRun).delete()  # dag.test() clears and waits for the earlier runs of a DAG
        return Ended(str(ended.state), tasks)

    return run


def read_dag(name: str) -> Any:
    found = run_path(str(FOLDER / "drawloom_visits.py"))
    return next(dag for dag in found.values() if getattr(dag, "dag_id", "") == f"visits.{name}")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    root = logging.getLogger()
    handlers = list(root.handlers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    root.handlers[:] = handlers


def contents(root: Path) -> dict[tuple[str, date], str]:
    with Project.load(root) as project:
        records = project.snapshot().records
    return {(table, ds): record.content for table, days in records.items() for ds, record in days.items()}


def day(number: int) -> date:
    return date(2026, 1, number)


@pytest.mark.nightly
def test_ranges_and_days_equal_the_local_runner(root: Path, run_dag: RunDag, tmp_path: Path) -> None:
    assert run_dag("core.visits", **{"from": "2026-01-01", "to": "2026-01-10"}).state == "success"
    assert run_dag("people", **{"from": "2026-01-01", "to": "2026-01-08"}).state == "success"
    for number in (9, 10):
        assert run_dag("people", **{"from": f"2026-01-{number:02d}", "to": f"2026-01-{number:02d}"}).state == "success"
    assert run_dag("core.shaky", **{"from": "2026-01-03", "to": "2026-01-04"}).state == "success"
    kept = compare_with_local_runner(root, tmp_path)
    assert {table for table, _ in kept} >= {"core.visits", "core.shaky", "growth.people"}
    assert len([key for key in kept if key[0] == "growth.people"]) == 10


def compare_with_local_runner(root: Path, tmp_path: Path, *tables: str) -> dict[tuple[str, date], str]:
    """The contents of the partitions that both have, which must be the same; of all tables, or of these."""
    other = write_visits_project(tmp_path / "project")
    (other / "tried").touch()
    shutil.copytree(root / "landing", other / "landing")
    with Project.load(other) as project:
        project.run(project.plan(tables))
    ours, theirs = contents(root), contents(other)
    kept = {key: content for key, content in ours.items() if key in theirs}
    assert kept == {key: theirs[key] for key in kept}
    return kept


@pytest.mark.unmeasured
def test_a_range_and_a_day_equal_the_local_runner(root: Path, run_dag: RunDag, tmp_path: Path) -> None:
    assert run_dag("core.visits", **{"from": "2026-01-01", "to": "2026-01-09"}).state == "success"
    assert run_dag("core.visits", **{"from": "2026-01-10", "to": "2026-01-10"}).state == "success"
    assert len(compare_with_local_runner(root, tmp_path, "core.visits")) == 10


def test_fresh_days_of_a_range_are_skipped_and_force_writes_them(root: Path, run_dag: RunDag) -> None:
    span = {"from": "2026-01-01", "to": "2026-01-03"}
    run_dag("core.visits", **span)
    again = run_dag("core.visits", **span)
    assert again.tasks == {"wait.raw.visits": "success", "core.visits": "skipped"}
    before = contents(root)
    forced = run_dag("core.visits", force=True, **span)
    assert forced.tasks["core.visits"] == "success"
    assert contents(root) == before


def test_a_run_without_a_key_fills_the_newest_day_up_to_its_logical_date(root: Path, run_dag: RunDag) -> None:
    land_visits(root, day(31))
    assert run_dag("core.visits", datetime(2026, 1, 2, 12, tzinfo=UTC)).state == "success"
    assert run_dag("core.visits").state == "success"
    assert {("core.visits", day(2)), ("core.visits", day(31))} <= contents(root).keys()


def test_staging_files_that_cannot_be_removed_fail_no_task(
    root: Path, run_dag: RunDag, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sweep(engine: DuckDB, tables: list[str], sharing: object = None) -> None:
        asked.append(tables)
        raise RunError(Problem("engine-denied", "error", "folder == _runs, must not be touched."))

    asked: list[list[str]] = []
    monkeypatch.setattr(DuckDB, "sweep", sweep)
    span = {"from": "2026-01-01", "to": "2026-01-01"}
    assert run_dag("core.visits", force=True, **span).tasks["core.visits"] == "success"
    assert asked == [["core.visits"]]
    with Project.load(root) as project:
        (root / ".drawloom" / "swept").unlink(missing_ok=True)
        assert project.run(project.plan(["core.visits"], day(1), day(1), force=True)).exit_code == 0
    assert len(asked) == 2
    assert not (root / ".drawloom" / "swept").exists()  # it is tried again


def test_a_sensor_waits_for_a_missing_day(root: Path, run_dag: RunDag) -> None:
    with _soon(lambda: land_visits(root, day(20))):
        ended = run_dag("core.visits", **{"from": "2026-01-20", "to": "2026-01-20"})
    assert ended.state == "success"


def test_a_step_defers_when_an_input_disappears_after_its_sensor(root: Path, run_dag: RunDag) -> None:
    """The sensor has succeeded, and then a partition is dropped."""
    land_visits(root, day(21))
    run_dag("core.visits", **{"from": "2026-01-21", "to": "2026-01-21"})
    path = root / "lake/core/visits/ds=2026-01-21/part-0.parquet"
    hidden = path.rename(root / "hidden.parquet")

    def remove_sensor(dag: Any) -> None:
        dag.get_task("core.shaky").upstream_task_ids.clear()
        dag.get_task("wait.core.visits").downstream_task_ids.clear()

    with _soon(lambda: hidden.rename(path)):
        ended = run_dag("core.shaky", change=remove_sensor, **{"from": "2026-01-21", "to": "2026-01-21"})
    assert ended.tasks["core.shaky"] == "success"


@contextlib.contextmanager
def _soon(do: Callable[[], object]) -> Iterator[None]:
    """Call a function when the run is waiting, or, on a slow machine, just before."""
    timer = Timer(6, do)
    timer.start()
    try:
        yield
    finally:
        timer.join()


def test_bad_input_fails_at_once(run_dag: RunDag) -> None:
    ended = run_dag("core.visits", **{"from": "2026-02-01", "to": "2026-02-01"})
    assert ended.state == "failed"
    assert ended.tasks == {"wait.raw.visits": "failed", "core.visits": "upstream_failed"}


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ({"params": {"from": "2026-01-01"}}, "must be both ends of a range, or a key"),
        ({"params": {"from": "2026-01-05", "to": "2026-01-01"}}, "must hold a day that names a partition"),
        (
            {"params": {"from": "2026-01-01", "to": "2026-01-05"}, "partition_key": "2026-01-01"},
            "without a partition key",
        ),
        ({"params": {}, "partition_key": "soon"}, "must be the day to fill, like 2026-01-31"),
    ],
)
def test_incomplete_ranges_and_bad_keys_are_refused(root: Path, context: dict[str, Any], message: str) -> None:
    assert root.exists()
    with (
        contextlib.closing(DeployedProject(FOLDER / "drawloom_visits")) as project,
        pytest.raises(InputError, match=message),
    ):
        days_to_fill(context, project, "core.visits")  # type: ignore[arg-type]


def test_airflow_connections_replace_missing_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE_URL", "postgres://me:secret@host:5432/db")
    monkeypatch.delenv("WAREHOUSE_URL", raising=False)
    set_from_connection("WAREHOUSE_URL")
    assert os.environ.pop("WAREHOUSE_URL").startswith("postgresql://me:secret@host:5432/db")


@pytest.mark.parametrize(
    ("kind", "connection", "url"),
    [
        (
            "trino",
            {
                "conn_type": "trino",
                "host": "big",
                "port": 8443,
                "login": "me",
                "password": "p/w",
                "extra": {"protocol": "https", "catalog": "lake"},
            },
            "trino://me:p%2Fw@big:8443/lake?http_scheme=https",
        ),
        ("trino", {"conn_type": "trino", "host": "big"}, "trino://drawloom@big:8080/hive"),
        (
            "spark",
            {
                "conn_type": "spark",
                "host": "spark://master",
                "port": 7077,
                "extra": {"metastore": "thrift://meta:9083"},
            },
            "spark://master:7077",
        ),
        ("spark", {"conn_type": "spark", "host": "local[2]"}, "local[2]"),
        ("spark", {"conn_type": "spark_connect", "host": "far", "port": 15002}, "sc://far:15002"),
    ],
)
def test_an_airflow_connection_gives_the_url_of_the_engine(
    monkeypatch: pytest.MonkeyPatch, kind: str, connection: dict[str, Any], url: str
) -> None:
    name = f"DRAWLOOM_{kind.upper()}"
    monkeypatch.setenv(f"AIRFLOW_CONN_{kind.upper()}_DEFAULT", json.dumps(connection))
    for each in (name, "DRAWLOOM_METASTORE"):
        monkeypatch.setenv(each, "x")
        monkeypatch.delenv(each)
    set_engine_from_connection(EngineSettings(kind))
    assert os.environ[name] == url
    assert os.environ.get("DRAWLOOM_METASTORE") == connection.get("extra", {}).get("metastore")


def test_settings_and_environment_win_over_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_TRINO_DEFAULT", json.dumps({"conn_type": "trino", "host": "big"}))
    monkeypatch.setenv("DRAWLOOM_TRINO", "trino://here/hive")
    set_engine_from_connection(EngineSettings("trino"))
    assert os.environ["DRAWLOOM_TRINO"] == "trino://here/hive"
    monkeypatch.delenv("DRAWLOOM_TRINO")
    for engine in (
        EngineSettings("trino", url="trino://there/hive"),
        EngineSettings("duckdb"),
        EngineSettings("spark"),
    ):
        set_engine_from_connection(engine)
    assert "DRAWLOOM_TRINO" not in os.environ


@pytest.mark.unmeasured
def test_expired_days_are_not_written(run_dag: RunDag) -> None:
    run_dag("core.visits", **{"from": "2026-01-01", "to": "2026-01-02"})
    run_dag("people", **{"from": "2026-01-01", "to": "2026-01-01"})
    ended = run_dag("people", **{"from": "2026-01-02", "to": "2026-01-02"}, force=True)
    assert ended.tasks["growth.people_state"] == "skipped"
    assert ended.tasks["growth.people_counts"] == "success", "it is computed from the first day"
