"""The safety property: the result of a query never depends on a day that day inference did not report as read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import strategies as st

from drawloom.model import ALL, Days, Read
from drawloom.sql.catalog import CatalogEntry
from drawloom.sql.script_reader import read_script
from drawloom.sql.template.rendering import render
from tests.helpers import examples
from tests.sql.days.on_a_day import Lake, around, days_read, is_in
from tests.sql.days.random_sql import RandomSql, RandomTextSql, RandomTimeSql

pytestmark = pytest.mark.unmeasured

DAYS = around(date(2024, 3, 1), 8, 8)
TABLES = ("a", "b", "c")
EXAMPLES = examples(
    quick=30,
    nightly=300,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module", params=["DATE", "VARCHAR"])
def lake(request: pytest.FixtureRequest) -> Iterator[tuple[Lake, str]]:
    made = Lake(request.param, DAYS)
    yield made, request.param
    made.connection.close()


def spans_of(one: Read, day: date) -> Days:
    """The days of a read as ordinals."""
    if one.how == "all":
        return ALL
    return Days.union((a.toordinal() if a else None, b.toordinal() if b else None) for a, b in one.on(day))


@EXAMPLES
@given(data=st.data())
def test_results_do_not_depend_on_days_that_were_not_found(lake: tuple[Lake, str], data: st.DataObject) -> None:
    """Neither on days that the rule leaves out, nor on those that the text itself, read for the run's day, does."""
    tables, kind = lake
    maker = RandomSql if kind == "DATE" else RandomTextSql
    day = data.draw(st.sampled_from(DAYS[5:-5]), "day")
    dialect = data.draw(st.sampled_from(("duckdb", "postgres")), "dialect")
    text = maker(lambda options: data.draw(st.sampled_from(options))).script()
    sql = render(text, day).text
    try:
        whole = tables.whole_result(sql)
    except duckdb.Error:
        assume(False)
    found = days_read(text, day, dialect)
    shown = {table: is_in(days) for table, days in found.items()}
    assert tables.result(sql, shown) == whole, (text, shown)


@EXAMPLES
@given(data=st.data())
def test_results_do_not_depend_on_days_outside_of_the_rule(lake: tuple[Lake, str], data: st.DataObject) -> None:
    tables, kind = lake
    maker = RandomSql if kind == "DATE" else RandomTextSql
    day = data.draw(st.sampled_from(DAYS[5:-5]), "day")
    text = maker(lambda options: data.draw(st.sampled_from(options)), more=False).script()
    sql = render(text, day).text
    try:
        whole = tables.whole_result(sql)
    except duckdb.Error:
        assume(False)
    shown = {one.table: is_in(spans_of(one, day)) for one in read_script(text).reads}
    assert tables.result(sql, shown) == whole, (text, shown)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("maker", [RandomSql, RandomTimeSql])
def test_each_day_that_is_deleted_alone_matters_only_where_it_was_found(maker: type[RandomSql], seed: int) -> None:
    """Thousands of random texts; of each, days that were not found are deleted one at a time, too."""
    pick = Random(seed)
    tables = Lake(maker.kind, DAYS, times=maker.kind == "TIMESTAMP")
    catalog = {
        f"m.{name}": CatalogEntry(("ds",), {"ds": maker.kind, "id": "INTEGER", "v": "INTEGER"}) for name in TABLES
    }
    for _ in range(1_000):
        text, day = maker(pick.choice).script(), pick.choice(DAYS[5:-5])
        sql = render(text, day).text
        try:
            whole = tables.whole_result(sql)
        except duckdb.Error:
            continue
        known = pick.choice((catalog, {})) if maker is RandomSql else catalog
        found = days_read(text, day, pick.choice(("duckdb", "postgres")), catalog=known)
        shown = {table: is_in(days) for table, days in found.items()}
        assert tables.result(sql, shown) == whole, (day, text, shown)
        for table, days in found.items():
            unread = [one for one in DAYS if one.toordinal() not in days]
            for one in pick.sample(unread, min(3, len(unread))):
                without = {f"m.{name}": "TRUE" for name in TABLES} | {table: f"NOT ({is_in(Days.of(one.toordinal()))})"}
                assert tables.result(sql, without) == whole, (day, text, one)


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
