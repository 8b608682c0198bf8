"""Portable functions: their names are free in DuckDB, they give the right results, and the rest of a text is unchanged."""

from __future__ import annotations

import re
from hashlib import md5
from typing import Any

import duckdb
import pytest

from drawloom.model import InputError
from drawloom.sql.dialect import transpile
from drawloom.sql.duckdb_functions import DUCKDB_FUNCTIONS
from drawloom.sql.translate import portable
from drawloom.sql.translate.portable import PORTABLE_FUNCTIONS, expand_portable_functions

FUNCTION_TYPES = "('scalar', 'aggregate', 'macro', 'window', 'table', 'table_macro')"
INTERNAL_PREFIXES = ("__", "collate_", "icu_collate_", "pg_", "has_", "duckdb_")


def duckdb_functions() -> set[str]:
    rows = duckdb.execute(
        f"SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type IN {FUNCTION_TYPES}"
    ).fetchall()
    return {
        name for (name,) in rows if re.fullmatch("[a-z_][a-z0-9_]*", name) and not name.startswith(INTERNAL_PREFIXES)
    }


def test_list_of_duckdb_functions_is_complete() -> None:
    assert duckdb_functions() - DUCKDB_FUNCTIONS == set()
    assert DUCKDB_FUNCTIONS - duckdb_functions() <= {"coalesce", "grouping", "grouping_id"}


def test_portable_names_are_not_duckdb_functions() -> None:
    assert set(PORTABLE_FUNCTIONS) & duckdb_functions() == set()


def test_docstring_lists_all() -> None:
    assert all(f"| `{each.call}` |" in str(portable.__doc__) for each in PORTABLE_FUNCTIONS.values())


@pytest.mark.parametrize(
    "sql",
    [
        "  select  1 ;; -- bucket\n",
        "SELECT this is no SQL at all (",
        "SELECT 'bucket(a, b, 1)' AS \"dow (\" FROM t -- top_k(x, 2)",
        "SELECT bucket, dow FROM t",
        'SELECT "dow"(d), s.bucket(1) FROM t',
    ],
)
def test_text_without_portable_functions_is_unchanged(sql: str) -> None:
    assert transpile(sql, "duckdb", "duckdb") == sql


def test_only_calls_are_replaced() -> None:
    sql = "SELECT\n  dow( d ) AS x, -- the day\n  'dow(d)',  Bits_Left(1, 3)\nFROM   t"
    assert expand_portable_functions(sql) == (
        "SELECT\n  (isodow(d) - 1) AS x, -- the day\n  'dow(d)',  (CAST(1 AS BIGINT) << CAST(3 AS BIGINT))\nFROM   t"
    )


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT bucket(7, 'a', 10), bucket(NULL, 'a', 10)", [(int(md5(b"a:7").hexdigest()[:8], 16) % 10, None)]),
        ("SELECT dow(DATE '2024-01-01'), dow(DATE '2024-01-07')", [(0, 6)]),
        ("SELECT bucket(dow(DATE '2024-01-01') + 1, 'a' || 'b', 1)", [(0,)]),
        ("SELECT CAST(day_shift('2024-02-28', 2) AS VARCHAR)", [("2024-03-01",)]),
        ("SELECT count(*), min(ds) = DATE '2024-01-01' FROM day_series('2024-01-01', DATE '2024-01-03')", [(3, True)]),
        ("SELECT count(s.x) FROM range(2) r, day_series('2024-01-01', day_shift('2024-01-01', 4)) AS s(x)", [(10,)]),
        ("SELECT day_series.ds IS NULL FROM day_series('2024-01-01', '2024-01-01')", [(False,)]),
        ("SELECT list_len(day_series('2024-01-01', '2023-01-01'))", [(0,)]),
        ("SELECT top_k(x, 2) FROM (VALUES (1), (2), (2), (NULL), (3)) t(x)", [([2, 1],)]),
        ("SELECT ordered_array(x, -x) FROM (VALUES (1), (3), (2)) t(x)", [([3, 2, 1],)]),
        ("SELECT approx_distinct(x) FROM (VALUES (1), (1)) t(x)", [(1,)]),
        ("SELECT map_of('a', 1, 'b', 2)['b']", [(2,)]),
        (
            "SELECT bits_and(6, 3), bits_or(6, 3), bits_xor(6, 3), bits_left(1, 40), bits_right(8, 2)",
            [(2, 7, 5, 2**40, 2)],
        ),
    ],
)
def test_results_in_duckdb(sql: str, rows: list[Any]) -> None:
    assert duckdb.execute(transpile(sql, "duckdb", "duckdb")).fetchall() == rows


@pytest.mark.parametrize("target", ["duckdb", "spark", "trino"])
@pytest.mark.parametrize(
    "sql", ["SELECT bucket(1)", "SELECT dow()", "SELECT map_of('a')", "SELECT top_k(x, 1, 2) FROM t"]
)
def test_wrong_number_of_arguments(sql: str, target: str) -> None:
    with pytest.raises(InputError) as caught:
        transpile(sql, "duckdb", target)
    assert caught.value.problems[0].code == "unsupported-sql"


def test_other_dialects_get_the_expansion() -> None:
    assert "DAYOFWEEK" in transpile("SELECT dow(d) FROM t", "duckdb", "bigquery").upper()
