"""Airflow with its metadata in a real PostgreSQL, as deployments have it."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from drawloom.airflow.client import Client
from drawloom.airflow.install import install
from drawloom.airflow.local import LocalAirflow, _free_port, processes
from drawloom.run.project import Project
from tests.integration.airflow.conftest import Site
from tests.integration.airflow.project import land, write_project

pytestmark = pytest.mark.integration


def binaries() -> Path:
    """The folder of PostgreSQL's programs; there must be one where the tests of a change run."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    usable = [folder for folder in folders if (folder / "pg_ctl").exists()]
    if not usable:
        missing = "PostgreSQL == none, must be installed (Debian: postgresql): Airflow on it is not tested."
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    return usable[-1]


class Server:
    """A PostgreSQL in a folder, on a free port of this machine only; it refuses to run as root."""

    def __init__(self, folder: Path) -> None:
        self.bin = binaries()
        self.folder = folder
        self.data = folder / "data"
        self.port = _free_port()
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self._switch: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        if self._switch:
            shutil.chown(folder, **self._switch)

    @property
    def url(self) -> str:
        return f"{self.user}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        self._call("initdb", "-D", self.data, "-A", "trust", "-U", self.user)
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        self._call("pg_ctl", "-D", self.data, "-l", self.folder / "log", "-o", options, "-w", "start")

    def stop(self) -> None:
        self._call("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with contextlib.closing(psycopg2.connect(f"postgresql://{self.url}")) as connection:
            cursor = connection.cursor()
            cursor.execute(sql)
            return list(cursor.fetchall())

    def _call(self, program: str, *arguments: object) -> None:
        command = [str(self.bin / program), *map(str, arguments)]
        with (self.folder / "calls").open("ab") as said:  # a file, as the server keeps what it is given
            done = subprocess.run(
                command, cwd=self.folder, stdout=said, stderr=said, timeout=120, check=False, **self._switch
            )
        assert done.returncode == 0, (self.folder / "calls").read_text()


@pytest.fixture
def postgres() -> Iterator[Server]:
    # Not in tmp_path: another user must get in, and the path of a socket is short.
    with tempfile.TemporaryDirectory(prefix="drawloom-postgres-") as folder:
        server = Server(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()
            assert not (server.data / "postmaster.pid").exists(), "the server was left behind"


@pytest.fixture
def on_postgres(postgres: Server, tmp_path: Path) -> Iterator[Site]:
    root = write_project(tmp_path / "project")
    land(root, date(2026, 1, 1), date(2026, 1, 3))
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
        with Client(local.url, login=local.password) as client:
            site = Site(root, local, client, [])
            site.until("the DAGs", lambda: len(client.get("/dags")["dags"]) >= 7)
            yield site
    finally:
        local.stop()
        assert not list(processes(local.home)), "processes were left behind"


def test_a_run_with_the_metadata_in_postgres(postgres: Server, on_postgres: Site) -> None:
    dag, span = "visits.core.visits", {"from": "2026-01-01", "to": "2026-01-03"}
    run = on_postgres.trigger(dag, **span)
    assert on_postgres.ended(dag, run) == "success"
    assert {ds for table, ds in on_postgres.contents() if table == "core.visits"} == {
        date(2026, 1, number) for number in (1, 2, 3)
    }
    found = postgres.ask(f"SELECT task_id, state FROM task_instance WHERE run_id = '{run}' ORDER BY task_id")
    assert found == [("core.visits", "success"), ("wait.raw.visits", "success")]
    assert not list(on_postgres.local.home.rglob("airflow.db")), "nothing is kept in SQLite"
