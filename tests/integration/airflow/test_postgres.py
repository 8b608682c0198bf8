"""Airflow with its metadata in a real PostgreSQL, as deployments have it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from drawloom.airflow.client import Client
from drawloom.airflow.install import install
from drawloom.airflow.standalone import LocalAirflow, processes
from drawloom.run.project import Project
from tests.integration.airflow.conftest import AirflowUnderTest
from tests.integration.airflow.visits_project import land_visits, write_visits_project
from tests.servers.postgres import Server, serving

pytestmark = [pytest.mark.integration, pytest.mark.nightly]


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "postgres") as server:
        yield server


@pytest.fixture
def on_postgres(postgres: Server, tmp_path: Path) -> Iterator[AirflowUnderTest]:
    root = write_visits_project(tmp_path / "project")
    land_visits(root, date(2026, 1, 1), date(2026, 1, 3))
    settings = {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{postgres.url}",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": f"postgresql+asyncpg://{postgres.url}",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "DRAWLOOM_AIRFLOW_INTERVAL": "2",
        "NO_PROXY": "127.0.0.1",
    }
    local = LocalAirflow(root / ".drawloom" / "airflow", settings=settings)
    with Project.load(root) as project:
        install(project, local.dags)
    local.start()
    try:
        local.wait()
        with Client(local.url, login=local.login) as client:
            airflow = AirflowUnderTest(root, local, client, [])
            airflow.until("the DAGs", lambda: len(client.get("/dags")["dags"]) >= 7)
            yield airflow
    finally:
        local.stop()
        assert not list(processes(local.home)), "processes were left behind"


def test_a_run_with_airflows_metadata_in_postgres(postgres: Server, on_postgres: AirflowUnderTest) -> None:
    dag, span = "visits.core.visits", {"from": "2026-01-01", "to": "2026-01-03"}
    run = on_postgres.trigger(dag, **span)
    assert on_postgres.ended(dag, run) == "success"
    assert {ds for table, ds in on_postgres.contents() if table == "core.visits"} == {
        date(2026, 1, number) for number in (1, 2, 3)
    }
    found = postgres.run_sql(f"SELECT task_id, state FROM task_instance WHERE run_id = '{run}' ORDER BY task_id")
    assert found == [("core.visits", "success"), ("wait.raw.visits", "success")]
    assert not list(on_postgres.local.home.rglob("airflow.db")), "nothing is kept in SQLite"
