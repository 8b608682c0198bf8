from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from drawloom.engines.duckdb.engine import DuckDB
from drawloom.engines.lake import Lake
from drawloom.model import (
    Bound,
    Check,
    Column,
    Days,
    Pipeline,
    Read,
    RunError,
    Schedule,
    Step,
    StepContext,
    Table,
    Where,
)
from drawloom.run.local_runner import LocalRunner, Result, Summary
from drawloom.run.owners import History
from drawloom.run.plan import Plan, make_plan
from drawloom.run.registry import Registry
from drawloom.run.registry.restore import restore
from drawloom.run.snapshot import WarehouseSnapshot, find_existing
from drawloom.run.step_runner import StepRunner

D1 = date(2026, 1, 1)
HISTORY = History(D1, date(2026, 1, 6))


class LocalWarehouse:
    """A lake, its registry, and pipelines run on them."""

    def __init__(self, folder: Path) -> None:
        self.lake = Lake(folder / "lake")
        self.registry = Registry(f"sqlite:///{folder}/registry.db")
        self.engine = DuckDB(self.lake)

    def snapshot(self) -> WarehouseSnapshot:
        records, _ = find_existing(self.registry.records(), self.lake)
        contents: dict[str, Any] = {t: {ds: r.content for ds, r in days.items()} for t, days in records.items()}
        return WarehouseSnapshot(contents, records, self.registry.failures())

    def plan(self, *pipelines: Pipeline, history: History = HISTORY) -> Plan:
        snapshot = self.snapshot()
        return make_plan(pipelines, snapshot, history, self.registry.inputs)

    def run(self, *pipelines: Pipeline, jobs: int = 2, history: History = HISTORY, **more: Any) -> Summary:
        declared = {p.steps[0].into.name: p.steps[0].into.columns for p in pipelines if p.steps[0].into.columns}
        steps = StepRunner(self.engine, declared | self.registry.columns())
        runner = LocalRunner(steps, self.registry, self.snapshot(), jobs=jobs, first_wait=0.01)
        return runner.run(self.plan(*pipelines, history=history), **more)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.engine.query(sql).to_pylist()
        return found

    def hashes(self) -> dict[str, dict[date, str]]:
        return {t: {ds: r.content for ds, r in days.items()} for t, days in self.snapshot().records.items()}


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[LocalWarehouse]:
    made = LocalWarehouse(tmp_path)
    yield made
    made.engine.close()
    made.registry.close()


def read(table: str, days: str = "0") -> Read:
    return Read(table, Days.parse(days), "offset")


def pipe(table: str, sql: str | None, *reads: Read, version: str = "1", **more: Any) -> Pipeline:
    pipeline_names = {"retries", "on_success", "on_failure", "schedule"}
    pipeline_more = {name: more.pop(name) for name in list(more) if name in pipeline_names}
    into = Table(table, **{name: more.pop(name) for name in ("columns",) if name in more})
    step = Step(table, into, sql=sql, reads=reads, fingerprint=version, where=Where(f"specs/{table}.sql"), **more)
    return Pipeline(table, "autodag", (step,), **{"retries": 0, **pipeline_more})


NUMBERS = pipe("core.numbers", "SELECT range AS n, DATE '{{ ds }}' AS ds FROM range(10)")
SUMS = pipe(
    "core.sums",
    "SELECT ds AS day, sum(n) AS total FROM core.numbers WHERE ds >= DATE '{{ ds }}' - 2 AND ds <= DATE '{{ ds }}' GROUP BY ds",
    read("core.numbers", "-2..0"),
)
RUNNING = pipe(
    "core.running",
    "SELECT 1 + coalesce(max(n), 0) AS n FROM core.running WHERE ds = DATE '{{ ds }}' - 1",
    read("core.running", "-1"),
    columns=(Column("n", "INTEGER"),),
)


def outcomes(summary: Summary) -> list[str]:
    return [result.outcome for result in summary.results]


def test_a_run_fills_everything_in_order_and_the_next_has_nothing_to_do(warehouse: LocalWarehouse) -> None:
    summary = warehouse.run(SUMS, NUMBERS)
    assert outcomes(summary) == ["written"] * 12
    assert summary.exit_code == 0
    assert warehouse.rows("SELECT count(*) AS n, sum(total)::INT AS t FROM core.sums WHERE ds = '2026-01-06'") == [
        {"n": 3, "t": 135}
    ]
    assert warehouse.run(SUMS, NUMBERS).results == []


def test_running_twice_and_rebuilding_from_nothing_give_the_same_hashes(
    warehouse: LocalWarehouse, tmp_path: Path
) -> None:
    warehouse.run(NUMBERS, SUMS, RUNNING)
    first = warehouse.hashes()
    other = LocalWarehouse(tmp_path / "other")
    other.run(RUNNING, SUMS, NUMBERS, jobs=1)
    assert other.hashes() == first
    other.engine.close()
    for table, days in first.items():
        for ds in days:
            warehouse.engine.drop(table, ds)
    warehouse.run(NUMBERS, SUMS, RUNNING)
    assert warehouse.hashes() == first


def test_reading_yesterday_counts_up(warehouse: LocalWarehouse) -> None:
    assert outcomes(warehouse.run(RUNNING, jobs=4)) == ["written"] * 6
    assert warehouse.rows("SELECT n FROM core.running ORDER BY ds DESC LIMIT 1") == [{"n": 6}]


def test_early_cutoff_leaves_downstream_fresh(warehouse: LocalWarehouse) -> None:
    warehouse.run(NUMBERS, SUMS)
    other = pipe("core.numbers", "SELECT n, DATE '{{ ds }}' AS ds FROM range(10) AS t(n)", version="2")
    summary = warehouse.run(other, SUMS)
    assert sorted(outcomes(summary)) == ["fresh"] * 6 + ["unchanged"] * 6
    assert warehouse.run(other, SUMS).results == []


def test_changed_code_reaches_downstream(warehouse: LocalWarehouse) -> None:
    warehouse.run(NUMBERS, SUMS)
    other = pipe("core.numbers", "SELECT 2 * range AS n FROM range(10)", version="2")
    assert outcomes(warehouse.run(other, SUMS)) == ["written"] * 12


def test_one_bad_step_blocks_only_what_follows_it(warehouse: LocalWarehouse) -> None:
    bad = pipe("core.bad", "SELECT CAST(error('no') AS INTEGER) AS x")
    after = pipe("core.after", "SELECT * FROM core.bad", read("core.bad"))
    summary = warehouse.run(bad, after, NUMBERS)
    found = {(r.table, r.outcome) for r in summary.results}
    assert found == {("core.bad", "failed"), ("core.after", "skipped"), ("core.numbers", "written")}
    assert summary.exit_code == 1
    assert any("specs/core.bad.sql" in r.error for r in summary.results if r.outcome == "failed")
    assert warehouse.registry.failures()["core.bad", D1]
    planned = warehouse.plan(bad, after, NUMBERS).partitions
    assert {(c.key[0], str(c.state)) for c in planned} == {
        ("core.bad", "failed"),
        ("core.after", "skipped"),
        ("core.numbers", "fresh"),
    }
    assert {c.reason for c in planned if c.key == ("core.after", D1)} == {f"input core.bad {D1} failed"}
    mended = pipe("core.bad", "SELECT 1 AS x", version="2")
    assert {r.outcome for r in warehouse.run(mended, after).results} == {"written"}


def test_a_step_that_fails_once_is_retried(warehouse: LocalWarehouse) -> None:
    calls: list[date] = []

    def flaky(context: StepContext) -> pa.Table:
        calls.append(context.ds)
        if calls.count(context.ds) == 1:
            raise ConnectionError("gone")
        return pa.table({"n": [1]})

    assert outcomes(warehouse.run(pipe("core.flaky", None, call=flaky, retries=1))) == ["written"] * 6
    assert len(calls) == 12


def test_a_python_step_reads_what_it_declares(warehouse: LocalWarehouse) -> None:
    def double(context: StepContext) -> pa.Table:
        numbers = context.read("core.numbers")
        assert context.query("SELECT count(*) AS n FROM core.numbers").to_pylist() == [{"n": 10}]
        return pa.table({"n": [2 * n for n in numbers["n"].to_pylist()]})

    warehouse.run(NUMBERS, pipe("core.double", None, read("core.numbers"), call=double))
    assert warehouse.rows("SELECT sum(n)::INT AS n FROM core.double WHERE ds = '2026-01-01'") == [{"n": 90}]


def test_an_exception_in_a_python_step_has_its_line(warehouse: LocalWarehouse) -> None:
    def broken(context: StepContext) -> pa.Table:
        return pa.table({"n": [1 / 0]})

    summary = warehouse.run(pipe("core.broken", None, call=broken))
    assert "ZeroDivisionError" in summary.results[0].error
    assert "test_local_runner.py" in summary.results[0].error


def test_checks_run_before_publishing(warehouse: LocalWarehouse) -> None:
    check = Check("no big", "SELECT n FROM {{ staged }} WHERE n > 5")
    warning = Check("no nine", "SELECT n FROM staged WHERE n = 9", severity="warn")
    bad = pipe("core.numbers", NUMBERS.steps[0].sql, checks=(check,))
    summary = warehouse.run(bad)
    assert set(outcomes(summary)) == {"failed"}
    assert "The check 'no big' failed for" in summary.results[0].error
    assert warehouse.lake.tables() == []
    summary = warehouse.run(pipe("core.numbers", NUMBERS.steps[0].sql, checks=(warning,)))
    assert set(outcomes(summary)) == {"written"}
    assert "no nine" in summary.results[0].warnings[0]


def test_is_incremental_is_false_on_the_first_run(warehouse: LocalWarehouse) -> None:
    past = "{% if is_incremental() %} + (SELECT max(n) FROM core.grows WHERE ds = DATE '{{ ds }}' - 1) {% endif %}"
    warehouse.run(pipe("core.grows", f"SELECT 1 {past} AS n", read("core.grows", "-1")))
    assert [row["n"] for row in warehouse.rows("SELECT n FROM core.grows ORDER BY ds")] == [1, 2, 3, 4, 5, 6]


def test_callbacks_are_called_for_every_day_and_their_errors_are_warnings(warehouse: LocalWarehouse) -> None:
    heard: list[Result] = []

    def loud(result: Result) -> None:
        heard.append(result)
        raise ValueError("too loud")

    summary = warehouse.run(pipe("core.one", "SELECT 1 AS n", on_success=loud))
    assert len(heard) == 6
    assert outcomes(summary) == ["written"] * 6
    assert "too loud" in summary.results[0].warnings[0]
    failed: list[Result] = []
    warehouse.run(pipe("core.two", "SELECT CAST(error('x') AS INTEGER) AS n", on_failure=failed.append))
    assert {r.outcome for r in failed} == {"failed"}


def test_a_file_of_another_run_counts_as_unrecorded(warehouse: LocalWarehouse) -> None:
    warehouse.run(NUMBERS)
    path = warehouse.lake.path("core.numbers", D1)
    path.write_bytes(warehouse.lake.path("core.numbers", D1 + timedelta(days=1)).read_bytes())
    assert [c.ds for c in warehouse.plan(NUMBERS).todo] == [D1]
    path.write_bytes(b"no parquet")
    assert [c.ds for c in warehouse.plan(NUMBERS).todo] == [D1]
    path.unlink()
    assert [c.ds for c in warehouse.plan(NUMBERS).todo] == [D1]


def test_a_copied_lake_is_the_same_lake(warehouse: LocalWarehouse) -> None:
    warehouse.run(NUMBERS)
    path = warehouse.lake.path("core.numbers", D1)
    path.write_bytes(path.read_bytes())
    assert warehouse.plan(NUMBERS).todo == ()


def test_the_registry_can_be_restored_from_the_files(warehouse: LocalWarehouse, tmp_path: Path) -> None:
    warehouse.run(NUMBERS, SUMS, RUNNING)
    again = Registry(f"sqlite:///{tmp_path}/again.db")
    assert restore(warehouse.engine, again) == {"core.numbers": 6, "core.running": 6, "core.sums": 6}
    before, after = warehouse.registry.records(), again.records()
    keep = ("table", "ds", "run", "rows", "bytes", "content", "code", "inputs_digest", "stamp")
    for table, days in before.items():
        for ds, record in days.items():
            assert [getattr(after[table][ds], name) for name in keep] == [getattr(record, name) for name in keep]
    assert again.columns() == warehouse.registry.columns()
    warehouse.registry = again
    assert warehouse.plan(NUMBERS, SUMS, RUNNING).todo == ()


def test_waiting_partitions_are_reported(warehouse: LocalWarehouse) -> None:
    summary = warehouse.run(pipe("core.a", "SELECT 1 AS n", read("raw.none")))
    assert summary.results == []
    assert {c.reason for c in summary.waiting} == {f"waiting for raw.none {D1 + timedelta(days=n)}" for n in range(6)}
    assert summary.exit_code == 3


def test_a_weekly_step_gets_its_interval(warehouse: LocalWarehouse) -> None:
    sql = "SELECT DATE '{{ data_interval_start | ds }}' AS first, DATE '{{ data_interval_end | ds }}' AS after, 7 AS n"
    warehouse.run(pipe("core.w", sql, schedule=Schedule.parse("@weekly")))
    assert warehouse.rows("SELECT * FROM core.w") == [
        {"first": date(2025, 12, 29), "after": date(2026, 1, 5), "n": 7, "ds": date(2026, 1, 4)}
    ]


def test_preview_writes_nothing(warehouse: LocalWarehouse) -> None:
    warehouse.run(NUMBERS)
    steps = StepRunner(warehouse.engine, warehouse.registry.columns())
    inputs = warehouse.snapshot().inputs({"core.numbers": (D1,)})
    answer = steps.preview(SUMS.steps[0], SUMS.schedule, D1, inputs, 5)
    assert answer.to_pylist()[0]["total"] == 45
    assert "core.sums" not in warehouse.lake.tables()


def test_a_calendar_read_sees_its_month(warehouse: LocalWarehouse) -> None:
    month = Read("core.numbers", how="calendar", calendar=((Bound("month"), Bound()),))
    warehouse.run(NUMBERS, pipe("core.m", "SELECT count(*) AS n FROM core.numbers", month))
    assert [row["n"] for row in warehouse.rows("SELECT n FROM core.m ORDER BY ds")] == [10, 20, 30, 40, 50, 60]


def test_an_engine_error_names_the_line(warehouse: LocalWarehouse) -> None:
    with pytest.raises(RunError, match=r"specs/core\.x\.sql.*nosuch"):
        StepRunner(warehouse.engine, {}).run(pipe("core.x", "SELECT 1 AS n,\n nosuch").steps[0], Schedule(), D1, {})
