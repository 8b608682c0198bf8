"""How the demo plays its scenes; the whole of it is run by tests/demo."""

from __future__ import annotations

from pathlib import Path

import pytest

from drawloom.cli.main import run_command
from drawloom.demo import story
from drawloom.demo.story import Scene
from tests.cli.shop import Shop

GOOD = Scene("One row.", ("query", "SELECT 41 + 1\n  AS answer"))
REFUSED = Scene("A bad one.", ("query", "SELECT 1; SELECT 2"), exit_code=2)
WRONG = Scene("It should not work.", ("query", "SELECT 1 AS n"), exit_code=3)


def test_scenes_are_played_in_a_project_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(story, "STORY", (GOOD, REFUSED))
    monkeypatch.chdir(tmp_path)
    assert run_command(["demo", "flights"]) == 0
    out = capsys.readouterr().out
    assert '$ drawloom query "SELECT 41 + 1 AS answer"' in out
    assert "42" in out
    assert "done in" in out
    assert (tmp_path / "flights/drawloom.yml").is_file()
    assert Path.cwd() == tmp_path


def test_a_scene_that_ends_otherwise_is_an_error(
    shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(story, "STORY", (WRONG,))
    assert run_command(["demo", str(shop.folder / "flights")]) == 1
    assert "exit code of drawloom query == 0, must be 3." in capsys.readouterr().err
