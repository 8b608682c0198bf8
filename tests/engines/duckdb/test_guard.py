"""What a SELECT may read and call in DuckDB: everything else is refused by name, however it is spelled."""

from __future__ import annotations

import duckdb
import pytest

from drawloom.engines.duckdb.guard import check_reads
from drawloom.model import InputError, Problem
from drawloom.sql.duckdb_functions import DUCKDB_FUNCTIONS, is_allowed, is_refused, refusal

CONNECTION = duckdb.connect()
OWN = "_drawloom_7"
TABLES = frozenset(["core.t", "core.x.csv", "staged"])


def refused(sql: str) -> list[Problem]:
    try:
        check_reads(CONNECTION, sql, TABLES, ["/lake/part.parquet"], OWN)
    except InputError as error:
        return list(error.problems)
    return []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT upper(a) || 'x', sum(b) FILTER (WHERE c) OVER w FROM core.t WINDOW w AS (ORDER BY a)",
        "WITH a AS (SELECT 1 AS x), b AS (SELECT * FROM a) SELECT * FROM b JOIN core.T USING (x)",
        'WITH RECURSIVE "a.b" AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM "a.b" WHERE x < 3) SELECT * FROM "a.b"',
        'SELECT * FROM core."x.csv"',
        "SELECT * FROM range(3), unnest([1]), generate_series(1, 2), (VALUES (1)) AS v(x)",
        "SELECT [x + 1 for x in l if x > 0], {'a': 1}.a, list_transform(l, lambda x: x ** 2), MAP {1: 2}[1] FROM core.t",
        "FROM core.t PIVOT (sum(v) FOR k IN ('a'))",
        "SELECT a GLOB 'x*', a[1:2], a::INT, TRY_CAST(a AS DATE), extract(year FROM d), current_date FROM staged",
        "SELECT * EXCLUDE (a) REPLACE (1 AS b), COLUMNS('c.*') FROM core.t TABLESAMPLE 10%",
        "DESCRIBE core.t",
        "SUMMARIZE core.t",
        "EXPLAIN ANALYZE SELECT * FROM core.t",
        "SELECT * FROM read_parquet('/lake/part.parquet', hive_partitioning=false)",
        'SELECT * FROM _drawloom_7.main."_drawloom days"',
        "SELECT colaesce(a) FROM core.misspelled, misspelled",
    ],
)
def test_tables_and_functions_of_values_are_allowed(sql: str) -> None:
    assert refused(sql) == []


@pytest.mark.parametrize(
    ("sql", "code", "named", "place"),
    [
        ("SELECT *\nFROM read_csv('a.csv')", "reads-files", "read_csv(...)", (2, 6)),
        ("SELECT * FROM system.main.Read_Parquet ('a')", "reads-files", "read_parquet(...)", (1, 15)),
        ("SELECT * FROM \"read_parquet\"('a')", "reads-files", "read_parquet(...)", (1, 15)),
        ("SELECT * FROM read_parquet(['/lake/part.parquet', 'b'])", "reads-files", "read_parquet(...)", (1, 15)),
        ("SELECT * FROM read_text('/lake/part.parquet')", "reads-files", "read_text(...)", (1, 15)),
        ("SELECT * FROM parquet_metadata('a')", "reads-files", "parquet_metadata(...)", (1, 15)),
        ("SELECT * FROM glob('*')", "reads-files", "glob(...)", (1, 15)),
        ("SELECT * FROM sqlite_scan('a', 'b')", "reads-files", "sqlite_scan(...)", (1, 15)),
        ("SELECT * FROM 'a.parquet'", "reads-files", "a.parquet", (1, 15)),
        ('SELECT * FROM core.t JOIN "data/x.csv" USING (x)', "reads-files", "data/x.csv", (1, 27)),
        ('WITH "x.csv" AS (SELECT * FROM "x.csv") SELECT * FROM "x.csv"', "reads-files", "x.csv", (1, 32)),
        ('WITH a AS (FROM "b.csv"), "b.csv" AS (SELECT 1) FROM a', "reads-files", "b.csv", (1, 17)),
        ("SUMMARIZE 'x.csv'", "reads-files", "x.csv", None),
        ("EXPLAIN SELECT * FROM 'x.csv'", "reads-files", "x.csv", (1, 23)),
        ("SELECT (SELECT count(*) FROM 'x.csv')", "reads-files", "x.csv", (1, 30)),
        ("SELECT 'é', getenv('HOME')", "not-allowed", "getenv(...)", (1, 13)),
        ("SELECT 1 ORDER BY getenv('HOME')", "not-allowed", "getenv(...)", (1, 19)),
        ("SELECT list_transform([1], lambda x: getenv('a'))", "not-allowed", "getenv(...)", (1, 38)),
        ("SELECT sum(1) OVER (PARTITION BY 'a'.getenv())", "not-allowed", "getenv(...)", (1, 38)),
        ("SELECT current_setting('memory_limit')", "not-allowed", "current_setting(...)", (1, 8)),
        ("SELECT * FROM query('SELECT 1')", "not-allowed", "query(...)", (1, 15)),
        ("SELECT * FROM query_table('core.t')", "not-allowed", "query_table(...)", (1, 15)),
        ("SELECT * FROM json_execute_serialized_sql('x')", "not-allowed", "json_execute_serialized_sql(...)", (1, 15)),
        ("SELECT * FROM duckdb_settings()", "not-allowed", "duckdb_settings(...)", (1, 15)),
        ("SELECT * FROM duckdb_tables", "not-allowed", "duckdb_tables", (1, 15)),
        ("SELECT * FROM pg_class, sqlite_master", "not-allowed", "pg_class", (1, 15)),
        ("SELECT * FROM information_schema.tables", "not-allowed", "information_schema.tables", (1, 15)),
        ("SELECT * FROM memory.main.x", "not-allowed", "memory.main.x", (1, 15)),
        ("SELECT * FROM _drawloom_3.staged", "not-allowed", "_drawloom_3.staged", (1, 15)),
        ("SELECT nextval('s')", "not-allowed", "nextval(...)", (1, 8)),
        ("SELECT sleep_ms(9)", "not-allowed", "sleep_ms(...)", (1, 8)),
        ("SHOW TABLES", "not-allowed", "SHOW", None),
        ("SELECT * FROM (SHOW ALL TABLES)", "not-allowed", "SHOW", None),
        ("WITH x AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM x", "writes", "INSERT", None),
        ("SELECT 1; SELECT 2", "not-select", "statements == 2", None),
        ("COPY core.t TO 'x.csv'", "not-select", "cannot be checked", None),
        ("ATTACH 'x.db'", "not-select", "cannot be checked", None),
        ("PRAGMA database_list", "not-select", "cannot be checked", None),
    ],
)
def test_everything_else_is_refused_by_name(sql: str, code: str, named: str, place: tuple[int, int] | None) -> None:
    problem = refused(sql)[0]
    assert problem.code == code
    assert named in problem.message
    assert "must" in problem.message or code == "not-select"
    assert place is None or (problem.where.line, problem.where.column) == place


def test_every_function_of_duckdb_is_allowed_or_refused_with_a_reason() -> None:
    """Nothing that is new in a version of DuckDB can be called before somebody has looked at it."""
    rows = CONNECTION.execute("SELECT DISTINCT lower(function_name) FROM duckdb_functions()").fetchall()
    allowed = {name for (name,) in rows if is_allowed(name)}
    assert {name for name in allowed if name[0].isalpha()} <= DUCKDB_FUNCTIONS | {
        *("formatreadabledecimalsize", "formatreadablesize", "pg_typeof", "pg_size_pretty"),
        *("is distinct from", "is not distinct from"),
    }
    assert all(is_refused(name) or is_allowed(name) for name in DUCKDB_FUNCTIONS)
    assert all(all(refusal(name)) for (name,) in rows)


def test_functions_that_take_a_path_or_sql_are_refused() -> None:
    """DuckDB says of its table functions which parameters they have; those with options for files are not allowed."""
    rows = CONNECTION.execute(
        "SELECT function_name, parameters FROM duckdb_functions() WHERE function_type IN ('table', 'table_macro')"
    ).fetchall()
    harmless = {"generate_series", "range", "repeat", "repeat_row", "unnest", "json_each", "json_tree", "summary",
                "icu_calendar_names", "test_all_types", "test_vector_types", "histogram", "histogram_values"}  # fmt: skip
    assert {name for name, _ in rows if is_allowed(name)} <= harmless


def test_deep_and_long_statements_are_judged_too() -> None:
    deep = "SELECT * FROM " + "(SELECT * FROM " * 60 + "read_csv('x')" + ") AS q" * 60
    assert refused(deep)[0].code == "reads-files"
    long = "SELECT " + " + ".join(["1"] * 800) + " + getenv('x')::INT"
    assert refused(long)[0].code == "not-allowed"
