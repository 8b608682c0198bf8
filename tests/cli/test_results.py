"""Results of queries as text, CSV, JSON and files: every type, nothing lost, numbers whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.cli.sample_project import SampleProject

VALUES = {
    "DATE '10000-01-01'": "10000-01-01",
    "DATE '0044-03-15 (BC)'": "0044-03-15 (BC)",
    "DATE 'infinity'": "infinity",
    "TIMESTAMP '20000-01-01'": "20000-01-01 00:00:00",
    "TIMESTAMPTZ '-infinity'": "-infinity",
    "'ab\\xff'::BLOB": "ab\\xFF",
    "1234567.0::DOUBLE": "1234567",
    "1234567.891::DOUBLE": "1234567.891",
    "'NULL'": "'NULL'",
    "[1, 2]": "[1, 2]",
}
NOT_NUMBERS = "SELECT 'nan'::DOUBLE AS x, ['infinity'::DOUBLE] AS y, '-infinity'::DOUBLE AS z"


def test_every_value_can_be_printed(project: SampleProject) -> None:
    columns = ", ".join(f"{sql} AS c{n}" for n, sql in enumerate(VALUES))
    printed = project.run("query", f"SELECT {columns}, NULL AS nothing")
    assert [text for text in VALUES.values() if text not in printed] == []
    (row,) = project.query(f"SELECT {columns}")
    assert list(row.values())[:6] == list(VALUES.values())[:6]
    out = project.run("query", f"SELECT {columns}, {{'x': map {{'a': 1}}}} AS s", "--format", "csv")
    assert "10000-01-01,0044-03-15 (BC),infinity,20000-01-01 00:00:00,-infinity" in out.replace('"', "")
    assert "{'x': {a=1}}" in out


def test_columns_of_one_name_are_all_there(project: SampleProject) -> None:
    sql = "SELECT 1 AS n, 2 AS n, 3 AS n_1"
    assert project.query(sql) == [{"n": 1, "n_2": 2, "n_1": 3}]
    assert project.run("query", sql).split()[-3:] == ["1", "2", "3"]
    project.run("query", sql, "-o", "x.parquet")
    assert duckdb.connect().execute("SELECT n, n_2, n_1 FROM 'x.parquet'").fetchall() == [(1, 2, 3)]


def test_json_is_valid(project: SampleProject) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    text = project.run("query", NOT_NUMBERS, "--format", "json")
    assert json.loads(text, parse_constant=refuse) == [{"x": "NaN", "y": ["Infinity"], "z": "-Infinity"}]


@pytest.mark.parametrize(
    ("file", "options", "begins"),
    [
        ("x.json", (), b"[\n"),
        ("x.CSV", (), b'"n"'),
        ("x.parquet", (), b"PAR1"),
        ("x.txt", (), b'"n"'),
        ("x.csv", ("--format", "json"), b"[\n"),
    ],
)
def test_the_name_of_the_file_says_the_format(
    project: SampleProject, file: str, options: tuple[str, ...], begins: bytes
) -> None:
    project.run("query", "SELECT 1 AS n", "-o", file, *options)
    assert Path(file).read_bytes().startswith(begins)


def test_a_file_that_cannot_be_written_is_named(project: SampleProject) -> None:
    assert "no/x.csv: No such file" in project.run("query", "SELECT 1 AS n", "-o", "no/x.csv", code=1)


@pytest.mark.parametrize("arguments", [["status"], ["check", "--format", "json"]])
def test_output_that_does_not_fit_is_one_message(project: SampleProject, arguments: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "drawloom", "-C", str(project.folder), *arguments]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "error: standard output: No space left on device.\n"


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        ImportError("libarrow.so.2600: failed to map segment from shared object"),
        RuntimeError("can't start new thread"),
        duckdb.OutOfMemoryException("Out of Memory Error: Allocation failure"),
    ],
)
def test_too_little_memory_is_one_message(
    project: SampleProject, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr("drawloom.run.project.Project.check", fail)
    assert "there is not enough memory" in project.run("check", code=1)


def test_other_errors_are_defects_and_not_hidden(project: SampleProject, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise ImportError("no module named nothing")

    monkeypatch.setattr("drawloom.run.project.Project.check", fail)
    with pytest.raises(ImportError, match="nothing"):
        project.run("check", code=1)
