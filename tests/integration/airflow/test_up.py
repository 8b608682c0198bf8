"""``drawloom airflow up``, as a person at a terminal uses it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from drawloom.airflow.standalone import processes
from tests.integration.airflow.visits_project import land_visits, write_visits_project

pytestmark = [pytest.mark.integration, pytest.mark.nightly]


def test_up_starts_airflow_reloads_changes_and_leaves_no_process(tmp_path: Path) -> None:
    root = write_visits_project(tmp_path / "project")
    land_visits(root, date(2026, 1, 1))
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = str(one.getsockname()[1])
    drawloom = [sys.executable, "-m", "drawloom", "-C", str(root)]
    said = tmp_path / "said.txt"
    with said.open("w") as out:
        up = subprocess.Popen([*drawloom, "airflow", "up", "--port", port], stdout=out, stderr=out)
    try:
        _until(said, f"http://127.0.0.1:{port}  user admin, password ", 300)
        again = subprocess.run([*drawloom, "airflow", "up"], capture_output=True, text=True, check=False)
        assert again.returncode == 2
        assert (
            f"Airflow is already running in {root / '.drawloom' / 'airflow'}, at http://127.0.0.1:{port}."
            in again.stderr
        )
        (root / "specs" / "broken.sql").write_text("/* drawloom\ntable: core.b\nuntil: {forever: x}\n*/\nSELEC 1\n")
        _until(said, "specs/broken.sql:5", 30)
        _announced(drawloom)
    finally:
        up.send_signal(signal.SIGINT)
        time.sleep(1)
        up.send_signal(signal.SIGINT)  # people press Ctrl-C twice
        assert up.wait(120) == 0
    assert said.read_text().rstrip().endswith("Airflow has stopped.")
    assert not list(processes(root / ".drawloom" / "airflow"))


def _announced(drawloom: list[str]) -> None:
    """The asset is known when Airflow has read the DAGs."""
    for _ in range(60):
        command = [*drawloom, "announce", "raw.visits", "--ds", "2026-01-01"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            assert done.stdout.startswith("1 day of raw.visits announced to http://127.0.0.1:")
            return
        time.sleep(1)
    pytest.fail(done.stderr)


def _until(said: Path, text: str, patience: float) -> None:
    end = time.monotonic() + patience
    while text not in said.read_text():
        assert time.monotonic() < end, said.read_text()
        time.sleep(0.5)
