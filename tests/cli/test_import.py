"""``drawloom import`` as people see it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drawloom.cli.main import run_command
from tests.run.importers.build import project

DBT = {
    "dbt_project.yml": "name: shop",
    "models/good.sql": "select 1 as one",
    "models/a/very/long/path/of/folders/that/does/not/fit/into/one/column/bad.sql": "select {{ nobody_knows() }}",
}


def test_the_report_fits_80_columns_and_loses_no_word(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["import", "dbt", str(project(tmp_path, DBT)), "--all"]) == 0
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    assert "…" not in printed
    assert "3 files: 1 imported, 1 with notes, 1 not understood" in printed
    assert "Nothing was written; give --into DIR." in printed


def test_json_has_each_file_with_its_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project(tmp_path / "theirs", DBT)
    command = ["import", "dbt", str(folder), "--into", str(tmp_path / "ours"), "--format", "json"]
    assert run_command(command) == 0
    found = {file["file"].rpartition("/")[2]: file for file in json.loads(capsys.readouterr().out)["files"]}
    assert found["good.sql"]["wrote"] == ["specs/shop.good.sql"]
    problem = found["bad.sql"]["problems"][0]
    assert (problem["code"], problem["line"]) == ("unknown-name", 1)
    assert problem["message"] == "nobody_knows is not known here."
    assert (tmp_path / "ours/specs/shop.good.sql").is_file()


def test_existing_files_are_kept_unless_forced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, ours = project(tmp_path / "theirs", DBT), project(tmp_path / "ours", {"specs/shop.good.sql": "mine"})
    command = ["import", "dbt", str(folder), "--into", str(ours)]
    assert run_command(command) == 2
    assert "specs/shop.good.sql" in capsys.readouterr().err
    assert not (ours / "drawloom.yml").exists()
    assert run_command([*command, "--force"]) == 0


@pytest.mark.parametrize(
    ("more", "says"),
    [(["--dialect", "klingon"], "dialect == 'klingon'"), (["--start", "soon", "--into", "x"], "--start == 'soon'")],
)
def test_bad_options_are_refused(
    more: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["import", "dbt", str(project(tmp_path, DBT)), *more]) == 2
    assert says in capsys.readouterr().err
