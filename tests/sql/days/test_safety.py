"""The safety property: the result of a query never depends on a day that day inference did not report as read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import strategies as st

from drawloom.model import Read
from drawloom.sql.script_reader import read_script
from drawloom.sql.template.rendering import render
from tests.helpers import examples
from tests.sql.days.random_sql import RandomSql, RandomTextSql

FIRST = date(2024, 2, 24)
COUNT = 14
DAYS = [FIRST + timedelta(days=n) for n in range(COUNT)]
TABLES = ("a", "b", "c")
EXAMPLES = examples(
    quick=30,
    nightly=300,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


class Lake:
    """Three tables with a row a day, of which any days can be hidden."""

    def __init__(self, kind: str) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("SET threads = 1; SET memory_limit = '300MB'; SET max_temp_directory_size = '0MB'")
        self.connection.execute("CREATE SCHEMA m; CREATE SCHEMA f")
        for index, table in enumerate(TABLES):
            self.connection.execute(f"CREATE TABLE f.{table} (ds {kind}, id INT, v INT)")
            rows = [(day, (n + index) % 2, (n * 7 + index) % 11) for n, day in enumerate(DAYS) if (n + index) % 6]
            self.connection.executemany(f"INSERT INTO f.{table} VALUES (?, ?, ?)", rows)

    def result_rows(self, sql: str, hidden: Callable[[str], str]) -> list[str]:
        for table in TABLES:
            shown = f"SELECT * FROM f.{table} WHERE {hidden(table)}"
            self.connection.execute(f"CREATE OR REPLACE VIEW m.{table} AS {shown}")
        return sorted(map(repr, self.connection.execute(sql).fetchall()))


@pytest.fixture(scope="module", params=["DATE", "VARCHAR"])
def lake(request: pytest.FixtureRequest) -> Iterator[tuple[Lake, str]]:
    made = Lake(request.param)
    yield made, request.param
    made.connection.close()


def spans_of(one: Read, day: date) -> str:
    """The days of a read as a condition."""
    if one.how == "all":
        return "TRUE"
    spans = [
        " AND ".join(["TRUE", *([f"ds >= '{a}'"] if a else []), *([f"ds <= '{b}'"] if b else [])])
        for a, b in one.on(day)
    ]
    return " OR ".join(f"({span})" for span in spans) or "FALSE"


@EXAMPLES
@given(data=st.data())
def test_results_do_not_depend_on_days_that_were_not_inferred(lake: tuple[Lake, str], data: st.DataObject) -> None:
    tables, kind = lake
    maker = RandomSql if kind == "DATE" else RandomTextSql
    day = data.draw(st.sampled_from(DAYS[5:-3]), "day")
    text = maker(lambda options: data.draw(st.sampled_from(options))).script()
    sql = render(text, day).text
    try:
        whole = tables.result_rows(sql, lambda table: "TRUE")
    except duckdb.Error:
        assume(False)
    conditions = {one.table: spans_of(one, day) for one in read_script(text).reads}
    assert tables.result_rows(sql, lambda table: conditions.get(f"m.{table}", "FALSE")) == whole, (text, conditions)


SIMPLE = st.sampled_from(("=", "<", "<=", ">", ">=", "<>"))
STEP = st.integers(-4, 4)


@EXAMPLES
@given(tests=st.lists(st.tuples(SIMPLE, STEP), min_size=1, max_size=3), day=st.sampled_from(DAYS[5:-4]))
def test_days_of_simple_conjunctions_are_exact(tests: list[tuple[str, int]], day: date) -> None:
    text = "SELECT ds FROM t WHERE " + " AND ".join(f"ds {op} DATE '{{{{ ds }}}}' + {n}" for op, n in tests)
    (found,) = read_script(text).reads
    compare: dict[str, Callable[[Any, Any], bool]] = {
        "=": lambda a, b: a == b,
        "<": lambda a, b: a < b,
        "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b,
        ">=": lambda a, b: a >= b,
        "<>": lambda a, b: a != b,
    }
    wanted = {one for one in DAYS if all(compare[op](one, day + timedelta(days=n)) for op, n in tests)}
    assert found.how == "offset"
    assert {one for one in DAYS if (one - day).days in found.days} == wanted
