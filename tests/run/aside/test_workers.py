"""Texts that no parser and no engine should read to the end, in processes that end for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drawloom.model import InputError, RunError
from drawloom.run.aside import Workers
from drawloom.run.init import init_project

PLENTY = 120.0  # seconds: more than any of it takes on a machine that does other things
HEADER = "/* drawloom\ntable: core.t\nuntil: 2030-01-01\n*/\n"
FILE = "specs/core.t.sql"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project without tables."""
    init_project(tmp_path)
    with (tmp_path / "drawloom.yml").open("a") as file:
        file.write("\nui: {allow_preview: true, preview_rows: 3, preview_seconds: 60}\n")
    return tmp_path


@pytest.fixture
def workers() -> Iterator[Workers]:
    """One process."""
    made = Workers(1, 0.0)
    yield made
    made.close()


def study(workers: Workers, root: Path, sql: str, seconds: float = PLENTY) -> list[str]:
    """The codes of the problems of a text."""
    found = workers.do("study", root, "1", seconds, text=HEADER + sql, file=FILE, day="")
    return [problem.code for problem in found.draft.problems]


def test_what_takes_too_long_is_stopped_and_the_next_one_is_read(root: Path, workers: Workers) -> None:
    assert "does-not-bind" not in study(workers, root, "SELECT 1 AS a")
    with pytest.raises(InputError, match="more than 1 seconds"):
        study(workers, root, "SELECT x" + "[1]" * 30_000 + " FROM a.b", 1)
    assert "does-not-bind" not in study(workers, root, "SELECT 1 AS a")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT unnest(range(1000000000)) AS a",
        "SELECT strftime(DATE '2020-01-01', repeat('x', 2000000000)) AS a",
        "SELECT length(repeat('x', 4000000000)) AS a",
    ],
)
def test_constants_that_are_too_large_are_a_problem_of_the_text(root: Path, workers: Workers, sql: str) -> None:
    """DuckDB computes constants when it binds; what it says then, or that it ended, is told of the text."""
    try:
        study(workers, root, sql)
    except InputError as error:
        assert error.problems[0].code == "too-heavy"  # noqa: PT017 - both ends are right: the process lived, or not
    assert "does-not-bind" not in study(workers, root, "SELECT 1 AS a")


def test_advice_is_given_aside(root: Path, workers: Workers) -> None:
    advice = workers.do("advise", root, "1", PLENTY, text="SELECT 1 FROM a.b", options={})
    assert list(advice["reads"]) == ["a.b"]
    with pytest.raises(InputError, match="must be a whole statement"):
        workers.do("advise", root, "1", PLENTY, text="SELECT (", options={})


def test_rows_are_read_within_limits(root: Path, workers: Workers) -> None:
    rows = workers.do("read", root, "1", PLENTY, sql="SELECT * FROM range(10) AS t(a)")
    assert (rows.rows, rows.more) == (({"a": 0}, {"a": 1}, {"a": 2}), True)
    with pytest.raises((InputError, RunError)) as raised:
        workers.do("read", root, "1", PLENTY, sql="SELECT length(repeat('x', 4000000000)) AS a")
    assert raised.value.problems[0].code in {"too-heavy", "engine-memory", "engine-error"}
    with pytest.raises(InputError, match="rows == 100,000,005 bytes, must be at most"):
        workers.do("read", root, "1", PLENTY, sql="SELECT repeat('x', 100000000) AS a")


def test_who_comes_while_all_are_busy_is_told_so(root: Path, workers: Workers) -> None:
    with workers._free, pytest.raises(RunError, match="Other texts are being read"):
        study(workers, root, "SELECT 1 AS a")
    assert "does-not-bind" not in study(workers, root, "SELECT 1 AS a")


def test_a_project_is_read_again_when_its_files_change(root: Path, workers: Workers) -> None:
    assert "two-owners" not in study(workers, root, "SELECT 1 AS a")
    (root / "specs" / "other.sql").write_text(HEADER + "SELECT 1 AS a")
    found = workers.do("study", root, "2", PLENTY, text=HEADER + "SELECT 1 AS a", file=FILE, day="")
    assert [problem.code for problem in found.draft.problems if problem.severity == "error"]


def test_a_defect_is_told_as_one(root: Path, workers: Workers) -> None:
    with pytest.raises(RuntimeError, match="TypeError"):
        workers.do("read", root, "1", PLENTY, no_such_argument=1)
