"""The command line itself: exit codes, errors as JSON, broken pipes."""

from __future__ import annotations

import io
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import drawloom
from drawloom.cli import main
from tests.cli.sample_project import SampleProject


def test_python_runs_the_package_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "drawloom", "--version"], check=True, capture_output=True, text=True)
    assert done.stdout == f"drawloom {drawloom.__version__}\n"


def test_the_process_exits_with_the_code_of_the_command(
    project: SampleProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["drawloom", "-C", str(project.folder), "plan", "nosuch"])
    with pytest.raises(SystemExit) as end:
        main.main()
    assert end.value.code == 2


@pytest.mark.parametrize("form", [("--format", "json"), ("--format=json",)])
def test_errors_are_printed_as_json_on_request(project: SampleProject, form: tuple[str, ...]) -> None:
    (problem,) = json.loads(project.run("plan", "core.dayly", *form, code=2))["problems"]
    assert problem["severity"] == "error"
    assert problem["fix"] == "Did you mean core.daily?"


def test_errors_are_printed_on_standard_error(project: SampleProject) -> None:
    assert main.run_command(["-C", str(project.folder), "plan", "core.dayly"]) == 2
    out, err = project.capture.readouterr()
    assert out == ""
    assert "Did you mean core.daily?" in err


def test_without_a_command_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run_command([]) == 2
    assert "Usage: drawloom" in "".join(capsys.readouterr())
    assert main.run_command(["--help"]) == 0


def test_the_project_is_found_from_a_subfolder(project: SampleProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.folder / "specs")
    assert main.run_command(["check"]) == 0
    assert main.run_command(["check", "-C", str(project.folder)]) == 0


@pytest.mark.unmeasured
def test_a_closed_pipe_is_not_an_error(project: SampleProject) -> None:
    sql = "SELECT range AS n FROM range(300000)"
    command = [sys.executable, "-m", "drawloom", "-C", str(project.folder), "query", sql, "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stderr
        assert child.stdout.readline() == b"[\n"
        child.stdout.close()
        assert b"Traceback" not in child.stderr.read()


class Closed(io.StringIO):
    """A stream whose reader has closed it."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(len(text))


def test_writing_to_a_closed_stream_ends_quietly(project: SampleProject, monkeypatch: pytest.MonkeyPatch) -> None:
    errors = io.StringIO()
    monkeypatch.setattr(sys, "stdout", Closed())
    monkeypatch.setattr(sys, "stderr", errors)
    assert main.run_command(["-C", str(project.folder), "status", "--format", "json"]) in {0, 1}
    assert errors.closed or not errors.getvalue()


def test_advise_exits_with_2_for_sql_that_does_not_parse(tmp_path: Path) -> None:
    file = tmp_path / "q.sql"
    file.write_text("SELECT FROM WHERE")
    assert main.run_command(["advise", str(file)]) == 2
    file.write_text("SELECT 1 AS n")
    assert main.run_command(["advise", str(file)]) == 0
    file.write_text("CREATE VIEW v AS SELECT a FROM t WHERE ds = '{{ ds }}'")
    assert main.run_command(["advise", str(file)]) == 0


def _paths(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from _paths(inner, (*path, name))


@pytest.mark.parametrize("path", list(_paths(get_command(main.app))), ids=" ".join)
def test_help_is_whole_in_80_columns(
    path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    assert main.run_command([*path, "--help"]) == 0
    usage, *lines = capsys.readouterr().out.splitlines()
    assert usage.startswith("Usage: drawloom")
    assert max(map(len, lines)) <= 80
    assert [line for line in lines if line.endswith(("...", "…"))] == []


def test_the_shop_of_the_tutorial_lands_and_has_no_problems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main.run_command(["init", "--shop", "--name", "x"]) == 2
    assert main.run_command(["init", "--shop"]) == 0
    assert "bash land.sh" in capsys.readouterr().out
    land = Path("land.sh").read_text().partition("drawloom ")[2].replace("\\\n", " ").replace('"$@"', "")
    assert main.run_command(shlex.split(land)) == 0
    assert main.run_command(["check"]) == 0
    assert "3 pipelines: no problems" in capsys.readouterr().out
    assert main.run_command(["init", "--shop"]) == 2
