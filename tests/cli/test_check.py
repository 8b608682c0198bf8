"""What would fail when it runs is told by check: once, at its place, with what was meant. Nothing is written."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from tests.cli.sample_project import SampleProject
from tests.cli.test_bad_input import lake_files

HEAD = "/* drawloom\ntable: core.new\nuntil: 'forever: a test'\n{}*/\n"
GROWTH = """kind: growth
name: shop
source: raw.orders
until: "forever: a test"
entity: {entity}
time: {time}
activities:
  bought: {condition}
dimensions:
  kind: {{column: {column}}}
"""
FIELDS = {"entity": "product", "time": "id", "condition": "amount > 3", "column": "product"}
FROM = "FROM raw.orders WHERE ds = '{{ ds }}'"


def problems_of(project: SampleProject, code: int = 2) -> list[dict[str, Any]]:
    """What check reports, which must write nothing; plan and run must refuse the same."""
    before = lake_files(project)
    found: list[dict[str, Any]] = project.json("check", code=code)["problems"]
    if code:
        assert project.json("plan", "core.new", code=2)["problems"] == found
        assert project.json("run", "core.new", code=2)["problems"] == found
    assert lake_files(project) == before
    return found


@pytest.mark.parametrize(
    ("header", "sql", "line", "column", "message", "fix"),
    [
        ("", f"SELECT\n  id,\n  amuont\n{FROM}", 7, 3, "column == amuont", "Did you mean amount?"),
        (
            "",
            f"SELECT o.id, 'ä', o.amuont {FROM.replace(' WHERE', ' AS o WHERE')}",
            5,
            21,
            "column == amuont",
            "amount",
        ),
        ("", f"SELECT {{{{ 'id' }}}},\n summ(amount) AS a {FROM}", 6, 2, "function == summ", "Did you mean sum?"),
        ("", f"SELECT dow(ds) AS d, amuont {FROM}", 5, 22, "column == amuont", "Did you mean amount?"),
        ("", f"SELECT CAST(id AS INTT) AS n {FROM}", 5, 19, "type == INTT", None),
        ("", f"SELECT id {FROM} AND amount > product || 'x'", 5, 53, "explicit cast", "Cast one of the values"),
        ("", f"SELECT id AS n, order {FROM}", 5, 23, "syntax error", 'in double quotes: "order"'),
        ("", f"SELECT x.id {FROM}", 5, 8, "table == x", "There are"),
        ("", f"SELECT id, sum(amount) AS a {FROM}", 5, 8, "GROUP BY", None),
        ("", f"SELECT id, id {FROM}", 5, None, "two columns of one name", "alias"),
        ("dialect: bigquery\n", f"SELECT IF(id > 1, amuont, 0) AS a {FROM}", 6, 19, "column == amuont", "amount"),
        ("dialect: bigquery\n", f"SELECT nosuch(id) AS a {FROM}", 6, 8, "translated from bigquery", None),
        (
            "checks:\n  - rows: {min: 1}\n  - not_null: [id, amuont]\n",
            f"SELECT id, amount {FROM}",
            6,
            None,
            "amuont",
            "amount",
        ),
        ("checks:\n  - unique: [idd]\n", f"SELECT id {FROM}", 5, None, "column == idd", "Did you mean id?"),
        (
            "checks:\n  - accepted_values: {prod: [tea]}\n",
            f"SELECT product {FROM}",
            5,
            None,
            "column == prod",
            "product",
        ),
        (
            "checks:\n  - sql:\n      name: big\n      query: SELECT * FROM staged WHERE amuont > 3\n",
            f"SELECT amount {FROM}",
            7,
            None,
            "column == amuont",
            "amount",
        ),
        (
            "checks:\n  - sql: {name: big, query: SELECT * FROM core.ever}\n",
            f"SELECT amount {FROM}",
            5,
            None,
            "core.ever",
            None,
        ),
        ("columns: {id: BIGINT,\n  amout: DOUBLE}\n", f"SELECT id, amount {FROM}", 5, None, "declared", None),
        ("columns: {id: BIGINT, product: BIGINT}\n", f"SELECT id, product {FROM}", 4, None, "as declared", None),
        ("cluster: [prduct]\n", f"SELECT product {FROM}", 4, None, "cluster", None),
        ("", "SELECT id FROM core.new WHERE ds = DATE '{{ ds }}' - 1", 2, None, "own past", "Declare its `columns`"),
    ],
)
def test_what_does_not_bind_is_told_once_at_its_place(
    project: SampleProject, header: str, sql: str, line: int, column: int | None, message: str, fix: str | None
) -> None:
    project.write("specs/new.sql", HEAD.format(header) + sql)
    found = [problem for problem in problems_of(project) if problem["severity"] == "error"]
    assert [(p["file"], p["line"]) for p in found][:1] == [("specs/new.sql", line)], found
    assert message in found[0]["message"]
    assert column in (None, found[0]["column"])
    assert fix is None or fix in found[0]["fix"]
    assert len(found) == 1 or "declared" in message, found


@pytest.mark.unmeasured
@pytest.mark.parametrize(
    ("field", "value", "line", "fix"),
    [
        ("entity", "[product, ide]", 5, "Did you mean id?"),
        ("entity", "prdct", 5, "Did you mean product?"),
        ("time", "dy", 6, "Did you mean day?"),
        ("condition", "amuont > 3", 8, "Did you mean amount?"),
        ("column", "prod", 10, "Did you mean product?"),
    ],
)
def test_a_field_of_a_framework_names_a_column_that_is_not_there(
    project: SampleProject, field: str, value: str, line: int, fix: str
) -> None:
    project.write("specs/shop.yml", GROWTH.format(**{**FIELDS, field: value}))
    before = lake_files(project)
    (found,) = project.json("check", code=2)["problems"]
    assert (found["file"], found["line"], found["fix"]) == ("specs/shop.yml", line, fix)
    assert "specs/shop.yml" in project.run("run", "growth.shop", code=2)
    assert lake_files(project) == before


def test_all_missing_columns_of_a_text_are_told(project: SampleProject) -> None:
    project.write("specs/new.sql", HEAD.format("") + f"SELECT idd, amuont, summ(idd) AS x {FROM}")
    assert [p["column"] for p in problems_of(project)] == [8, 13, 21]


def test_what_reads_a_broken_step_is_not_told(project: SampleProject) -> None:
    project.write("specs/new.sql", HEAD.format("") + f"SELECT idd {FROM}")
    project.write(
        "specs/after.sql",
        HEAD.format("").replace("core.new", "core.after") + "SELECT x FROM core.new WHERE ds = '{{ ds }}'",
    )
    assert [p["file"] for p in problems_of(project)] == ["specs/new.sql"]


def test_a_spec_without_a_table_name_is_told_and_not_its_readers(project: SampleProject) -> None:
    project.write("specs/daily.sql", (project.folder / "specs/daily.sql").read_text().replace("until", "untill"))
    assert {p["file"] for p in project.json("check", code=2)["problems"]} == {"specs/daily.sql"}


def test_columns_are_those_of_the_new_sql_and_not_of_old_partitions(finished: SampleProject) -> None:
    daily = (finished.folder / "specs/daily.sql").read_text()
    finished.write("specs/daily.sql", daily.replace("AS amount", "AS amount, min(id) AS first_id"))
    rolling = (finished.folder / "specs/rolling.sql").read_text()
    finished.write("specs/rolling.sql", rolling.replace("sum(orders) AS orders", "min(first_id) AS orders"))
    assert "as in the existing partitions" not in finished.run("check")
    finished.write("specs/daily.sql", daily.replace("AS amount", "AS total"))
    finished.write("specs/rolling.sql", rolling.replace("sum(orders)", "sum(amount)"))
    (found,) = finished.json("check", code=2)["problems"]
    assert (found["file"], found["message"].partition(",")[0]) == ("specs/rolling.sql", "column == amount")


def test_a_source_without_known_columns_is_told_once(project: SampleProject) -> None:
    config = (project.folder / "drawloom.yml").read_text()
    project.write("drawloom.yml", config + 'sources:\n  raw.far: {files: "far/ds={ds}/*.parquet"}\n')
    for name in ("one", "two"):
        project.write(
            f"specs/{name}.sql",
            HEAD.format("").replace("core.new", f"core.{name}") + "SELECT x FROM raw.far WHERE ds = '{{ ds }}'",
        )
    (note,) = project.json("check")["problems"]
    assert (note["severity"], note["file"], note["line"]) == ("info", "drawloom.yml", 7)
    assert "core.one, core.two" in note["message"]
    (project.folder / "far/ds=2026-03-01").mkdir(parents=True)
    duckdb.sql(f"COPY (SELECT 1 AS xx) TO '{project.folder}/far/ds=2026-03-01/a.parquet'")
    found = project.json("check", code=2)["problems"]
    assert [(p["file"], p["fix"]) for p in found] == [(f"specs/{n}.sql", "Did you mean xx?") for n in ("one", "two")]


def test_a_broken_draft_blocks_only_itself(project: SampleProject) -> None:
    project.write("specs/new.sql", HEAD.format("") + f"SELECT idd {FROM}")
    assert "left out" in project.run("plan", code=2)
    assert "specs/new.sql:5:8" in project.run("run", code=2)
    assert project.query("SELECT count(*) AS n FROM core.rolling WHERE ds = '2026-03-10'")[0]["n"]
    assert project.json("status")["left_out"][0]["file"] == "specs/new.sql"
    assert project.json("run", "core.rolling")["left_out"]
    assert "idd" in project.run("preview", "core.new", "--ds", "2026-03-02", code=2)
    assert "core.rolling" in project.run("show")


def test_what_needs_a_broken_spec_waits(project: SampleProject) -> None:
    project.write("specs/daily.sql", (project.folder / "specs/daily.sql").read_text().replace("amount)", "amuont)"))
    assert "waiting for core.daily" in project.run("plan", "core.rolling")
    assert "core.daily" in project.run("run", "core.rolling", code=3)
    assert "amuont" in project.run("run", "core.daily", code=2)
