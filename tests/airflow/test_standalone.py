"""Starting and stopping a local Airflow: what can be tested without waiting for one to come up."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from drawloom.airflow import version
from drawloom.airflow.standalone import DATABASE, SQLITE_ARGS, LocalAirflow, processes
from drawloom.airflow.version import check_airflow
from drawloom.model import InputError, RunError


@pytest.mark.parametrize(
    ("found", "message"), [(None, "Airflow is not installed here"), ("2.10.5", "airflow == 2.10.5, must be 3.3")]
)
def test_an_unsupported_airflow_is_refused(found: str | None, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version, "airflow_version", lambda: found)
    with pytest.raises(InputError, match=rf"{message}.*pip install '\.\[airflow\]'"):
        check_airflow()


def test_a_failed_start_gives_the_reason_and_leaves_no_process(tmp_path: Path) -> None:
    local = LocalAirflow(tmp_path / "home", settings={"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "nonsense://"})
    local.start()
    waiting_for: list[str] = []
    try:
        with pytest.raises(RunError, match="Airflow exited while it was starting"):
            local.wait(waiting_for.append)
    finally:
        local.stop()
    assert waiting_for[0] == "api_server"
    assert not list(processes(local.home))
    assert oct((tmp_path / "home").stat().st_mode)[-3:] == "700"


def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        with pytest.raises(InputError, match="must be free"):
            LocalAirflow(tmp_path, one.getsockname()[1]).start()


def test_another_database_gets_no_settings_of_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    postgres = "postgresql://localhost/airflow"
    assert not SQLITE_ARGS.keys() & LocalAirflow(tmp_path, settings={DATABASE: postgres}).environment.keys()
    monkeypatch.setenv(DATABASE, postgres)
    assert not SQLITE_ARGS.keys() & LocalAirflow(tmp_path).environment.keys()


def test_its_processes_wait_for_each_others_writes(tmp_path: Path) -> None:
    program = """
from sqlalchemy import text
from airflow import settings
with settings.engine.connect() as connection:
    print("waits", connection.execute(text("PRAGMA busy_timeout")).scalar())
"""
    environment = LocalAirflow(tmp_path).environment
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert "waits 50000" in done.stdout, done.stderr[-2000:]
