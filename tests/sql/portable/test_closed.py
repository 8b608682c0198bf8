"""The closed list: no name of it is DuckDB's own, and in DuckDB's texts nothing else is touched."""

from __future__ import annotations

import re
from hashlib import md5
from typing import Any

import duckdb
import pytest

from drawloom.model import InputError
from drawloom.sql.dialect import transpile
from drawloom.sql.portable import closed
from drawloom.sql.portable.builtins import BUILTINS
from drawloom.sql.portable.closed import CLOSED, expanded

KINDS = "('scalar', 'aggregate', 'macro', 'window', 'table', 'table_macro')"
OTHERS = ("__", "collate_", "icu_collate_", "pg_", "has_", "duckdb_")


def names_in_duckdb() -> set[str]:
    rows = duckdb.execute(
        f"SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type IN {KINDS}"
    ).fetchall()
    return {name for (name,) in rows if re.fullmatch("[a-z_][a-z0-9_]*", name) and not name.startswith(OTHERS)}


def test_the_list_of_duckdbs_own_functions_is_whole() -> None:
    assert names_in_duckdb() - BUILTINS == set()
    assert BUILTINS - names_in_duckdb() <= {"coalesce", "grouping", "grouping_id"}


def test_no_name_is_taken() -> None:
    assert set(CLOSED) & names_in_duckdb() == set()


def test_the_docstring_names_them_all() -> None:
    assert all(f"| `{each.call}` |" in str(closed.__doc__) for each in CLOSED.values())


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
def test_a_text_without_them_stays_as_it_is(sql: str) -> None:
    assert transpile(sql, "duckdb", "duckdb") == sql


def test_only_the_calls_are_replaced() -> None:
    sql = "SELECT\n  dow( d ) AS x, -- the day\n  'dow(d)',  Bits_Left(1, 3)\nFROM   t"
    assert expanded(sql) == (
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
def test_what_they_give_in_duckdb(sql: str, rows: list[Any]) -> None:
    assert duckdb.execute(transpile(sql, "duckdb", "duckdb")).fetchall() == rows


@pytest.mark.parametrize("target", ["duckdb", "spark", "trino"])
@pytest.mark.parametrize(
    "sql", ["SELECT bucket(1)", "SELECT dow()", "SELECT map_of('a')", "SELECT top_k(x, 1, 2) FROM t"]
)
def test_wrong_numbers_of_arguments(sql: str, target: str) -> None:
    with pytest.raises(InputError) as caught:
        transpile(sql, "duckdb", target)
    assert caught.value.problems[0].code == "unsupported-sql"


def test_other_dialects_get_duckdbs_words() -> None:
    assert "DAYOFWEEK" in transpile("SELECT dow(d) FROM t", "duckdb", "bigquery").upper()
