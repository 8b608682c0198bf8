"""The lake of the safety property tells results apart, also those of millions of rows."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from datetime import date

import pytest

from drawloom.model import Days
from tests.sql.days.on_a_day import Lake, around, is_in

DAYS = around(date(2024, 3, 1), 8, 8)
ALL_WITH_ALL = "SELECT a.ds, b.v, c.id, d.v AS w, e.ds AS late FROM m.a AS a, m.b AS b, m.c AS c, m.a AS d, m.b AS e"


@pytest.fixture(scope="module")
def lake() -> Iterator[Lake]:
    made = Lake("DATE", DAYS)
    yield made
    made.connection.close()


def test_a_result_of_many_rows_makes_no_python_object_of_each(lake: Lake) -> None:
    tracemalloc.start()
    try:
        rows, _ = lake.whole_result(ALL_WITH_ALL)
        assert rows == 14 * 15 * 14 * 14 * 15
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_result_depends_on_each_row_but_not_on_their_order(lake: Lake) -> None:
    text = "SELECT ds, id, v, NULL AS none FROM m.a"
    whole = lake.whole_result(text)
    assert lake.whole_result(f"{text} ORDER BY ds DESC") == whole
    assert lake.whole_result(f"{text} UNION ALL FROM m.a SELECT ds, id, v, NULL LIMIT 14") == whole
    hidden = [lake.result(text, {"m.a": f"NOT ({is_in(Days.of(day.toordinal()))})"}) for day in DAYS]
    assert sum(one == whole for one in hidden) == len(DAYS) - 14  # the days on which there is no row
    assert lake.whole_result(f"{text} WHERE v <> 7 UNION ALL SELECT ds, id, 8, NULL FROM m.a WHERE v = 7") != whole


def test_a_result_without_rows(lake: Lake) -> None:
    assert lake.whole_result("SELECT ds FROM m.a WHERE FALSE") == (0, None)
