"""One Airflow for all tests of this folder: started by drawloom itself, driven over its REST API."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from drawloom.airflow.client import Client
from drawloom.airflow.install import install
from drawloom.airflow.standalone import LocalAirflow, processes
from drawloom.run.project import Project
from tests.integration.airflow.visits_project import land_visits, write_visits_project

PATIENCE = 180.0
VIEWER = "vera"  # who may only look
FOREIGN = '''\
"""DAGs of a user, scheduled on drawloom tables; dag airflow."""
from datetime import datetime
from pathlib import Path

from airflow.sdk import DAG, Asset, PartitionedAssetTimetable, task

for name, asset in {"on_visits": Asset.ref(name="core.visits"), "on_raw": Asset.ref(name="raw.visits")}.items():
    with DAG(name, schedule=PartitionedAssetTimetable(assets=asset), start_date=datetime(2026, 1, 1)) as dag:

        @task
        def note(name, partition_key=None):
            with (Path(__file__).parents[3] / f"{name}.txt").open("a") as file:
                file.write(f"{partition_key}\\n")

        note(name)
    globals()[name] = dag
'''


class Webhook:
    """A web server that keeps the bodies of POST requests."""

    def __init__(self) -> None:
        received: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                received.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
                """Log nothing."""

        self.received = received
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])


@dataclass
class AirflowUnderTest:
    """A project and a running Airflow with its DAGs, a client for it, and what a webhook received."""

    root: Path
    local: LocalAirflow
    client: Client
    received: list[str]

    def until(self, what: str, true: Callable[[], Any], patience: float = PATIENCE) -> Any:
        """Wait until a function returns something true, and return that."""
        end = time.monotonic() + patience
        while not (found := true()):
            if time.monotonic() > end:
                pytest.fail(f"{what} did not come within {patience} s")
            time.sleep(0.5)
        return found

    def trigger(self, dag: str, key: str | None = None, **conf: Any) -> str:
        """Start a run; return its id."""
        body: dict[str, Any] = {"logical_date": None, "conf": conf} | ({"partition_key": key} if key else {})
        run: str = self.client.post(f"/dags/{dag}/dagRuns", **body)["dag_run_id"]
        return run

    def ended(self, dag: str, run: str) -> str:
        """Wait for a run; return its final state."""

        def state() -> Any:
            found = self.client.get(f"/dags/{dag}/dagRuns/{run}")["state"]
            return found if found in {"success", "failed"} else None

        found: str = self.until(f"the end of {dag} {run}", state)
        return found

    def tasks(self, dag: str, run: str) -> dict[str, dict[str, Any]]:
        """The task instances of a run."""
        found = self.client.get(f"/dags/{dag}/dagRuns/{run}/taskInstances")["task_instances"]
        return {task["task_id"]: task for task in found}

    def log(self, dag: str, run: str, task: str, attempt: int = 1) -> str:
        """The text of a task's log."""
        found = self.client.get(f"/dags/{dag}/dagRuns/{run}/taskInstances/{task}/logs/{attempt}", full_content=True)
        return "\n".join(str(line.get("event")) + _error(line) for line in found["content"])

    def contents(self) -> dict[tuple[str, date], str]:
        """The content hash of every partition."""
        return contents(self.root)

    def install(self) -> None:
        """Install again, as a deployment does after a change of specs."""
        with Project.load(self.root) as project:
            install(project, self.local.dags)

    def versions(self, dag: str) -> int:
        """The number of versions that Airflow has of a DAG."""
        return int(self.client.get(f"/dags/{dag}/dagVersions")["total_entries"])


def _error(line: dict[str, Any]) -> str:
    return "".join(f"\n{error['exc_value']}" for error in line.get("error_detail") or ())


def contents(root: Path) -> dict[tuple[str, date], str]:
    """The content hash of every partition of a project."""
    with Project.load(root) as project:
        snapshot = project.snapshot()
        return {(table, ds): record.content for table, days in snapshot.records.items() for ds, record in days.items()}


@pytest.fixture(scope="session")
def visits(airflow: AirflowUnderTest) -> str:
    """The run that has filled ten days of core.visits at once."""
    run = airflow.trigger("visits.core.visits", **{"from": "2026-01-01", "to": "2026-01-10"})
    assert airflow.ended("visits.core.visits", run) == "success"
    return run


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowUnderTest]:
    root = write_visits_project(tmp_path_factory.mktemp("visits") / "project")
    land_visits(root, date(2026, 1, 1), date(2026, 1, 10))
    hook = Webhook()
    settings = {
        "AIRFLOW_CONN_HOOK": f"http://127.0.0.1:{hook.port}",
        "NO_PROXY": "127.0.0.1",
        "DRAWLOOM_AIRFLOW_INTERVAL": "2",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"admin:admin,{VIEWER}:viewer",
    }
    local = LocalAirflow(root / ".drawloom" / "airflow", settings=settings)
    with Project.load(root) as project:
        install(project, local.dags)
    (local.dags / "foreign.py").write_text(FOREIGN)
    local.start()
    try:
        local.wait()
        with Client(local.url, login=local.login) as client:
            airflow = AirflowUnderTest(root, local, client, hook.received)
            airflow.until("the DAGs", lambda: len(client.get("/dags")["dags"]) >= 8)
            yield airflow
    finally:
        local.stop()
        hook.server.shutdown()
        hook.server.server_close()
        assert not list(processes(local.home)), "processes were left behind"
