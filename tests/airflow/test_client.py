"""Reporting landed days to Airflow over its REST API; a small server stands in for Airflow."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from drawloom.airflow.client import ATTEMPTS, Client
from drawloom.airflow.standalone import STATE_FILE, is_running, running_url
from drawloom.cli.main import run_command
from drawloom.model import InputError, RunError
from tests.integration.airflow.visits_project import land_visits


class AirflowApi(BaseHTTPRequestHandler):
    """Answers like Airflow's API."""

    def do_GET(self) -> None:
        self._respond(200, {"assets": [{"name": "raw.visits", "id": 7}, {"name": "raw.visits_old", "id": 8}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/auth/token":
            valid = body == {"username": "me", "password": "secret"}
            self._respond(
                201 if valid else 401, {"access_token": "t0ken"} if valid else {"detail": "Invalid credentials"}
            )
        elif locked:
            self._respond(500, {"detail": {"reason": locked.pop(), "message": "Serious error"}})
        else:
            received.append((self.headers["Authorization"], body["asset_id"], body["partition_key"]))
            self._respond(200, {})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        """Log nothing."""

    def _respond(self, status: int, body: dict[str, object]) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())


received: list[tuple[str, int, str]] = []
locked: list[str] = []  # reasons of the next errors


@pytest.fixture
def url() -> Iterator[str]:
    received.clear()
    locked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), AirflowApi)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_days_are_announced_after_a_login(url: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    land_visits(project, date(2026, 1, 1), date(2026, 1, 2))
    monkeypatch.setenv("DRAWLOOM_AIRFLOW_URL", url)
    monkeypatch.setenv("DRAWLOOM_AIRFLOW_USER", "me")
    monkeypatch.setenv("DRAWLOOM_AIRFLOW_PASSWORD", "secret")
    command = ["-C", str(project), "announce", "raw.visits", "--from", "2026-01-01", "--to", "2026-01-02"]
    assert run_command(command) == 0
    assert received == [("Bearer t0ken", 7, "2026-01-01"), ("Bearer t0ken", 7, "2026-01-02")]


def test_a_wrong_password_is_refused_and_not_printed(
    url: str, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    land_visits(project, date(2026, 1, 1))
    monkeypatch.setenv("DRAWLOOM_AIRFLOW_URL", url)
    monkeypatch.setenv("DRAWLOOM_AIRFLOW_USER", "me")
    monkeypatch.setenv("DRAWLOOM_AIRFLOW_PASSWORD", "hunter2")
    assert run_command(["-C", str(project), "announce", "raw.visits", "--ds", "2026-01-01"]) == 1
    printed = capsys.readouterr().err
    assert "Airflow refused POST /auth/token with status 401" in printed
    assert "hunter2" not in printed


def test_a_table_that_no_dag_reads_or_fills_is_refused(url: str) -> None:
    with Client(url, "t0ken") as client, pytest.raises(InputError, match="no DAG there reads or fills it"):
        client.announce("raw.visit", [date(2026, 1, 1)])


def test_a_request_whose_transaction_failed_is_repeated(url: str) -> None:
    locked.extend(["Database error", "Database error"])
    with Client(url, "t0ken") as client:
        assert client.announce("raw.visits", [date(2026, 1, 1)]) == 1
    assert received == [("Bearer t0ken", 7, "2026-01-01")]


@pytest.mark.parametrize("reasons", [["Database error"] * ATTEMPTS, ["A bug"]])
def test_a_request_that_fails_for_good_is_an_error(url: str, reasons: list[str]) -> None:
    locked.extend(reasons)
    with Client(url, "t0ken") as client, pytest.raises(RunError, match=f"status 500: .*{reasons[0]}"):
        client.announce("raw.visits", [date(2026, 1, 1)])
    assert not locked
    assert not received


def test_days_that_have_not_landed_are_not_announced(project: Path) -> None:
    assert run_command(["-C", str(project), "announce", "raw.visits", "--ds", "2026-01-01"]) == 3
    assert run_command(["-C", str(project), "announce", "raw.visits"]) == 2


def test_without_an_airflow_the_message_names_the_settings(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRAWLOOM_AIRFLOW_URL", raising=False)
    with pytest.raises(InputError, match=r"No Airflow is configured, and none is running\. Set DRAWLOOM_AIRFLOW_URL"):
        Client.for_project(project)
    with pytest.raises(RunError, match="does not answer"):
        Client(f"http://127.0.0.1:{_closed_port()}", login=("a", "b"))


def test_the_airflow_that_up_started_is_found_by_its_folder(
    url: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DRAWLOOM_AIRFLOW_URL", raising=False)
    home = project / ".drawloom" / "airflow"
    home.mkdir(parents=True)
    (home / STATE_FILE).write_text(json.dumps({"url": url, "pid": 1}))
    (home / "simple_auth_manager_passwords.json.generated").write_text('{"me": "secret"}')
    with Client.for_project(project) as client:
        client.announce("raw.visits", [date(2026, 1, 1)])
    assert received == [("Bearer t0ken", 7, "2026-01-01")]
    assert running_url(home) == url
    assert not is_running(home), "none of its processes exists"


def _closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
