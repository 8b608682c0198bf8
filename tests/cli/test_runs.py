"""``drawloom runs``: what ran, and where the time of one run went."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drawloom.cli.main import run_command
from drawloom.run.environments.environment import Environment
from drawloom.run.project import Project
from tests.run.environments.build import land, write_project, write_specs


def ask(root: Path, capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert run_command(["-C", str(root), "runs", *words]) == code
    return capsys.readouterr().out


def test_runs_are_listed_and_one_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write_project(tmp_path / "project")
    assert "Nothing ran yet" in ask(root, capsys)
    land(root)
    write_specs(root, more=", CAST('x' || who AS INTEGER) AS number")
    with Project.load(root) as project:
        assert project.run().exit_code == 1
    found = json.loads(ask(root, capsys, "--format", "json"))["runs"]
    (newest, *_) = found
    assert newest["failed"] == 6
    assert {one["table"] for one in newest["tables"]} >= {"core.apart", "core.events"}
    text = ask(root, capsys, newest["run"])
    assert "core.apart" in text
    assert "failed core.events 2026-03-01" in " ".join(text.split())
    assert json.loads(ask(root, capsys, newest["run"], "--format", "json")) == newest
    assert newest["run"] in ask(root, capsys, "--last", "1")
    ask(root, capsys, "nope", code=2)


def test_runs_of_environments_are_not_productions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write_project(tmp_path / "project")
    land(root)
    with Project.load(root) as project, Environment(project.config, "dev") as environment:
        environment.run()
    runs = json.loads(ask(root, capsys, "--format", "json"))["runs"]
    assert {one["table"] for past in runs for one in past["tables"]} == {"raw.events"}


def test_explain_tells_what_the_time_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write_project(tmp_path / "project")
    land(root)
    with Project.load(root) as project:
        project.run()
        before = project.registry.records()
    folder = ["-C", str(root), "explain", "core.week", "--ds", "2026-03-03"]
    assert run_command([*folder, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["bytes_read"] > 0
    (scan,) = [one for one in found["operators"] if "READ_PARQUET" in one["name"] or "SCAN" in one["name"]]
    assert scan["rows"] == 12
    assert "3" in scan["detail"], "three files"
    assert run_command(folder) == 0
    assert "ms in all operators" in capsys.readouterr().out
    with Project.load(root) as project:
        assert project.registry.records() == before, "nothing was written"
    assert run_command(["-C", str(root), "explain", "core.week", "--ds", "2027-03-03"]) == 2
