from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from drawloom.model import Bound, Days, Edit, Fix, InputError, Problem, Read, Schedule, Where
from drawloom.sql import Analysis, analyze
from drawloom.sql.analysis import _load, _store
from drawloom.sql.catalog import CatalogEntry
from drawloom.sql.script import Write

TEXT = "INSERT INTO o SELECT a FROM Logs.Ev WHERE ds BETWEEN date_trunc('month', DATE '{{ ds }}') AND '{{ ds }}'"


def stored(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.json"))


def test_a_second_analysis_comes_from_the_cache(tmp_path: Path) -> None:
    first = analyze(TEXT, cache=tmp_path, file="x.sql")
    (file,) = stored(tmp_path)
    before = file.stat().st_mtime_ns
    again = analyze(TEXT, cache=tmp_path, file="y.sql")
    assert (again.reads, again.writes, again.lineage) == (first.reads, first.writes, first.lineage)
    assert again.fingerprint == first.fingerprint == analyze(TEXT + " -- a comment").fingerprint
    assert {problem.where.file for problem in again.problems} <= {"y.sql"}
    assert file.stat().st_mtime_ns == before
    assert first.reads[0].calendar == ((Bound("month"), Bound("day")),)


@pytest.mark.parametrize(
    "change",
    [
        {"dialect": "postgres"},
        {"keys": ("dt",)},
        {"schedule": Schedule.parse("@weekly")},
        {"target": "x.y"},
        {"params": {"a": 1}},
    ],
    ids=str,
)
def test_every_setting_is_part_of_the_cache_key(tmp_path: Path, change: dict[str, object]) -> None:
    analyze(TEXT, cache=tmp_path)
    analyze(TEXT, cache=tmp_path, **change)  # type: ignore[arg-type]
    assert len(stored(tmp_path)) == 2


def test_only_catalog_entries_of_its_own_tables_invalidate_the_cache(tmp_path: Path) -> None:
    analyze(TEXT, cache=tmp_path, catalog={"other": CatalogEntry(keys=())})
    (file,) = stored(tmp_path)
    before = file.stat().st_mtime_ns
    analyze(TEXT, cache=tmp_path)
    assert file.stat().st_mtime_ns == before
    unpartitioned = analyze(TEXT, cache=tmp_path, catalog={"logs.ev": CatalogEntry(keys=())})
    assert unpartitioned.reads[0].how == "all"
    assert analyze(TEXT, cache=tmp_path).reads[0].how == "calendar"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b'{"tables": [], "catalog": ""}'])
def test_broken_cache_files_are_replaced(tmp_path: Path, content: bytes) -> None:
    first = analyze(TEXT, cache=tmp_path)
    (file,) = stored(tmp_path)
    file.write_bytes(content)
    assert analyze(TEXT, cache=tmp_path) == first
    assert json.loads(file.read_text(encoding="utf-8"))["analysis"]["fingerprint"] == first.fingerprint


def test_a_cache_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way", encoding="utf-8")
    assert analyze(TEXT, cache=blocked).reads
    assert analyze(TEXT, cache=blocked / "deeper").reads


def test_refused_texts_are_not_cached(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        analyze("SELEC", cache=tmp_path)
    assert stored(tmp_path) == []


def test_every_field_survives_the_cache(tmp_path: Path) -> None:
    analysis = Analysis(
        reads=(
            Read("a", Days.parse("-6..0,3"), "offset"),
            Read("b", how="fixed", dates=((None, None),)),
            Read("c", Days.parse("*..0"), "calendar", calendar=((None, Bound("month", 1, -1)),)),
        ),
        writes=(Write("o", "overwrite", {"ds": 0, "k": None, "h": "05"}, 2, True), Write("p", "append")),
        lineage={"x": ("a.b", "c.d")},
        problems=(
            Problem("code", "warn", "message", Where(None, 1, 2), Fix("title", (Edit(1, 2, "x"),), True)),
            Problem("code", "info", "message"),
        ),
        fingerprint="abc",
    )
    path = tmp_path / "analysis.json"
    _store(path, analysis, ["a"], {})
    assert _load(path, {}) == analysis
    assert _load(path, {"a": CatalogEntry(keys=())}) is None


def test_the_json_of_an_analysis() -> None:
    content = analyze(TEXT).to_json(Schedule())
    assert content["waits"] == [["Logs.Ev", content["reads"]["Logs.Ev"]]]
    assert content["writes"] == [["o", "append", None]]
    assert content["lineage"] == {"a": ["Logs.Ev.a"]}
    assert set(content["reads"]["Logs.Ev"]["calendar"]) == {"2023-03-31", "2024-07-17", "2025-01-01"}


def test_a_warm_cache_needs_no_parser(tmp_path: Path) -> None:
    analyze(TEXT, cache=tmp_path)
    program = (
        "import sys; from pathlib import Path; from drawloom.sql import analyze;"
        f"analyze({TEXT!r}, cache=Path({str(tmp_path)!r}));"
        "print([name for name in ('sqlglot', 'jinja2', 'duckdb') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
