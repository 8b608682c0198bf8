from __future__ import annotations

from pathlib import Path

import pytest

from drawloom.engines.catalog.errors import unreachable
from drawloom.model import Column, RunError
from drawloom.run.engine_check import bind_on_engine, check_on_engine
from drawloom.run.project import Project

HEAD = '/* drawloom\ntable: {}\nowner: x@example.com\nuntil: {{forever: "a test"}}\n*/\n'
TEXTS = {
    "core.good": "SELECT id FROM raw.rides WHERE ds = DATE '{{ ds }}'",
    "core.past": "SELECT id, 1 + (SELECT count(*) FROM core.past WHERE ds < DATE '{{ ds }}') AS n FROM raw.rides WHERE ds = DATE '{{ ds }}'",
    "core.bad": "SELECT nosuch(id) AS x FROM raw.rides WHERE ds = DATE '{{ ds }}'",
    "core.other": "SELECT id FROM raw.unknown WHERE ds = DATE '{{ ds }}'",
}


def project(folder: Path, engine: str = "duckdb") -> Project:
    (folder / "specs").mkdir()
    (folder / "drawloom.yml").write_text(f"name: d\nstart: 2026-01-01\nend: 2026-01-03\nengine: {engine}\n")
    for table, text in TEXTS.items():
        (folder / "specs" / f"{table}.sql").write_text(HEAD.format(table) + text)
    return Project.load(folder)


def test_an_engine_is_asked_without_reading_or_writing(tmp_path: Path) -> None:
    columns = {"raw.rides": (Column("id", "BIGINT"),), "core.past": (Column("id", "BIGINT"), Column("n", "BIGINT"))}
    with project(tmp_path) as opened:
        found = list(bind_on_engine(opened.engine, opened.pipelines, columns, {}, opened.history.end))
        assert not opened.lake.tables()
    assert [(p.where.file, p.code) for p in found] == [("specs/core.bad.sql", "does-not-bind")]
    assert "does not bind on duckdb" in found[0].message
    assert "nosuch" in found[0].message


def test_check_says_who_was_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise RunError(unreachable("trino", "http://x", "refused", "to run a query"))

    monkeypatch.setattr("drawloom.run.engines.open_engine", refuse)
    with project(tmp_path, "trino") as opened:
        (note,) = check_on_engine(opened)
    assert (note.severity, note.code) == ("info", "not-bound")
    assert note.message.startswith("trino was not asked, only DuckDB: trino at http://x does not answer")
