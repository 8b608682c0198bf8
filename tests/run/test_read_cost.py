"""What runs would read, as recorded."""

from __future__ import annotations

from datetime import date, timedelta

from drawloom.model import Days, Read, Record, Schedule
from drawloom.run.owners import History
from drawloom.run.read_cost import ReadCost, cost_of_day, cost_of_days

START = date(2026, 3, 1)
HISTORY = History(START, date(2026, 3, 10))
RECORDS = {
    "core.orders": {
        day: Record("core.orders", day, "run", rows=n, bytes=10 * n, content="", code="")
        for n in range(1, 9)
        if (day := START + timedelta(days=n - 1))
    }
}
WEEK = Read("core.orders", Days.parse("-6..0"), "offset")


def test_a_day() -> None:
    (cost,) = cost_of_day([WEEK], date(2026, 3, 8), RECORDS, HISTORY)
    assert (cost.partitions, cost.missing, cost.rows, cost.bytes) == (7, 0, sum(range(2, 9)), 10 * sum(range(2, 9)))
    assert cost.days == ((date(2026, 3, 2), date(2026, 3, 8)),)


def test_days_that_are_not_there_yet() -> None:
    (cost,) = cost_of_day([WEEK], date(2026, 3, 10), RECORDS, HISTORY)
    assert (cost.partitions, cost.missing) == (5, 2)
    (early,) = cost_of_day([WEEK], date(2026, 3, 2), RECORDS, HISTORY)
    assert (early.partitions, early.missing) == (2, 0)


def test_what_nobody_recorded() -> None:
    assert cost_of_day([Read("crm.people")], START, RECORDS, HISTORY) == [
        ReadCost("crm.people", ((None, None),), 0, 0, None, None)
    ]


def test_all_days_of_a_table() -> None:
    (cost,) = cost_of_day([Read("core.orders")], START, RECORDS, HISTORY)
    assert (cost.partitions, cost.rows, cost.missing) == (8, 36, 0)


def test_a_range_is_the_sum_of_its_days() -> None:
    past = Read("core.orders", Days.parse("*..-1"), "offset")
    rows, size, runs = cost_of_days([WEEK, past], Schedule(), START, HISTORY.end, RECORDS)
    days = [START + timedelta(days=n) for n in range(10)]
    each = [
        cost.rows or 0 for day in days for read in (WEEK, past) for cost in cost_of_day([read], day, RECORDS, HISTORY)
    ]
    assert (rows, size, runs) == (sum(each), 10 * sum(each), 10)
    assert cost_of_days([Read("crm.people")], Schedule(), START, HISTORY.end, RECORDS) == (0, 0, 10)
