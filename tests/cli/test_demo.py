"""How ``drawloom demo`` runs its commands; tests/demo runs all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from drawloom.cli.main import run_command
from drawloom.demo import walkthrough
from drawloom.demo.walkthrough import DemoCommand
from tests.cli.sample_project import SampleProject

GOOD = DemoCommand("One row.", ("query", "SELECT 41 + 1\n  AS answer"))
REFUSED = DemoCommand("A bad one.", ("query", "SELECT 1; SELECT 2"), exit_code=2)
WRONG = DemoCommand("It should not work.", ("query", "SELECT 1 AS n"), exit_code=3)


def test_commands_run_in_a_new_project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walkthrough, "WALKTHROUGH", (GOOD, REFUSED))
    monkeypatch.chdir(tmp_path)
    assert run_command(["demo", "flights"]) == 0
    out = capsys.readouterr().out
    assert '$ drawloom query "SELECT 41 + 1 AS answer"' in out
    assert "42" in out
    assert "done in" in out
    assert (tmp_path / "flights/drawloom.yml").is_file()
    assert Path.cwd() == tmp_path


def test_an_unexpected_exit_code_is_an_error(
    project: SampleProject, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walkthrough, "WALKTHROUGH", (WRONG,))
    assert run_command(["demo", str(project.folder / "flights")]) == 1
    assert "`drawloom query` ended with exit code 0; the demo expects 3." in capsys.readouterr().err
