from __future__ import annotations

import random
from collections.abc import Sequence

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.engines.base import content_hash
from drawloom.engines.duckdb.write import measure_sql
from drawloom.model import Column
from tests.engines.conftest import D1, Bench, day

CONNECTION = duckdb.connect()


def content_of(sql: str) -> str:
    described = CONNECTION.execute(f"DESCRIBE {sql}").fetchall()
    columns = [Column(name, kind) for name, kind, *_ in described]
    ((rows, total),) = CONNECTION.execute(measure_sql(columns, f"({sql})")).fetchall()
    return content_hash(columns, rows, total)


def values(rows: Sequence[tuple[int | None, str | None]]) -> str:
    texts = [f"({'NULL' if n is None else n}, {'NULL' if s is None else repr(s)})" for n, s in rows]
    body = f"VALUES {', '.join(texts)}" if rows else "SELECT NULL, NULL WHERE false"
    return f"SELECT CAST(a AS INTEGER) AS a, CAST(b AS VARCHAR) AS b FROM ({body}) AS t(a, b)"


ROWS = st.lists(st.tuples(st.none() | st.integers(-3, 3), st.none() | st.sampled_from(["", "a", "NULL"])), max_size=8)


@given(ROWS, ROWS, st.randoms(use_true_random=False))
def test_hashes_are_equal_exactly_where_the_rows_are(
    one: list[tuple[int | None, str | None]], other: list[tuple[int | None, str | None]], chance: random.Random
) -> None:
    shuffled = one.copy()
    chance.shuffle(shuffled)
    assert content_of(values(one)) == content_of(values(shuffled))
    same = sorted(one, key=repr) == sorted(other, key=repr)
    assert (content_of(values(one)) == content_of(values(other))) == same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT 1 AS a", "SELECT 1 AS b"),
        ("SELECT 1 AS a", "SELECT 1::BIGINT AS a"),
        ("SELECT 1 AS a, 2 AS b", "SELECT 2 AS a, 1 AS b"),
        ("SELECT 1 AS a WHERE false", "SELECT 1::BIGINT AS a WHERE false"),
        ("SELECT NULL::INTEGER[] AS a", "SELECT []::INTEGER[] AS a"),
        ("SELECT [NULL]::INTEGER[] AS a", "SELECT []::INTEGER[] AS a"),
        ("SELECT [1, 2] AS a", "SELECT [2, 1] AS a"),
        ("SELECT ['a, b'] AS a", "SELECT ['a', 'b'] AS a"),
        ("SELECT ['NULL'] AS a", "SELECT [NULL]::VARCHAR[] AS a"),
        ("SELECT [''] AS a", "SELECT []::VARCHAR[] AS a"),
        ("SELECT {'x': NULL::INTEGER} AS a", "SELECT NULL::STRUCT(x INTEGER) AS a"),
        ("SELECT {'x': 1, 'y': NULL::INTEGER} AS a", "SELECT {'x': NULL::INTEGER, 'y': 1} AS a"),
        ("SELECT 'nan'::DOUBLE AS a", "SELECT NULL::DOUBLE AS a"),
        ("SELECT '' AS a", "SELECT NULL::VARCHAR AS a"),
        ("SELECT 1.0::DOUBLE AS a", "SELECT 1.0000000000000002::DOUBLE AS a"),
        ("SELECT 1 AS a UNION ALL SELECT 1", "SELECT 1 AS a"),
        ("SELECT '{\"a\":1}'::JSON AS a", "SELECT '{\"a\":2}'::JSON AS a"),
        ("SELECT MAP {'a': 1} AS a", "SELECT MAP {'a': 2} AS a"),
    ],
)
def test_different_rows_have_different_hashes(one: str, other: str) -> None:
    assert content_of(one) != content_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT 0.0::DOUBLE AS a", "SELECT -0.0::DOUBLE AS a"),
        ("SELECT 'nan'::DOUBLE AS a", "SELECT -'nan'::DOUBLE AS a"),
        ("SELECT 1 AS a, 2 AS b", "SELECT 2 AS b, 1 AS a"),
    ],
)
def test_values_that_are_equal_in_sql_have_the_same_hash(one: str, other: str) -> None:
    assert content_of(one) == content_of(other)


def test_the_hash_does_not_depend_on_the_file(bench: Bench) -> None:
    one = bench.fill("core.t", D1, "SELECT x AS a, x / 3 AS b FROM range(300000) AS t(x)", meta={"run": "r1"})
    other = bench.fill("core.t", day(2), "SELECT x AS a, x / 3 AS b FROM range(300000) AS t(x) ORDER BY x DESC")
    assert one.content == other.content
    assert one.bytes != other.bytes
    assert len(one.content) == 16
    assert int(one.content, 16) >= 0
