"""A month of the demo's flights on Airflow and by ``drawloom run``: the same partitions, to the last row."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from drawloom.airflow.install import install
from drawloom.demo.data import build_project
from drawloom.run.project import Project
from tests.integration.airflow.conftest import contents

pytestmark = [pytest.mark.integration, pytest.mark.nightly]

SCRIPT = Path(__file__).with_name("run_dags.py")
PIPELINES = ("core.flights", "core.carrier_day", "planes")
MONTH = ("2013-01-01", "2013-01-30")
ONE_MORE = ("2013-01-31", "2013-01-31")


def drawloom(root: Path, *command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "drawloom", *command], cwd=root, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def write_flights(root: Path) -> Path:
    """The demo project with the raw partitions of January."""
    build_project(root)
    for table in ("flights", "weather"):
        files = f"landing/{table}-2013-01.parquet"
        drawloom(root, "land", f"raw.{table}", files, "--ds", "make_date(year, month, day)")
    return root


class DatabaseOnlyAirflow:
    """An Airflow without servers: a folder of DAGs and a metadata database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dags = folder / "dags"
        self.environment = {
            **os.environ,
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder}/airflow.db",
            "DRAWLOOM_AIRFLOW_INTERVAL": "1",
        }
        self._python("-m", "airflow", "db", "migrate")

    def run(self, *asked: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
        """Run DAGs one after the other; return their final states."""
        result = self.folder / "ended.json"
        output = self._python(str(SCRIPT), str(result), json.dumps(asked))
        ended: list[dict[str, Any]] = json.loads(result.read_text())
        assert {run["state"] for run in ended} == {"success"}, f"{ended}\n{output[-20_000:]}"
        return ended

    def _python(self, *arguments: str) -> str:
        self.folder.mkdir(exist_ok=True)
        done = subprocess.run(
            [sys.executable, *arguments],
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-20_000:]
        return done.stdout


def span(ends: tuple[str, str]) -> dict[str, str]:
    return dict(zip(("from", "to"), ends, strict=True))


def test_a_month_of_flights_is_the_same_on_airflow_and_by_the_local_runner(tmp_path: Path) -> None:
    ours, theirs = write_flights(tmp_path / "airflow"), write_flights(tmp_path / "local")
    home = DatabaseOnlyAirflow(tmp_path / "home")
    with Project.load(ours) as project:
        install(project, home.dags)
    runs = [(f"flights.{name}", span(ends)) for ends in (MONTH, ONE_MORE) for name in PIPELINES]
    ended = home.run(*runs)
    assert [run["dag"] for run in ended] == [dag for dag, _ in runs]
    others = [(run["dag"], task, state) for run in ended for task, state in run["tasks"].items() if state != "success"]
    # The state of growth is kept at month ends only, once a day is long past: none of the first range has one.
    assert others == [("flights.planes", "growth.planes_state", "skipped")]
    drawloom(theirs, "run", *PIPELINES, "--from", MONTH[0], "--to", ONE_MORE[0])
    _compare(contents(ours), contents(theirs))


def _compare(ours: dict[tuple[str, date], str], theirs: dict[tuple[str, date], str]) -> None:
    january = {date(2013, 1, number) for number in range(1, 32)}
    days = {table: {ds for name, ds in ours if name == table} for table, _ in ours}
    assert days["core.flights"] == days["core.carrier_day"] == january
    assert len([table for table in days if table.startswith("growth.planes")]) >= 5
    assert days["growth.planes"] == january
    assert days["growth.planes_state"] == {date(2013, 1, 31)}
    assert ours == theirs
