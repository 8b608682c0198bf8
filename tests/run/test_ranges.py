"""Backfill SQL that goes on from a checkpoint: what it reads, and tables that keep month ends only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from drawloom.model import Bound, Column, Days, Edge, InputError, Pipeline, RangeRead, Read, Step, Table, Where
from drawloom.run.local import Summary
from drawloom.run.plan import History, State, make_plan
from drawloom.run.ranges import range_reads
from drawloom.sql.cache import Description, describe
from tests.run.test_local import House, outcomes

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
    "core.raw": RangeRead("core.raw", Edge("start"), Edge("end")),
    "core.total": RangeRead("core.total", Edge("start", Bound(days=-1)), Edge("start", Bound(days=-1))),
}


def read(text: str) -> tuple[RangeRead, ...]:
    def described(sql: str) -> Description:
        return describe(sql, keys=("ds",), target="core.x")

    return range_reads(text, described, Where("spec.yml"))


def test_the_reads_of_backfill_sql_are_counted_from_the_ends_of_the_range() -> None:
    assert read(TWICE_RANGE) == (EDGES["core.raw"], EDGES["core.total"])
    open_text = "SELECT ds, n FROM core.raw WHERE ds <= DATE '{{ end }}' AND ds >= '2020-01-01'"
    assert read("SELECT ds, n FROM core.raw WHERE ds < DATE '{{ start }}'") == (
        RangeRead("core.raw", None, Edge("start", Bound(days=-1))),
    )
    assert read("SELECT n FROM core.places") == (RangeRead("core.places"),)
    assert read(TOTAL_RANGE)[1].before
    assert not read(TOTAL_RANGE)[0].before
    with pytest.raises(InputError, match="must count them from there"):
        read(open_text)


BEFORE = "SELECT ds, n FROM core.total WHERE ds = DATE '{{ macros.ds_add(start, -1) }}'"
OF_MONTH = "macros.ds_format(%s, '%%Y-%%m-%%d', '%%Y-%%m-01')"
MONTH_END = "DATE '{{ macros.ds_add(" + OF_MONTH + ", -1) }}'"


def test_backfill_sql_may_go_on_from_the_month_end_before_its_start() -> None:
    day, month = (RangeRead("core.total", *[Edge("start", bound)] * 2) for bound in (Bound("day", 0, -1), ENDED))
    assert read(f"{BEFORE} OR ds = {MONTH_END % 'start'}") == (month, day)
    assert month.before
    start, end = date(2026, 3, 17), date(2026, 5, 2)
    assert month.on(start, end) == (date(2026, 2, 28), date(2026, 2, 28))
    assert not RangeRead("core.total", None, Edge("start", Bound("month", 1, -1))).before
    both = "SELECT ds, n FROM core.raw WHERE ds IN (DATE '{{ start }}', DATE '{{ end }}')"
    assert read(both) == (EDGES["core.raw"],)
    with pytest.raises(InputError, match="must count them from there"):
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


class Totals(House):
    """A house that knows of files that are gone, and drops what has expired as a project does."""

    def fill(self, last: date = LAST, factor: int = 1) -> Summary:
        history = History(START, last)
        summary = self.run(*pipelines(factor), jobs=1, history=history)
        for cell in self.plan(*pipelines(factor), history=history).cells:
            if cell.state is State.EXPIRED:
                self.engine.drop(*cell.key)
        return summary

    def world(self) -> Any:
        world = super().world()
        recorded = self.registry.records()
        world.gone = {t: {ds: r for ds, r in d.items() if ds not in world.records[t]} for t, d in recorded.items()}
        return world

    def twice(self) -> list[int]:
        return [row["twice"] for row in self.rows("SELECT twice FROM core.twice ORDER BY ds")]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Totals]:
    made = Totals(tmp_path)
    yield made
    made.engine.close()
    made.registry.close()


def days() -> list[date]:
    return [START + timedelta(days=n) for n in range((LAST - START).days + 1)]


def test_a_backfill_jumps_from_checkpoint_to_checkpoint(house: Totals) -> None:
    summary = house.fill()
    assert set(outcomes(summary)) == {"written"}
    kept = [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 3), date(2026, 3, 4), LAST]
    assert house.engine.days("core.total") == kept
    assert house.twice() == [2 * (n + 1) for n in range(len(days()))]
    assert house.fill().results == []


def test_day_by_day_gives_the_same(house: Totals, tmp_path: Path) -> None:
    house.fill()
    other = Totals(tmp_path / "daily")
    for last in days():
        assert set(outcomes(other.fill(last))) == {"written"}
    assert other.hashes() == house.hashes()
    assert other.fill().results == []
    other.engine.close()
    other.registry.close()


def test_a_change_is_seen_through_days_that_have_expired(house: Totals) -> None:
    for last in days():
        house.fill(last)
    summary = house.fill(factor=5)
    changed = {(r.table, r.ds) for r in summary.results if r.outcome == "written"}
    assert {ds for table, ds in changed if table == "core.twice"} == {ds for ds in days() if ds >= date(2026, 2, 10)}
    assert {ds for table, ds in changed if table == "core.total"} == {
        date(2026, 2, 28),
        date(2026, 3, 3),
        date(2026, 3, 4),
        LAST,
    }
    assert house.twice()[-1] == 2 * (len(days()) + 4)
    assert house.fill(factor=5).results == []


def test_one_old_day_is_made_again_from_the_checkpoint_before_it(house: Totals) -> None:
    house.fill()
    before = house.hashes()
    house.engine.drop("core.twice", date(2026, 2, 10))
    summary = house.fill()
    assert [(r.table, r.ds, r.outcome) for r in summary.results] == [("core.twice", date(2026, 2, 10), "written")]
    assert house.hashes() == before
    record = house.registry.record("core.twice", date(2026, 2, 10))
    assert record is not None
    assert {table: (min(found), max(found)) for table, found in record.inputs.items()} == {
        "core.raw": ("2026-02-01", "2026-02-10"),
        "core.total": ("2026-01-31", "2026-01-31"),
    }


def test_without_any_checkpoint_all_is_made_from_the_first_day(house: Totals) -> None:
    house.fill()
    before = house.hashes()
    for ds in house.engine.days("core.total"):
        house.engine.drop("core.total", ds)
    house.engine.drop("core.twice", date(2026, 1, 25))
    house.fill()
    assert house.hashes() == before


def test_a_range_goes_on_from_the_last_month_end_at_least(house: Totals) -> None:
    """Whichever partitions are lost: those of month ends are made first."""
    house.fill()
    random = Random(7)
    history = History(START, LAST)
    for _ in range(20):
        lost = [("core.total", ds) for ds in house.engine.days("core.total") if random.random() < 0.6]
        lost += [("core.twice", ds) for ds in random.sample(days(), 9)]
        world = house.world()
        for table, ds in lost:
            world.gone[table][ds] = world.records[table].pop(ds)
            del world.contents[table][ds]
        ranges = [(cell.since, cell.ds) for cell in make_plan(pipelines(), world, history).todo if cell.since]
        assert any(since < ds for since, ds in ranges)
        assert [found for found in ranges if found[0] < max(START, found[1].replace(day=1))] == []
