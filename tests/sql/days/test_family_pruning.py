"""The members of a family that a query reads: without those whose constants a condition excludes."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from drawloom.model import Column, Family, Member
from drawloom.sql import analyze
from drawloom.sql.catalog import CatalogEntry
from drawloom.sql.families import family_sql

COLUMNS = (Column("name", "VARCHAR"), Column("size", "BIGINT"), Column("n", "BIGINT"))
MEMBERS = {"a": ("x", 1), "b": ("y", 2), "c": ("z", 3)}
FAMILY = Family(
    "f.all",
    COLUMNS,
    tuple(Member(f"f.{key}", (("name", name), ("size", size)), COLUMNS) for key, (name, size) in MEMBERS.items()),
)
TYPES = {column.name: column.type for column in COLUMNS}
CATALOG = {
    "f.all": CatalogEntry(("ds",), TYPES, family=FAMILY),
    "core.t": CatalogEntry(("ds",), {"name": "VARCHAR", "k": "BIGINT"}),
}
DAY = "ds = DATE '{{ ds }}'"


def members(sql: str) -> str:
    """The members that the query reads: `"ac"` for `f.a` and `f.c`."""
    found = {read.table for read in analyze(sql, catalog=CATALOG).reads}
    assert {"f.all"}.isdisjoint(found)
    return "".join(sorted(table.removeprefix("f.") for table in found if table.startswith("f.")))


CASES = [
    ("SELECT * FROM f.all", "abc"),
    ("SELECT * FROM f.all WHERE name = 'x'", "a"),
    ("SELECT * FROM F.ALL AS q WHERE 'x' = q.name AND n > 3", "a"),
    ("SELECT * FROM f.all WHERE name IN ('x', 'z')", "ac"),
    ("SELECT * FROM f.all WHERE name <> 'x'", "bc"),
    ("SELECT * FROM f.all WHERE NOT name = 'x'", "bc"),
    ("SELECT * FROM f.all WHERE size > 1", "bc"),
    ("SELECT * FROM f.all WHERE size BETWEEN 2 AND 2", "b"),
    ("SELECT * FROM f.all WHERE name = 'x' OR size = 3", "ac"),
    ("SELECT * FROM f.all WHERE name = 'x' OR n = 3", "abc"),
    ("SELECT * FROM f.all WHERE name = 'nobody'", ""),
    ("SELECT * FROM f.all WHERE name = NULL", ""),
    ("SELECT * FROM f.all WHERE name IS NULL", ""),
    ("SELECT * FROM f.all WHERE coalesce(name, 'x') = 'x' OR n IS NULL", "abc"),
    ("SELECT * FROM f.all WHERE 1 = 0", ""),
    # A join to the family: rows that never match may be skipped, except on the side that an outer join keeps.
    ("SELECT * FROM core.t AS t JOIN f.all AS q ON q.name = 'x' AND q.n = t.k", "a"),
    ("SELECT * FROM core.t AS t JOIN f.all AS q ON q.n = t.k WHERE q.name = 'x'", "a"),
    ("SELECT * FROM core.t AS t LEFT JOIN f.all AS q ON q.n = t.k AND q.name = 'x'", "a"),
    ("SELECT * FROM core.t AS t LEFT JOIN f.all AS q ON q.n = t.k WHERE q.name = 'x'", "abc"),
    ("SELECT * FROM core.t AS t LEFT JOIN f.all AS q ON q.n = t.k WHERE q.name IS NULL", "abc"),
    ("SELECT * FROM f.all AS q LEFT JOIN core.t AS t ON q.n = t.k AND q.name = 'x'", "abc"),
    ("SELECT * FROM f.all AS q LEFT JOIN core.t AS t ON q.n = t.k WHERE q.name = 'x'", "a"),
    ("SELECT * FROM f.all AS q RIGHT JOIN core.t AS t ON q.n = t.k AND q.name = 'x'", "a"),
    ("SELECT * FROM f.all AS q RIGHT JOIN core.t AS t ON q.n = t.k WHERE q.name = 'x'", "abc"),
    ("SELECT * FROM f.all AS q FULL JOIN core.t AS t ON q.n = t.k AND q.name = 'x'", "abc"),
    ("SELECT * FROM f.all AS q FULL JOIN core.t AS t ON q.n = t.k WHERE q.name = 'x'", "abc"),
    ("SELECT * FROM core.t AS t SEMI JOIN f.all AS q ON q.n = t.k AND q.name = 'y'", "b"),
    ("SELECT * FROM core.t AS t ANTI JOIN f.all AS q ON q.n = t.k AND q.name = 'y'", "b"),
    ("SELECT * FROM f.all AS q ANTI JOIN core.t AS t ON q.n = t.k WHERE q.name = 'y'", "b"),
    ("SELECT * FROM f.all AS q ANTI JOIN core.t AS t ON q.n = t.k AND q.name = 'y'", "abc"),
    ("SELECT * FROM core.t AS t WHERE EXISTS (SELECT 1 FROM f.all AS q WHERE q.n = t.k AND q.name = 'z')", "c"),
    ("SELECT * FROM core.t AS t WHERE NOT EXISTS (SELECT 1 FROM f.all AS q WHERE q.n = t.k AND q.name = 'z')", "c"),
    ("SELECT * FROM core.t AS t WHERE k IN (SELECT n FROM f.all WHERE size = 1)", "a"),
    ("SELECT p.n FROM f.all AS p JOIN f.all AS q ON p.n = q.n WHERE p.name = 'x' AND q.name = 'y'", "ab"),
    ("SELECT name, sum(n) AS n FROM f.all WHERE name = 'x' GROUP BY name HAVING sum(n) > 1", "a"),
    ("SELECT name, sum(n) AS n FROM f.all GROUP BY name HAVING name = 'x'", "abc"),
    ("SELECT * FROM (SELECT * FROM f.all WHERE name = 'x' LIMIT 3) AS q", "a"),
    (
        "WITH q AS (SELECT * FROM f.all WHERE size <> 2) SELECT * FROM q UNION ALL SELECT * FROM f.all WHERE name = 'y'",
        "abc",
    ),
    ("SELECT * FROM f.all WHERE name = CASE WHEN extract(day FROM DATE '{{ ds }}') < 15 THEN 'x' ELSE 'y' END", "abc"),
    # What depends on the day may read any member on some day.
    ("SELECT * FROM f.all WHERE DATE '{{ ds }}' = DATE '2026-01-01'", "abc"),
    ("SELECT * FROM f.all WHERE name = '{{ 'x' if ds > '2026-06-01' else 'y' }}'", "abc"),
    ("SELECT * FROM f.all WHERE {% if ds == '2026-03-17' %} name = 'x' {% else %} name = 'y' {% endif %}", "abc"),
    ("SELECT * FROM f.all WHERE {{ 'NOT' if ds == '2026-03-17' }} name = 'x'", "abc"),
    ("SELECT * FROM f.all WHERE name = 'x' AND ds = DATE '{{ ds }}'", "a"),
    # What engines compute differently, or may, rules nothing out.
    ("SELECT * FROM f.all WHERE concat(name, NULL) = 'x'", "abc"),
    ("SELECT * FROM f.all WHERE upper(name) = 'X'", "abc"),
    ("SELECT * FROM f.all WHERE size = '2'", "abc"),
    ("SELECT * FROM f.all WHERE -size = -2", "b"),
    ("SELECT * FROM f.all WHERE NOT (size IN (1, 2) OR size IS NULL)", "c"),
    # Names that may be others.
    ("SELECT q.k FROM f.all AS q(k, name, m, ds) WHERE name = 1", "abc"),
    ("SELECT what FROM f.all UNPIVOT (size FOR what IN (size, n)) WHERE size = 2", "abc"),
    ("SELECT * FROM f.all WHERE f.all.name = 'x'", "a"),
]


@pytest.mark.parametrize(("sql", "wanted"), CASES)
def test_members_read(sql: str, wanted: str) -> None:
    assert members(sql) == wanted


@pytest.mark.unmeasured
@pytest.mark.parametrize("sql", [sql for sql, _ in CASES if "{" not in sql])
def test_rows_are_the_same_without_the_skipped_members(sql: str) -> None:
    """DuckDB returns the same rows from the members that are read and from all of them."""
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA f; CREATE SCHEMA core")
    for key, (name, size) in MEMBERS.items():
        rows = f"SELECT '{name}' AS name, {size} AS size, i AS n, DATE '2026-01-01' AS ds FROM range(4) AS r(i)"
        connection.execute(f"CREATE TABLE f.{key} AS {rows}")
    connection.execute(
        "CREATE TABLE core.t AS SELECT 'x' AS name, i AS k, DATE '2026-01-01' AS ds FROM range(6) AS r(i)"
    )
    results = []
    for tables in ([f"f.{key}" for key in MEMBERS], [f"f.{key}" for key in members(sql)]):
        connection.execute(f'CREATE OR REPLACE VIEW f."all" AS {family_sql(FAMILY, tables)}')
        results.append(sorted(map(str, connection.execute(sql).fetchall())))
    if "LIMIT" not in sql:  # which rows a LIMIT returns is not fixed
        assert results[0] == results[1]


def test_days_are_pushed_down_to_each_member() -> None:
    found = analyze(f"SELECT * FROM f.all WHERE {DAY} AND name <> 'x'", catalog=CATALOG).reads
    assert [(read.table, str(read.days)) for read in found] == [("f.b", "0"), ("f.c", "0")]
    window = "SELECT * FROM f.all WHERE ds BETWEEN DATE '{{ ds }}' - INTERVAL 6 DAY AND DATE '{{ ds }}'"
    assert {str(read.days) for read in analyze(window, catalog=CATALOG).reads} == {"-6..0"}


def test_constants_may_be_dates_and_booleans() -> None:
    columns = (Column("since", "DATE"), Column("on", "BOOLEAN"))
    old = Member("f.old", (("since", date(2025, 1, 1)), ("on", False)), columns)
    new = Member("f.new", (("since", date(2026, 1, 1)), ("on", True)), columns)
    catalog = {
        "f.all": CatalogEntry(("ds",), {"since": "DATE", "on": "BOOLEAN"}, family=Family("f.all", columns, (old, new)))
    }
    for condition in ("since >= DATE '2025-06-01'", '"on"', "\"on\" = TRUE AND since > DATE '2025-06-01'"):
        found = analyze(f"SELECT * FROM f.all WHERE {DAY} AND {condition}", catalog=catalog).reads
        assert [read.table for read in found] == ["f.new"], condition
