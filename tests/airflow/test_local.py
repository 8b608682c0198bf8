"""Starting and ending a local Airflow, and talking to it: what can be seen without waiting for one to come up."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from drawloom.airflow import version
from drawloom.airflow.client import Client
from drawloom.airflow.local import FILE, LocalAirflow, address, processes, running
from drawloom.airflow.version import check_airflow
from drawloom.cli.main import run_command
from drawloom.model import InputError, RunError
from tests.integration.airflow.project import land


class Server(BaseHTTPRequestHandler):
    """Answers as Airflow's API does."""

    def do_GET(self) -> None:
        self._answer(200, {"assets": [{"name": "raw.visits", "id": 7}, {"name": "raw.visits_old", "id": 8}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/auth/token":
            right = body == {"username": "me", "password": "secret"}
            self._answer(
                201 if right else 401, {"access_token": "t0ken"} if right else {"detail": "Invalid credentials"}
            )
        else:
            heard.append((self.headers["Authorization"], body["asset_id"], body["partition_key"]))
            self._answer(200, {})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        """Keep quiet."""

    def _answer(self, status: int, body: dict[str, object]) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())


heard: list[tuple[str, int, str]] = []


@pytest.fixture
def url() -> Iterator[str]:
    heard.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_days_are_announced_with_a_login(url: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    land(project, date(2026, 1, 1), date(2026, 1, 2))
    monkeypatch.setenv("DRAWLOOM_AIRFLOW_URL", url)
    monkeypatch.setenv("DRAWLOOM_AIRFLOW_USER", "me")
    monkeypatch.setenv("DRAWLOOM_AIRFLOW_PASSWORD", "secret")
    command = ["-C", str(project), "announce", "raw.visits", "--from", "2026-01-01", "--to", "2026-01-02"]
    assert run_command(command) == 0
    assert heard == [("Bearer t0ken", 7, "2026-01-01"), ("Bearer t0ken", 7, "2026-01-02")]


def test_a_wrong_password_is_told_and_not_shown(
    url: str, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    land(project, date(2026, 1, 1))
    monkeypatch.setenv("DRAWLOOM_AIRFLOW_URL", url)
    monkeypatch.setenv("DRAWLOOM_AIRFLOW_USER", "me")
    monkeypatch.setenv("DRAWLOOM_AIRFLOW_PASSWORD", "hunter2")
    assert run_command(["-C", str(project), "announce", "raw.visits", "--ds", "2026-01-01"]) == 1
    said = capsys.readouterr().err
    assert "airflow == 401 to POST /auth/token" in said
    assert "hunter2" not in said


def test_a_table_that_no_dag_knows_is_refused(url: str) -> None:
    with Client(url, "t0ken") as client, pytest.raises(InputError, match="no DAG there reads or fills it"):
        client.announce("raw.visit", [date(2026, 1, 1)])


def test_days_that_have_not_landed_are_not_announced(project: Path) -> None:
    assert run_command(["-C", str(project), "announce", "raw.visits", "--ds", "2026-01-01"]) == 3
    assert run_command(["-C", str(project), "announce", "raw.visits"]) == 2


def test_without_an_airflow_it_says_how_to_name_one(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRAWLOOM_AIRFLOW_URL", raising=False)
    with pytest.raises(InputError, match=r"airflow == unknown, must be named\. Set DRAWLOOM_AIRFLOW_URL"):
        Client.of_project(project)
    with pytest.raises(RunError, match="must answer"):
        Client(f"http://127.0.0.1:{_closed_port()}", login=("a", "b"))


def test_the_local_one_is_found_by_its_folder(url: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRAWLOOM_AIRFLOW_URL", raising=False)
    home = project / ".drawloom" / "airflow"
    home.mkdir(parents=True)
    (home / FILE).write_text(json.dumps({"url": url, "pid": 1}))
    (home / "simple_auth_manager_passwords.json.generated").write_text('{"me": "secret"}')
    with Client.of_project(project) as client:
        assert client.headers == {"Authorization": "Bearer t0ken"}
    assert address(home) == url
    assert not running(home), "its processes are gone"


@pytest.mark.parametrize(
    ("found", "message"), [(None, "airflow == not installed"), ("2.10.5", "airflow == 2.10.5, must be 3.3")]
)
def test_another_airflow_is_refused(found: str | None, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version, "airflow_version", lambda: found)
    with pytest.raises(InputError, match=rf"{message}.*pip install 'drawloom\[airflow\]'"):
        check_airflow()


def test_one_that_cannot_start_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    local = LocalAirflow(tmp_path / "home", settings={"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "nonsense://"})
    local.start()
    told: list[str] = []
    try:
        with pytest.raises(RunError, match="airflow == ended, must come up"):
            local.wait(told.append)
    finally:
        local.stop()
    assert told[0] == "the page"
    assert not list(processes(local.home))
    assert oct((tmp_path / "home").stat().st_mode)[-3:] == "700"


def test_a_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        with pytest.raises(InputError, match="must be free"):
            LocalAirflow(tmp_path, one.getsockname()[1]).start()


def _closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
