from __future__ import annotations

from datetime import date
from pathlib import Path

from drawloom.model import Column
from drawloom.run.compile_project import compile_project
from drawloom.run.derive_columns import derive_columns
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
    found = derive_columns(pipelines, {"raw.rides": RIDES}, date(2026, 2, 1))
    assert found == {
        "core.early": (Column("day", "BIGINT"), Column("n", "BIGINT"), Column("price", "DECIMAL(38,2)")),
        "core.late": (Column("day", "BIGINT"), Column("amount", "DECIMAL(21,1)"), Column("list", "BIGINT[]")),
        "core.state": (Column("id", "BIGINT"), Column("seen", "INTEGER")),
    }
    known = {"core.lost": (Column("z", "DATE"),), "raw.rides": RIDES}
    more = derive_columns(pipelines, known, date(2026, 2, 1))
    assert more["core.after_lost"] == (Column("one", "INTEGER"),)
    assert "core.lost" not in more, "it is known"


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
