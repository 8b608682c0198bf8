"""The sketches of other engines, whose SQL is DuckDB's too, say what DuckDB's own say."""

from __future__ import annotations

import json
from datetime import date
from itertools import product

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.frameworks.stats.digest import digest_state
from drawloom.frameworks.stats.merge import Statistic, merge_states
from drawloom.frameworks.stats.metrics import PERCENTS
from drawloom.frameworks.stats.scan import ScanPlan, scan_table
from drawloom.sql.dialect import transpile
from tests.frameworks.stats.measured import FULL, Key, measure, states_of
from tests.helpers import examples

THERE = ScanPlan("full", engine="spark")
ROWS = """SELECT i AS n, exp(i % 997 / 50.0) AS x, CAST(i % 400 AS DECIMAL(9, 2)) AS d, 'v' || least(i % 100, 50) AS s, i % 3 = 0 AS b,
DATE '2026-01-01' + CAST(i % 90 AS INTEGER) AS day, CAST('k' || i AS BLOB) AS raw, CAST(NULL AS DOUBLE) AS none
FROM range({}, {}) AS t(i)"""


def test_few_rows_have_the_same_statistics() -> None:
    parts = [ROWS.format(0, 7), ROWS.format(7, 7), ROWS.format(7, 300)]
    found, expected = measure(*parts, plan=THERE), measure(*parts)
    assert set(found) == set(expected)
    assert _different(found, expected) == []
    assert all(found["none", f"p{percent:02}"].value is None for percent in PERCENTS)


def _different(found: dict[Key, Statistic], expected: dict[Key, Statistic]) -> list[Key]:
    """What differs, but for sketches' few per cent, and where DuckDB guesses which of many values are frequent."""
    guessed = {("n", "top"), ("day", "top")}
    return [key for key, one in expected.items() if key not in guessed and not _equal(key[1], found[key], one)]


def _equal(metric: str, one: Statistic, other: Statistic) -> bool:
    if one.value is None or other.value is None or one.value_text != other.value_text:
        return (one.value, one.value_text) == (other.value, other.value_text)
    share = 0.12 if metric.startswith("distinct") else 0.01 if metric[1:].isdigit() else 1e-9
    return one.value == pytest.approx(other.value, rel=share)


def test_many_rows_have_quantiles_and_distinct_values_within_some_per_cent() -> None:
    parts = [ROWS.format(0, 9_000), ROWS.format(9_000, 9_001), ROWS.format(9_001, 20_000)]
    found = measure(*parts, plan=THERE)
    for column, distinct in (("n", 20_000), ("x", 997), ("d", 400), ("s", 51), ("day", 90), ("raw", 20_000)):
        assert found[column, "distinct"].value == pytest.approx(distinct, rel=0.12), column
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE t AS {ROWS.format(0, 20_000)}")
        for column, percent in product(("n", "x", "d"), PERCENTS):
            value = found[column, f"p{percent:02}"].value
            shares = f"SELECT avg(CAST({column} < ? AS DOUBLE)), avg(CAST({column} <= ? AS DOUBLE)) FROM t"
            below, up_to = connection.execute(shares, [value, value]).fetchall()[0]
            assert below - 0.01 <= percent / 100 <= up_to + 0.01, (column, percent)
    assert json.loads(str(found["s", "top"].value_text))[:2] == [["v50", 10_000], ["v0", 200]]
    assert len(json.loads(str(found["s", "top"].value_text))) == 20


@examples(20, 300)
@given(st.lists(st.one_of(st.none(), st.floats(-1e300, 1e300)), max_size=40))
def test_values_that_are_handed_over_have_the_extremes_of_all(values: list[float | None]) -> None:
    state = digest_state([values])
    known = [value for value in values if value is not None]
    if not known:
        assert state is None
        return
    found = json.loads(str(state))
    assert (found["count"], found["min"], found["max"]) == (len(known), min(known), max(known))
    assert sum(one["weight"] for one in found["centroids"]) == len(known)


def test_those_of_two_engines_do_not_merge() -> None:
    with duckdb.connect() as connection:
        here = states_of(connection, "SELECT 1 AS n", FULL, date(2026, 1, 1))
        there = states_of(connection, "SELECT 2 AS n", THERE, date(2026, 1, 2))
    metrics = {one.metric for one in merge_states(pa.concat_tables([here, there])).statistics() if one.column_name}
    assert "sum" in metrics
    assert not {"distinct", "p50", "top"} & metrics


@pytest.mark.parametrize("engine", ["spark", "trino"])
def test_their_sql_is_translated(engine: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE watched AS {ROWS.format(0, 600)}")
        texts: list[str] = []

        def query(sql: str) -> pa.Table:
            texts.append(sql)
            return connection.sql(sql).to_arrow_table()

        scan_table(query, "watched", THERE)
        types = {"watched": {name: str(kind) for name, kind in zip(*_columns(connection), strict=True)}}
    assert [text for text in texts if not transpile(text, "duckdb", engine, types)] == []


def _columns(connection: duckdb.DuckDBPyConnection) -> tuple[list[str], list[object]]:
    found = connection.sql("SELECT * FROM watched")
    return found.columns, list(found.types)
