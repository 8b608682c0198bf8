"""Backfill SQL that continues from a checkpoint: what it reads, and tables that keep month ends only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from drawloom.model import Bound, Column, Days, InputError, Pipeline, RangeBound, RangeRead, Read, Step, Table, Where
from drawloom.run.backfill_reads import infer_backfill_reads
from drawloom.run.local_runner import Summary
from drawloom.run.owners import History
from drawloom.run.plan import State, make_plan
from drawloom.sql import Analysis, analyze
from tests.run.test_local_runner import LocalWarehouse, outcomes

START = date(2026, 1, 20)
LAST = date(2026, 3, 5)

# A running total whose days can be worked out from any earlier one.
TOTAL = """{% if is_incremental() %}
SELECT s.total + r.n AS total FROM (SELECT * FROM core.total WHERE ds = DATE '{{ macros.ds_add(ds, -1) }}') AS s
CROSS JOIN (SELECT * FROM core.raw WHERE ds = DATE '{{ ds }}') AS r
{% else %}
SELECT n AS total FROM core.raw WHERE ds = DATE '{{ ds }}'
{% endif %}"""
TOTAL_RANGE = """SELECT DATE '{{ end }}' AS ds, (
  SELECT sum(n)::INTEGER FROM core.raw WHERE ds BETWEEN DATE '{{ start }}' AND DATE '{{ end }}')
{% if is_incremental() %}
  + (SELECT total FROM core.total WHERE ds = DATE '{{ macros.ds_add(start, -1) }}')
{% endif %} AS total"""
TWICE = "SELECT 2 * total AS twice FROM core.total WHERE ds = DATE '{{ ds }}'"
TWICE_RANGE = """SELECT ds, CAST(2 * (sum(n) OVER (ORDER BY ds)
{% if is_incremental() %}
  + (SELECT total FROM core.total WHERE ds = DATE '{{ macros.ds_add(start, -1) }}')
{% endif %}) AS INTEGER) AS twice FROM core.raw WHERE ds BETWEEN DATE '{{ start }}' AND DATE '{{ end }}'"""
ENDED = Bound("month", 0, -1)
EDGES = {
    "core.raw": RangeRead("core.raw", RangeBound("start"), RangeBound("end")),
    "core.total": RangeRead("core.total", RangeBound("start", Bound(days=-1)), RangeBound("start", Bound(days=-1))),
}


def read(text: str) -> tuple[RangeRead, ...]:
    def described(sql: str) -> Analysis:
        return analyze(sql, keys=("ds",), target="core.x")

    return infer_backfill_reads(text, described, Where("spec.yml"))


def test_the_reads_of_backfill_sql_are_counted_from_the_ends_of_the_range() -> None:
    assert read(TWICE_RANGE) == (EDGES["core.raw"], EDGES["core.total"])
    open_text = "SELECT ds, n FROM core.raw WHERE ds <= DATE '{{ end }}' AND ds >= '2020-01-01'"
    assert read("SELECT ds, n FROM core.raw WHERE ds < DATE '{{ start }}'") == (
        RangeRead("core.raw", None, RangeBound("start", Bound(days=-1))),
    )
    assert read("SELECT n FROM core.places") == (RangeRead("core.places"),)
    assert read(TOTAL_RANGE)[1].is_before_range
    assert not read(TOTAL_RANGE)[0].is_before_range
    with pytest.raises(InputError, match="that are not counted from start and end"):
        read(open_text)


BEFORE = "SELECT ds, n FROM core.total WHERE ds = DATE '{{ macros.ds_add(start, -1) }}'"
OF_MONTH = "macros.ds_format(%s, '%%Y-%%m-%%d', '%%Y-%%m-01')"
MONTH_END = "DATE '{{ macros.ds_add(" + OF_MONTH + ", -1) }}'"


def test_backfill_sql_may_continue_from_the_month_end_before_its_start() -> None:
    day, month = (RangeRead("core.total", *[RangeBound("start", bound)] * 2) for bound in (Bound("day", 0, -1), ENDED))
    assert read(f"{BEFORE} OR ds = {MONTH_END % 'start'}") == (month, day)
    assert month.is_before_range
    start, end = date(2026, 3, 17), date(2026, 5, 2)
    assert month.on(start, end) == (date(2026, 2, 28), date(2026, 2, 28))
    assert not RangeRead("core.total", None, RangeBound("start", Bound("month", 1, -1))).is_before_range
    both = "SELECT ds, n FROM core.raw WHERE ds IN (DATE '{{ start }}', DATE '{{ end }}')"
    assert read(both) == (EDGES["core.raw"],)
    with pytest.raises(InputError, match="that are not counted from start and end"):
        read(f"SELECT ds, n FROM core.total WHERE ds = {MONTH_END % 'end'}")


def test_a_range_read_is_a_span_of_dates() -> None:
    start, end = date(2026, 1, 5), date(2026, 1, 9)
    assert EDGES["core.raw"].on(start, end) == (start, end)
    assert EDGES["core.total"].on(start, end) == (date(2026, 1, 4), date(2026, 1, 4))
    assert RangeRead("core.raw").on(start, end) == (None, None)


def pipelines(factor: int = 1) -> list[Pipeline]:
    """Raw numbers, their total (of which the last 3 days and month ends are kept), and twice the total."""
    changed = f"CASE WHEN DATE '{{{{ ds }}}}' = DATE '2026-02-10' THEN {factor} ELSE 1 END"
    raw = Step("core.raw", Table("core.raw"), sql=f"SELECT {changed} AS n", fingerprint=str(factor))
    total = Step(
        "core.total",
        Table("core.total", keep=3, keep_month_ends=True),
        sql=TOTAL,
        reads=(Read("core.raw", Days.of(0), "offset"), Read("core.total", Days.of(-1), "offset")),
        backfill_sql=TOTAL_RANGE,
        backfill_reads=tuple(EDGES.values()),
        fingerprint="total",
    )
    twice = Step(
        "core.twice",
        Table("core.twice", columns=(Column("twice", "INTEGER"),)),
        sql=TWICE,
        reads=(Read("core.total", Days.of(0), "offset"),),
        backfill_sql=TWICE_RANGE,
        backfill_reads=tuple(EDGES.values()),
        fingerprint="twice",
    )
    return [Pipeline(step.name, "test", (step,), retries=0) for step in (raw, total, twice)]


class Totals(LocalWarehouse):
    """A warehouse that notices missing files, and drops expired partitions as a project does."""

    def fill(self, last: date = LAST, factor: int = 1) -> Summary:
        history = History(START, last)
        summary = self.run(*pipelines(factor), jobs=1, history=history)
        for partition in self.plan(*pipelines(factor), history=history).partitions:
            if partition.state is State.EXPIRED:
                self.engine.drop(*partition.key)
        return summary

    def snapshot(self) -> Any:
        snapshot = super().snapshot()
        recorded = self.registry.records()
        snapshot.missing_files = {
            t: {ds: r for ds, r in d.items() if ds not in snapshot.records[t]} for t, d in recorded.items()
        }
        return snapshot

    def twice(self) -> list[int]:
        return [row["twice"] for row in self.rows("SELECT twice FROM core.twice ORDER BY ds")]


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Totals]:
    made = Totals(tmp_path)
    yield made
    made.engine.close()
    made.registry.close()


def days() -> list[date]:
    return [START + timedelta(days=n) for n in range((LAST - START).days + 1)]


def test_a_backfill_jumps_from_checkpoint_to_checkpoint(warehouse: Totals) -> None:
    summary = warehouse.fill()
    assert set(outcomes(summary)) == {"written"}
    kept = [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 3), date(2026, 3, 4), LAST]
    assert warehouse.engine.days("core.total") == kept
    assert warehouse.twice() == [2 * (n + 1) for n in range(len(days()))]
    assert warehouse.fill().results == []


@pytest.mark.nightly
def test_day_by_day_gives_the_same(warehouse: Totals, tmp_path: Path) -> None:
    warehouse.fill()
    other = Totals(tmp_path / "daily")
    for last in days():
        assert set(outcomes(other.fill(last))) == {"written"}
    assert other.hashes() == warehouse.hashes()
    assert other.fill().results == []
    other.engine.close()
    other.registry.close()


@pytest.mark.unmeasured
def test_a_change_reaches_partitions_through_expired_days(warehouse: Totals) -> None:
    for last in days():
        warehouse.fill(last)
    summary = warehouse.fill(factor=5)
    changed = {(r.table, r.ds) for r in summary.results if r.outcome == "written"}
    assert {ds for table, ds in changed if table == "core.twice"} == {ds for ds in days() if ds >= date(2026, 2, 10)}
    assert {ds for table, ds in changed if table == "core.total"} == {
        date(2026, 2, 28),
        date(2026, 3, 3),
        date(2026, 3, 4),
        LAST,
    }
    assert warehouse.twice()[-1] == 2 * (len(days()) + 4)
    assert warehouse.fill(factor=5).results == []


def test_one_old_day_is_rebuilt_from_the_checkpoint_before_it(warehouse: Totals) -> None:
    warehouse.fill()
    before = warehouse.hashes()
    warehouse.engine.drop("core.twice", date(2026, 2, 10))
    summary = warehouse.fill()
    assert [(r.table, r.ds, r.outcome) for r in summary.results] == [("core.twice", date(2026, 2, 10), "written")]
    assert warehouse.hashes() == before
    record = warehouse.registry.record("core.twice", date(2026, 2, 10))
    assert record is not None
    assert {table: (min(found), max(found)) for table, found in record.inputs.items()} == {
        "core.raw": ("2026-02-01", "2026-02-10"),
        "core.total": ("2026-01-31", "2026-01-31"),
    }


def test_without_a_checkpoint_everything_is_computed_from_the_first_day(warehouse: Totals) -> None:
    warehouse.fill()
    before = warehouse.hashes()
    for ds in warehouse.engine.days("core.total"):
        warehouse.engine.drop("core.total", ds)
    warehouse.engine.drop("core.twice", date(2026, 1, 25))
    warehouse.fill()
    assert warehouse.hashes() == before


def test_a_range_continues_from_the_last_month_end(warehouse: Totals) -> None:
    """Whichever partitions are lost: month ends are written first."""
    warehouse.fill()
    random = Random(7)
    history = History(START, LAST)
    for _ in range(20):
        lost = [("core.total", ds) for ds in warehouse.engine.days("core.total") if random.random() < 0.6]
        lost += [("core.twice", ds) for ds in random.sample(days(), 9)]
        snapshot = warehouse.snapshot()
        for table, ds in lost:
            snapshot.missing_files[table][ds] = snapshot.records[table].pop(ds)
            del snapshot.contents[table][ds]
        ranges = [
            (partition.range_start, partition.ds)
            for partition in make_plan(pipelines(), snapshot, history).todo
            if partition.range_start
        ]
        assert any(since < ds for since, ds in ranges)
        assert [found for found in ranges if found[0] < max(START, found[1].replace(day=1))] == []
