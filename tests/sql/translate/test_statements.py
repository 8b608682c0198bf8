"""Translations of DuckDB's constructs to Spark and Trino; the integration tests compare their rows with DuckDB's."""

from __future__ import annotations

import pytest

from drawloom.sql.dialect import transpile

COLUMNS = {"t": {"id": "INTEGER", "k": "VARCHAR", "v": "DOUBLE", "d": "DATE", "arr": "INTEGER[]", "at": "TIMESTAMP"}}
TEXTS = [
    ("SELECT 7 / id FROM t", "SELECT CAST(7 AS DOUBLE) / id FROM t", "SELECT CAST(7 AS DOUBLE) / id FROM t"),
    ("SELECT d - 7 FROM t", "SELECT date_add(d, -7) FROM t", "SELECT date_add('day', -7, d) FROM t"),
    ("SELECT d - d FROM t", "SELECT CAST(datediff(d, d) AS BIGINT) FROM t", "SELECT date_diff('day', d, d) FROM t"),
    (
        "SELECT id FROM t WHERE d = '2024-01-02'",
        "SELECT id FROM t WHERE d = CAST('2024-01-02' AS DATE)",
        "SELECT id FROM t WHERE d = CAST('2024-01-02' AS DATE)",
    ),
    (
        "SELECT id FROM t WHERE d >= DATE '2024-01-02' - INTERVAL 6 DAY",
        "SELECT id FROM t WHERE d >= CAST('2024-01-02' AS DATE) - INTERVAL '6' DAY",
        "SELECT id FROM t WHERE d >= CAST('2024-01-02' AS DATE) - INTERVAL '6' DAY",
    ),
    ("SELECT CAST(id AS VARCHAR) FROM t", "SELECT CAST(id AS STRING) FROM t", "SELECT CAST(id AS VARCHAR) FROM t"),
    ("SELECT CAST(k AS VARCHAR) FROM t", "SELECT k FROM t", "SELECT k FROM t"),
    ("SELECT arr[1] FROM t", "SELECT try_element_at(arr, 1) FROM t", "SELECT element_at(arr, 1) FROM t"),
    ("SELECT 'a\\b'", "SELECT 'a\\\\b'", "SELECT 'a\\b'"),
    ("SELECT k FROM t WHERE k LIKE 'a\\b%'", "SELECT k FROM t WHERE k LIKE 'a\\\\b%' ESCAPE '!'", "SELECT k FROM t WHERE k LIKE 'a\\b%'"),
    (
        "SELECT k, count(*) AS n FROM t GROUP BY ALL ORDER BY ALL",
        "SELECT k, count(*) AS n FROM t GROUP BY 1 ORDER BY 1 NULLS LAST, 2 NULLS LAST",
        "SELECT k, count(*) AS n FROM t GROUP BY 1 ORDER BY 1, 2",
    ),
    ("SELECT * EXCLUDE (arr, at, v) FROM t", "SELECT id, k, d FROM t", "SELECT id, k, d FROM t"),
    (
        "WITH a AS MATERIALIZED (SELECT id FROM t) SELECT * FROM a",
        "WITH a AS (SELECT id FROM t) SELECT * FROM a",
        "WITH a AS (SELECT id FROM t) SELECT * FROM a",
    ),
    ("SELECT my_udf(id, k) FROM t", "SELECT my_udf(id, k) FROM t", "SELECT my_udf(id, k) FROM t"),
    ("SELECT id AS \"table\" FROM t", "SELECT id AS `table` FROM t", 'SELECT id AS "table" FROM t'),
    ("SELECT id AS skip FROM t", "SELECT id AS skip FROM t", 'SELECT id AS "skip" FROM t'),
    ("SELECT count(*) FILTER (WHERE id > 1) FROM t", "SELECT count(*) FILTER(WHERE id > 1) FROM t", "SELECT count(*) FILTER(WHERE id > 1) FROM t"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "spark", "trino"), TEXTS)
def test_translation(sql: str, spark: str, trino: str) -> None:
    assert transpile(sql, "duckdb", "spark", COLUMNS) == spark
    assert transpile(sql, "duckdb", "trino", COLUMNS) == trino


def test_unknown_types_are_checked_at_run_time() -> None:
    assert "typeof(x)" in transpile("SELECT CAST(x AS BIGINT) FROM u", "duckdb", "spark")
    assert "typeof(x)" in transpile("SELECT CAST(x AS VARCHAR) FROM u", "duckdb", "trino")


def test_types_of_ctes_and_subqueries_are_known() -> None:
    sql = "WITH a AS (SELECT CAST(x AS DATE) AS y FROM u), b(z) AS (SELECT * FROM a) SELECT z - 1 FROM (SELECT * FROM b) AS c"
    assert transpile(sql, "duckdb", "trino").endswith("SELECT date_add('day', -1, z) FROM (SELECT * FROM b) AS c")


def test_ds_is_a_date() -> None:
    text = transpile("SELECT 1 FROM core.rides AS r WHERE r.ds = '2026-01-01' AND ds + 1 > ds", "duckdb", "trino")
    assert "r.ds = CAST('2026-01-01' AS DATE)" in text
    assert "date_add('day', 1, ds) > ds" in text


def test_several_statements() -> None:
    assert transpile("SELECT 1; SELECT 2;", "duckdb", "spark") == "SELECT 1;\nSELECT 2"


def test_deeply_nested_text() -> None:
    deep = "(" * 200 + "1" + " + 1)" * 200
    assert transpile(f"SELECT {deep} AS x", "duckdb", "trino").startswith("SELECT (((")
    chain = " OR ".join(f"id = {n}" for n in range(3000))
    assert transpile(f"SELECT 1 FROM t WHERE {chain}", "duckdb", "spark").count(" OR ") == 2999
