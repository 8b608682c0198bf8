"""Batches of days: ranges of backfill SQL, and days whose SELECTs are run as one query."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.model import (
    Check,
    Column,
    Pipeline,
)
from drawloom.run.owners import History
from tests.helpers import examples
from tests.run.test_local_runner import D1, NUMBERS, SUMS, LocalWarehouse, outcomes, pipe, read, warehouse

__all__ = ["warehouse"]


SQL_RANGE = "SELECT ds, range AS n FROM range(3), (SELECT unnest(range(DATE '{{ start }}', DATE '{{ end }}' + 1, INTERVAL 1 DAY))::DATE AS ds)"


def test_a_range_is_filled_in_one_pass_and_equals_the_daily_loop(warehouse: LocalWarehouse, tmp_path: Path) -> None:
    daily = "SELECT range AS n, DATE '{{ ds }}' AS ds FROM range(3)"
    ranged = pipe("core.r", daily, backfill_sql=SQL_RANGE)
    summary = warehouse.run(ranged)
    assert outcomes(summary) == ["written"] * 6
    assert len({r.run for r in warehouse.snapshot().records["core.r"].values()}) == 1
    other = LocalWarehouse(tmp_path / "daily")
    other.run(pipe("core.r", daily))
    assert other.hashes() == warehouse.hashes()
    other.engine.close()


@given(st.sets(st.integers(0, 4), max_size=4))
@examples(quick=3, nightly=30)
def test_a_range_split_anywhere_equals_the_daily_loop(cuts: set[int]) -> None:
    daily = "SELECT range AS n, DATE '{{ ds }}' AS ds FROM range(3)"
    with TemporaryDirectory() as folder:
        ranged, looped = LocalWarehouse(Path(folder) / "ranged"), LocalWarehouse(Path(folder) / "looped")
        for cut in sorted({*cuts, 5}):
            ranged.run(pipe("core.r", daily, backfill_sql=SQL_RANGE), history=History(D1, D1 + timedelta(days=cut)))
        looped.run(pipe("core.r", daily))
        assert ranged.hashes() == looped.hashes()
        for warehouse in (ranged, looped):
            warehouse.engine.close()
            warehouse.registry.close()


DOUBLED = "SELECT n * 2 AS n FROM core.numbers WHERE ds = DATE '{{ ds }}'"


def runs_of(warehouse: LocalWarehouse, table: str) -> int:
    return len({record.run for record in warehouse.snapshot().records[table].values()})


def test_days_in_one_query_equal_the_days_one_by_one(warehouse: LocalWarehouse, tmp_path: Path) -> None:
    unique = Check("unique", "SELECT n FROM staged GROUP BY ds, n HAVING count(*) > 1", by_row=True)
    doubled = pipe("core.doubled", DOUBLED, read("core.numbers"), checks=(unique,))
    assert outcomes(warehouse.run(NUMBERS, doubled, SUMS, jobs=1)) == ["written"] * 18
    assert [runs_of(warehouse, t) for t in ("core.numbers", "core.doubled", "core.sums")] == [2, 2, 2]
    other = LocalWarehouse(tmp_path / "daily")
    for n in range(6):
        other.run(NUMBERS, doubled, SUMS, history=History(D1, D1 + timedelta(days=n)))
    assert other.hashes() == warehouse.hashes()
    assert warehouse.run(NUMBERS, doubled, SUMS).results == []
    other.engine.close()
    other.registry.close()


def test_a_bad_day_does_not_fail_the_other_days_of_its_batch(warehouse: LocalWarehouse) -> None:
    bad = "SELECT CASE WHEN ds = DATE '2026-01-02' THEN error('no') ELSE 'x' END AS x FROM core.numbers WHERE ds = DATE '{{ ds }}'"
    warehouse.run(NUMBERS)
    summary = warehouse.run(pipe("core.bad", bad, read("core.numbers")), jobs=1)
    assert {result.ds.day: result.outcome for result in summary.results} == {
        n: "failed" if n == 2 else "written" for n in range(1, 7)
    }


def test_a_check_finds_the_bad_day_of_a_batch(warehouse: LocalWarehouse) -> None:
    check = Check("below", "SELECT n FROM staged WHERE n = 18 AND ds = DATE '2026-01-05'", by_row=True)
    warehouse.run(NUMBERS)
    summary = warehouse.run(pipe("core.doubled", DOUBLED, read("core.numbers"), checks=(check,)), jobs=1)
    failed = [result for result in summary.results if result.outcome == "failed"]
    assert [result.ds.day for result in failed] == [5]
    assert "failed for 2026-01-05" in failed[0].error


@pytest.mark.parametrize(
    ("sql", "days"),
    [
        (
            "SELECT {{ logical_date.day }} AS n FROM core.numbers WHERE ds = DATE '{{ ds }}'",
            "0",
        ),  # more than dates differ
        ("SELECT count(*) AS n FROM core.numbers WHERE ds <= DATE '{{ ds }}'", "*..0"),  # sees what there is
    ],
)
def test_days_that_cannot_be_batched_run_one_by_one(warehouse: LocalWarehouse, sql: str, days: str) -> None:
    warehouse.run(NUMBERS)
    assert outcomes(warehouse.run(pipe("core.own", sql, read("core.numbers", days)), jobs=1)) == ["written"] * 6
    assert runs_of(warehouse, "core.own") == 6


def test_days_that_a_check_compares_are_not_in_one_batch(warehouse: LocalWarehouse) -> None:
    back = "SELECT 1 FROM core.own WHERE ds = DATE '{{ ds }}' - 2 HAVING count(*) = 0 AND DATE '{{ ds }}' > DATE '2026-01-02'"
    check = Check("two days before", back, reads=(read("core.own", "-2"),))
    own = pipe("core.own", DOUBLED, read("core.numbers"), checks=(check,))
    assert outcomes(warehouse.run(NUMBERS, own, jobs=1)) == ["written"] * 12
    assert runs_of(warehouse, "core.own") == 3
    assert warehouse.run(own).results == []


def test_ranges_that_wait_for_each_other_run_day_by_day(warehouse: LocalWarehouse) -> None:
    columns = (Column("n", "INTEGER"),)
    a = pipe("core.a", "SELECT 1 AS n", read("core.b", "-1"), backfill_sql=SQL_RANGE, columns=columns)
    b = pipe("core.b", "SELECT n FROM core.a WHERE ds = '{{ ds }}'", read("core.a"), columns=columns)
    assert outcomes(warehouse.run(a, b, jobs=1)) == ["written"] * 12
    assert len({r.run for r in warehouse.snapshot().records["core.a"].values()}) == 6


def test_days_that_read_their_own_past_run_from_the_first_that_changed(warehouse: LocalWarehouse) -> None:
    columns = (Column("n", "INTEGER"),)

    def raw(value: int) -> Pipeline:
        sql = f"SELECT CASE WHEN DATE '{{{{ ds }}}}' = DATE '2026-01-02' THEN {value} ELSE 1 END AS n"
        return pipe("core.raw", sql, columns=columns, version=str(value))

    past = "coalesce((SELECT max(n) FROM core.run WHERE ds = DATE '{{ start }}' - 1), 0)"
    total = f"CAST(sum(n) OVER (ORDER BY ds) + {past} AS INTEGER)"
    days = "FROM core.raw WHERE ds BETWEEN DATE '{{ start }}' AND DATE '{{ end }}'"
    daily = f"SELECT n + {past} AS n FROM core.raw WHERE ds = DATE '{{{{ ds }}}}'".replace("start", "ds")
    reads = (read("core.raw"), read("core.run", "-1"))
    run = pipe("core.run", daily, *reads, backfill_sql=f"SELECT ds, {total} AS n {days}", columns=columns)
    warehouse.run(raw(1), run, jobs=1)
    summary = warehouse.run(raw(5), run, jobs=1)
    assert [r.outcome for r in sorted(summary.results, key=lambda r: r.ds) if r.table == "core.run"] == [
        "fresh",
        *["written"] * 5,
    ]
    assert [row["n"] for row in warehouse.rows("SELECT n FROM core.run ORDER BY ds")] == [1, 6, 7, 8, 9, 10]
    assert warehouse.run(raw(5), run, jobs=1).results == []


def test_a_range_leaves_out_days_whose_inputs_did_not_change(warehouse: LocalWarehouse) -> None:
    columns = (Column("n", "INTEGER"),)

    def raw(value: int) -> Pipeline:
        days = "DATE '{{ ds }}' IN (DATE '2026-01-02', DATE '2026-01-05')"
        return pipe(
            "core.raw", f"SELECT CASE WHEN {days} THEN {value} ELSE 1 END AS n", columns=columns, version=str(value)
        )

    more = "SELECT ds, n FROM core.raw WHERE ds BETWEEN DATE '{{ start }}' AND DATE '{{ end }}'"
    daily = "SELECT n FROM core.raw WHERE ds = DATE '{{ ds }}'"
    copy = pipe("core.copy", daily, read("core.raw", "0..1"), backfill_sql=more, columns=columns)
    warehouse.run(raw(1), copy, jobs=1)
    summary = warehouse.run(raw(5), copy, jobs=1)
    assert {(r.ds.day, r.outcome) for r in summary.results if r.table == "core.copy"} == {
        *((n, "fresh") for n in (3, 6)),
        *((n, "unchanged") for n in (1, 4)),
        *((n, "written") for n in (2, 5)),
    }
    assert [row["n"] for row in warehouse.rows("SELECT n FROM core.copy ORDER BY ds")] == [1, 5, 1, 1, 5, 1]


def test_a_range_still_refuses_days_outside_of_it(warehouse: LocalWarehouse) -> None:
    shifted = "SELECT DATE '{{ start }}' - 1 AS ds, 1 AS n"
    summary = warehouse.run(pipe("core.shifted", "SELECT 1 AS n", backfill_sql=shifted), jobs=1)
    assert set(outcomes(summary)) == {"failed"}
    assert "must be a day from 2026-01-01 to 2026-01-06" in summary.results[0].error
