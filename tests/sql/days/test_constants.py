from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp, parse_one

from drawloom.sql.days.constants import ConstantFolder
from drawloom.sql.days.values import UNKNOWN, PerProbe
from tests.helpers import examples
from tests.sql.days.random_constants import RandomConstants
from tests.sql.fixtures import Pair, pairs

DAY = date(2024, 7, 17)


def fold(sql: str, dialect: str = "duckdb", moving_literals: dict[int, PerProbe] | None = None) -> Any:
    text = f"SELECT {sql}"
    node = parse_one(text, read=dialect).expressions[0]
    return ConstantFolder(dialect, text, moving_literals, PerProbe([DAY])).fold(node)


def to_json(value: Any) -> Any:
    if value is UNKNOWN:
        return "UNKNOWN"
    if isinstance(value, PerProbe):
        return to_json(value[0])
    if isinstance(value, str):
        return repr(value)
    return str(value) if isinstance(value, date) else value


@pytest.mark.parametrize("pair", pairs("constants.sql"), ids=lambda pair: f"{pair.options['dialect']}: {pair.sql}")
def test_golden_constants(pair: Pair) -> None:
    assert to_json(fold(pair.sql, pair.options["dialect"])) == pair.expected["value"]


def test_a_moving_literal_gives_a_value_per_probe_day() -> None:
    text = "DATE '2024-07-17' - 1"
    moving_literals = {len("SELECT DATE "): PerProbe(["2024-07-17", "2024-03-01"])}
    assert fold(text, moving_literals=moving_literals) == PerProbe([date(2024, 7, 16), date(2024, 2, 29)])


def test_case_is_decided_per_probe_day() -> None:
    text = "CASE WHEN '2024-07-17' > '2024-05-01' THEN 1 ELSE 2 END"
    moving_literals = {len("SELECT CASE WHEN "): PerProbe(["2024-07-17", "2024-03-01"])}
    assert fold(text, moving_literals=moving_literals) == PerProbe([1, 2])


def test_a_value_that_fails_at_one_probe_day_is_unknown() -> None:
    moving_literals = {len("SELECT CAST("): PerProbe(["2024-07-17", "2023-02-30"])}
    assert fold("CAST('2024-07-17' AS DATE)", moving_literals=moving_literals) is UNKNOWN


def test_long_arithmetic_is_left_unknown() -> None:
    assert fold("+".join(["1"] * 500)) is UNKNOWN


def test_a_node_without_a_rule_is_unknown() -> None:
    assert ConstantFolder("duckdb").fold(exp.Star()) is UNKNOWN
    assert ConstantFolder("duckdb").fold(None) is UNKNOWN


def comparable(value: Any) -> Any:
    """A value so that a day equals its midnight, and a time in UTC one without a zone."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return datetime(value.year, value.month, value.day) if isinstance(value, date) else value


@examples(quick=150, nightly=5_000)
@given(data=st.data())
def test_random_constants_are_what_duckdb_computes_or_unknown(
    duck: duckdb.DuckDBPyConnection, data: st.DataObject
) -> None:
    sql = RandomConstants(lambda options: data.draw(st.sampled_from(options))).any(data.draw(st.integers(1, 3)))
    found = fold(sql)
    try:
        ((expected,),) = duck.execute(f"SELECT {sql}").fetchall()
    except duckdb.Error:
        return
    assert found is UNKNOWN or comparable(found) == comparable(expected), sql


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


KNOWN = (
    ("duckdb", "concat('2024', NULL)", "2024"),
    ("trino", "concat('2024', NULL)", None),
    ("duckdb", "weekday(DATE '2024-07-17')", 3),
    ("spark", "weekday('2024-07-17')", 2),
    ("mysql", "weekday('2024-07-17')", 2),
    ("snowflake", "weekday('2024-07-17')", UNKNOWN),
    ("trino", "greatest(DATE '2024-07-17', CAST(NULL AS DATE))", None),
    ("bigquery", "GREATEST(DATE '2024-07-17', NULL)", None),
    ("spark", "regexp_replace('2024-07-17', '-', '')", "20240717"),
    ("postgres", "regexp_replace('2024-07-17', '-', '')", "202407-17"),
    ("postgres", "regexp_replace('2024-07-17', '-', '', 'gi')", UNKNOWN),
    ("clickhouse", "regexp_replace('2024-07-17', '-', '')", UNKNOWN),
    ("postgres", "'2024-02' < '20240'", UNKNOWN),
    ("postgres", "DATE '2024-07-17' + INTERVAL '1 day 12:00:00'", UNKNOWN),
    ("postgres", "CAST('2024-07-17 10:00:00+05' AS TIMESTAMP)", UNKNOWN),
    ("trino", "CAST(TIMESTAMP '2024-07-17 00:00:00 Asia/Tokyo' AS DATE)", UNKNOWN),
    ("trino", "CAST(TIMESTAMP '2024-07-17 00:00:00' AS VARCHAR)", UNKNOWN),
    ("trino", "date_diff('day', TIMESTAMP '2024-07-17 23:00:00', TIMESTAMP '2024-07-18 01:00:00')", UNKNOWN),
    ("mysql", "DATE '2024-07-17' + 1", UNKNOWN),
    ("duckdb", "upper('ß')", UNKNOWN),
    ("duckdb", "'__prev_start_date_success__'", UNKNOWN),
    ("hive", "'${hiveconf:day}'", UNKNOWN),
)


@pytest.mark.parametrize(("dialect", "sql", "expected"), KNOWN)
def test_each_dialect_has_its_own_meaning(dialect: str, sql: str, expected: Any) -> None:
    assert fold(sql, dialect) == expected


DATES = st.dates(date(1990, 1, 1), date(2050, 12, 31))
SHAPES = st.sampled_from(
    (
        "DATE '{d}' - {n}",
        "CAST(DATE '{d}' + INTERVAL {n} DAY AS DATE)",
        "CAST(DATE '{d}' - INTERVAL {n} MONTH AS DATE)",
        "CAST(DATE '{d}' + INTERVAL {n} YEAR AS DATE)",
        "date_trunc('month', DATE '{d}')",
        "date_trunc('week', DATE '{d}')",
        "date_trunc('quarter', DATE '{d}')",
        "date_trunc('year', DATE '{d}')",
        "last_day(DATE '{d}')",
        "strftime(DATE '{d}', '%Y%m%d')",
        "strptime('{d}', '%Y-%m-%d')",
        "date_diff('day', DATE '{d}', DATE '2024-02-29')",
        "dayofweek(DATE '{d}')",
        "isodow(DATE '{d}')",
        "quarter(DATE '{d}')",
        "dayofyear(DATE '{d}')",
        "CAST(DATE '{d}' - INTERVAL {n} DAY AS VARCHAR)",
        "substr('{d}', 1, 7) || '-01'",
        "greatest(DATE '{d}', DATE '2024-02-29')",
        "CASE WHEN DATE '{d}' > DATE '2024-02-29' THEN {n} ELSE -1 END",
    )
)


@examples(quick=30, nightly=300)
@given(shape=SHAPES, day=DATES, n=st.integers(0, 40))
def test_folded_constants_are_what_duckdb_computes(shape: str, day: date, n: int) -> None:
    sql = shape.format(d=day, n=n)
    with duckdb.connect() as connection:
        ((expected,),) = connection.execute(f"SELECT {sql}").fetchall()
    assert fold(sql) == expected
