"""Steps in the step runner, which all runners use: checks, Python steps, previews, self-dependencies."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest

from drawloom.model import Check, Column, Days, Read, RunError, Schedule, Step, StepContext
from drawloom.run.step_runner import StepRunner
from tests.conformance.bench import D1, Bench, day, tuples

DAILY = Schedule.parse("@daily")


def runner(bench: Bench, *tables: str) -> StepRunner:
    known = {bench.name(table): bench.engine.columns(bench.name(table)) for table in tables}
    return StepRunner(bench.engine, {table: columns for table, columns in known.items() if columns})


def read(bench: Bench, table: str, days: str = "0") -> Read:
    return Read(bench.name(table), Days.parse(days), "offset")


def step(bench: Bench, table: str, sql: str | None, *reads: Read, **more: Any) -> Step:
    return Step(
        table, bench.table(table, columns=more.pop("columns", ())), sql=sql, reads=reads, fingerprint="v1", **more
    )


def test_a_step_is_run_and_recorded(bench: Bench) -> None:
    bench.fill(D1, "SELECT x AS a FROM (VALUES (1), (2)) AS t(x)")
    sql = f"SELECT sum(a) AS total FROM {bench.t} WHERE ds = DATE '{{{{ ds }}}}'"
    inputs = {bench.t: {"2026-01-01": "c1"}}
    ran = runner(bench, "t").run(step(bench, "u", sql, read(bench, "t")), DAILY, D1, inputs)
    (record,) = ran.records
    assert (record.table, record.ds, record.rows, record.engine) == (bench.name("u"), D1, 1, bench.engine.dialect)
    assert (record.inputs, record.code, record.seconds > 0) == (inputs, "v1", True)
    stored = bench.engine.find_partition(bench.name("u"), D1)
    assert stored
    assert record.content == stored.content
    assert record.bytes > 0
    if not bench.kind.startswith("trino"):  # Trino writes the files again when it publishes them
        assert record.bytes == stored.bytes
    assert bench.rows(f"SELECT total, ds FROM {bench.name('u')}") == [(3, D1)]
    again = runner(bench, "t", "u").run(step(bench, "u", sql, read(bench, "t")), DAILY, D1, inputs)
    assert again.records[0].content == record.content
    assert again.records[0].stamp != record.stamp or bench.kind == "duckdb"


def test_a_check_that_fails_publishes_nothing(bench: Bench) -> None:
    bad = Check("no negative values", "SELECT * FROM {{ staged }} WHERE a < 0", by_row=True)
    early = Check("grows", f"SELECT 1 AS one FROM {{{{ staged }}}} AS s JOIN {bench.t} AS o ON o.ds = DATE '{{{{ ds }}}}' - 1 WHERE s.a < o.a",
                  reads=(read(bench, "t", "-1"),))  # fmt: skip
    odd = Check("odd", "SELECT a FROM {{ staged }} WHERE a % 2 = 1", severity="warn")
    sql = "SELECT CASE '{{ ds }}' WHEN '2026-01-01' THEN 5 WHEN '2026-01-02' THEN -1 ELSE 3 END AS a"
    made = step(bench, "t", sql, checks=(bad, odd, early))
    ran = runner(bench).run(made, DAILY, D1, {})
    assert list(ran.warnings) == [D1]
    assert "'odd'" in ran.warnings[D1][0]
    assert '{"a": 5}' in ran.warnings[D1][0]
    with pytest.raises(RunError, match=r"The check 'no negative values' failed for 2026-01-02; it found"):
        runner(bench, "t").run(made, DAILY, day(2), {bench.t: {"2026-01-01": "c"}})
    with pytest.raises(RunError, match=r"The check 'no negative values' failed for 2026-01-02"):
        runner(bench, "t").run_range(made, DAILY, {day(n): {bench.t: {}} for n in (1, 2)})
    bench.fill(day(2), "SELECT 4 AS a")
    with pytest.raises(RunError, match=r"The check 'grows' failed for 2026-01-03"):
        runner(bench, "t").run(made, DAILY, day(3), {bench.t: {"2026-01-02": "c"}})
    broken = step(bench, "t", sql, checks=(Check("broken", "SELECT nothing FROM {{ staged }}"),))
    with pytest.raises(RunError, match="nothing"):
        runner(bench, "t").run(broken, DAILY, D1, {})
    assert bench.engine.days(bench.t) == [D1, day(2)]
    assert bench.rows(f"SELECT a FROM {bench.t} ORDER BY ds") == [(5,), (4,)]


def test_days_are_run_in_batches_and_by_backfill(bench: Bench) -> None:
    days = [day(n) for n in (1, 2, 3)]
    for ds in days:
        bench.fill(ds, f"SELECT {ds.day} AS a")
    sql = f"SELECT ds AS day, a FROM {bench.t} WHERE ds = DATE '{{{{ ds }}}}'"
    inputs = {ds: {bench.t: {ds.isoformat(): "c"}} for ds in days}
    ran = runner(bench, "t").run_range(step(bench, "u", sql, read(bench, "t")), DAILY, inputs)
    assert [record.rows for record in ran.records] == [1, 1, 1]
    backfill = (
        f"SELECT ds AS day, a, ds FROM {bench.t} WHERE ds BETWEEN DATE '{{{{ start }}}}' AND DATE '{{{{ end }}}}'"
    )
    other = step(bench, "w", sql, read(bench, "t"), backfill_sql=backfill)
    again = runner(bench, "t").run_range(other, DAILY, inputs, range_start=D1)
    assert [record.content for record in again.records] == [record.content for record in ran.records]
    assert bench.rows(f"SELECT day, a, ds FROM {bench.name('w')} ORDER BY ds") == [(ds, ds.day, ds) for ds in days]


def test_a_python_step_reads_what_it_declares(bench: Bench) -> None:
    for n in (1, 2):
        bench.fill(day(n), f"SELECT {n} AS a, 'x{n}' AS b")

    def call(context: StepContext) -> pa.Table:
        given = context.read(bench.t)
        assert given.column_names == ["a", "b", "ds"]
        assert context.query(f"SELECT count(*) AS n FROM {bench.t}").to_pylist() == [{"n": 2}]
        return pa.table({"total": [sum(given["a"].to_pylist())], "b": [max(given["b"].to_pylist())]})

    made = step(bench, "u", None, read(bench, "t", "-1..0"), call=call)
    runner(bench, "t").run(made, DAILY, day(2), {bench.t: {"2026-01-01": "c", "2026-01-02": "c"}})
    assert bench.rows(f"SELECT total, b, ds FROM {bench.name('u')}") == [(3, "x2", day(2))]


def test_a_preview_and_a_dry_run_write_nothing(bench: Bench) -> None:
    bench.fill(D1, "SELECT x AS a FROM (VALUES (1), (2), (3)) AS t(x)")
    sql = f"SELECT a + 1 AS a FROM {bench.t} WHERE ds = DATE '{{{{ ds }}}}'"
    made = step(bench, "u", sql, read(bench, "t"))
    inputs = {bench.t: {"2026-01-01": "c"}}
    assert runner(bench, "t").preview(made, DAILY, D1, inputs, 2).num_rows == 2
    with runner(bench, "t").staged(made, DAILY, D1, inputs) as (task, staged):
        assert staged.rows == 3
        assert tuples(task.query("SELECT sum(a), min(ds) FROM staged")) == [(9, D1)]
    assert bench.engine.days(bench.name("u")) == []


def test_a_step_reads_its_own_past(bench: Bench) -> None:
    sql = f"SELECT 1 + coalesce(max(n), 0) AS n FROM {bench.t} WHERE ds = DATE '{{{{ ds }}}}' - 1"
    columns = (Column("n", "INTEGER"),)
    made = step(bench, "t", sql, read(bench, "t", "-1"), columns=columns)
    for n in (1, 2, 3):
        past = {bench.t: {day(n - 1).isoformat(): "c"}} if n > 1 else {}
        StepRunner(bench.engine, {bench.t: columns}).run(made, DAILY, D1 + timedelta(days=n - 1), past)
    assert bench.rows(f"SELECT n, ds FROM {bench.t} ORDER BY ds") == [(n, day(n)) for n in (1, 2, 3)]
