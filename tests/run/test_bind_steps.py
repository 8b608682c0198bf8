from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from drawloom.model import Column, Pipeline, Step
from drawloom.run.bind_steps import KnownTables, bind_steps
from drawloom.run.compile_project import compile_project
from drawloom.run.step_binder import StepBinder, _names
from drawloom.specs.config import load_config
from drawloom.sql.catalog import column_types

HEAD = '/* drawloom\ntable: {}\nowner: x@example.com\nuntil: {{forever: "a test"}}\n*/\n'
TEXTS = {
    "core.late": "SELECT day, n * 2.5 AS amount, [n] AS list FROM core.early WHERE ds = DATE '{{ ds }}'",
    "core.early": "SELECT dow(moment) AS day, count(*) AS n, sum(price) AS price FROM raw.rides WHERE ds = DATE '{{ ds }}' GROUP BY 1",
    "core.state": """SELECT id, {% if is_incremental() %} (SELECT max(seen) FROM core.state WHERE ds = DATE '{{ macros.ds_add(ds, -1) }}') {% else %} 0 {% endif %} + 1 AS seen
        FROM raw.rides WHERE ds = DATE '{{ ds }}'""",
    "core.lost": "SELECT * FROM raw.nowhere WHERE ds = DATE '{{ ds }}'",
    "core.after_lost": "SELECT 1 AS one FROM core.lost WHERE ds = DATE '{{ ds }}'",
}
RIDES = (Column("id", "BIGINT"), Column("moment", "DATE"), Column("price", "DECIMAL(9,2)"))


def project(folder: Path, engine: str) -> Path:
    (folder / "specs").mkdir(parents=True, exist_ok=True)
    (folder / "drawloom.yml").write_text(f"name: d\nstart: 2026-01-01\nengine: {engine}\n")
    for table, text in TEXTS.items():
        (folder / "specs" / f"{table}.sql").write_text(HEAD.format(table) + text)
    return folder


def test_columns_follow_from_the_sql_whatever_the_order_of_steps(tmp_path: Path) -> None:
    pipelines = compile_project(load_config(project(tmp_path, "duckdb")), {}, None).pipelines
    found = bind_steps(pipelines, KnownTables({"raw.rides": RIDES}), date(2026, 2, 1))
    assert not found.problems
    assert found.columns == {
        "core.early": (Column("day", "BIGINT"), Column("n", "BIGINT"), Column("price", "DECIMAL(38,2)")),
        "core.late": (Column("day", "BIGINT"), Column("amount", "DECIMAL(21,1)"), Column("list", "BIGINT[]")),
        "core.state": (Column("id", "BIGINT"), Column("seen", "INTEGER")),
    }
    known = KnownTables({"raw.rides": RIDES}, {"raw.nowhere": (Column("z", "DATE"),)})
    more = bind_steps(pipelines, known, date(2026, 2, 1)).columns
    assert more["core.lost"] == (Column("z", "DATE"),)
    assert more["core.after_lost"] == (Column("one", "INTEGER"),)


def test_what_was_bound_is_kept_until_it_or_its_inputs_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipelines = compile_project(load_config(project(tmp_path, "duckdb")), {}, None).pipelines
    bound: list[str] = []
    bind = StepBinder.bind

    def count(binder: StepBinder, pipeline: Pipeline, step: Step, *rest: Any) -> Any:
        bound.append(step.into.name)
        return bind(binder, pipeline, step, *rest)

    monkeypatch.setattr(StepBinder, "bind", count)

    def run(columns: tuple[Column, ...]) -> list[str]:
        bound.clear()
        bind_steps(pipelines, KnownTables({"raw.rides": columns}), date(2026, 2, 1), cache=tmp_path / "cache")
        return sorted(bound)

    assert len(run(RIDES)) == len(TEXTS)
    assert run(RIDES) == []
    assert run((*RIDES, Column("more", "DATE"))) == ["core.early", "core.state"], "nothing else reads raw.rides"
    assert run(RIDES) == ["core.early", "core.state"], "only the last state is kept"
    (tmp_path / "cache/bound.json").write_text("{broken")
    assert len(run(RIDES)) == len(TEXTS)


def test_translation_uses_the_derived_types(tmp_path: Path) -> None:
    plain = compile_project(load_config(project(tmp_path, "duckdb")), {"raw.rides": RIDES}, None)
    assert "core.early" not in column_types(plain.catalog)
    told = compile_project(load_config(project(tmp_path, "trino")), {"raw.rides": RIDES}, None)
    assert column_types(told.catalog)["core.early"] == {
        "day": "BIGINT",
        "n": "BIGINT",
        "price": "DECIMAL(38,2)",
        "ds": "DATE",
    }


def test_unsupported_sql_is_reported_with_its_place(tmp_path: Path) -> None:
    folder = project(tmp_path, "trino")
    text = "SELECT\n  id,\n  entropy(price) AS h\nFROM raw.rides\nWHERE ds = DATE '{{ ds }}'\nGROUP BY id"
    (folder / "specs/core.bad.sql").write_text(HEAD.format("core.bad") + text)
    found = [
        p
        for p in compile_project(load_config(folder), {"raw.rides": RIDES}, None).problems
        if p.code == "unsupported-sql"
    ]
    assert [(problem.where.file, problem.where.line, problem.severity) for problem in found] == [
        ("specs/core.bad.sql", 8, "error")
    ]
    assert "entropy" in found[0].message
    assert "trino" in found[0].message
    assert found[0].fix
    (folder / "drawloom.yml").write_text("name: d\nstart: 2026-01-01\n")
    assert not [
        p
        for p in compile_project(load_config(folder), {"raw.rides": RIDES}, None).problems
        if p.code == "unsupported-sql"
    ]


def test_tables_are_named_in_long_texts_too() -> None:
    text = 'SELECT 1 AS n FROM core . rides JOIN "raw"."events" -- ' + "x" * 300_000
    assert _names([text]) == {"core.rides", "raw.events"}
