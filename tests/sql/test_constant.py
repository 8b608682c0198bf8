from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp, parse_one

from drawloom.sql.constant import Folder
from drawloom.sql.values import UNKNOWN, Moving
from tests.sql.fixtures import Pair, pairs

DAY = date(2024, 7, 17)


def fold(sql: str, dialect: str = "duckdb", moved: dict[int, Moving] | None = None) -> Any:
    text = f"SELECT {sql}"
    node = parse_one(text, read=dialect).expressions[0]
    return Folder(dialect, text, moved, Moving([DAY])).fold(node)


def shown(value: Any) -> Any:
    if value is UNKNOWN:
        return "UNKNOWN"
    if isinstance(value, Moving):
        return shown(value[0])
    if isinstance(value, str):
        return repr(value)
    return str(value) if isinstance(value, date) else value


@pytest.mark.parametrize("pair", pairs("constants.sql"), ids=lambda pair: f"{pair.options['dialect']}: {pair.sql}")
def test_constants(pair: Pair) -> None:
    assert shown(fold(pair.sql, pair.options["dialect"])) == pair.expected["value"]


def test_a_moving_literal_gives_a_value_for_each_probe() -> None:
    text = "DATE '2024-07-17' - 1"
    moved = {len("SELECT DATE "): Moving(["2024-07-17", "2024-03-01"])}
    assert fold(text, moved=moved) == Moving([date(2024, 7, 16), date(2024, 2, 29)])


def test_case_chooses_for_each_probe() -> None:
    text = "CASE WHEN '2024-07-17' > '2024-05-01' THEN 1 ELSE 2 END"
    moved = {len("SELECT CASE WHEN "): Moving(["2024-07-17", "2024-03-01"])}
    assert fold(text, moved=moved) == Moving([1, 2])


def test_what_fails_at_one_probe_is_unknown() -> None:
    moved = {len("SELECT CAST("): Moving(["2024-07-17", "2023-02-30"])}
    assert fold("CAST('2024-07-17' AS DATE)", moved=moved) is UNKNOWN


def test_long_arithmetic_is_left_unknown() -> None:
    assert fold("+".join(["1"] * 500)) is UNKNOWN


def test_a_node_without_a_rule_is_unknown() -> None:
    assert Folder("duckdb").fold(exp.Star()) is UNKNOWN
    assert Folder("duckdb").fold(None) is UNKNOWN


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


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(shape=SHAPES, day=DATES, n=st.integers(0, 40))
def test_duckdb_agrees(shape: str, day: date, n: int) -> None:
    sql = shape.format(d=day, n=n)
    with duckdb.connect() as connection:
        ((answer,),) = connection.execute(f"SELECT {sql}").fetchall()
    assert fold(sql) == answer
