"""Concurrent writers and readers of Trino's tables: killed, cancelled, and of another engine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drawloom.engines.trino.client import Client, StatementResult
from drawloom.engines.trino.iceberg import Iceberg
from drawloom.model import Column, RunError, Table
from tests.integration.engines.trino.bench import D1, D2, D3, WRITE_SUMMARY, A, Bench, code, rows_of_writer, write

pytestmark = [pytest.mark.integration, pytest.mark.nightly]  # they race for seconds; test_days is quick


def test_a_day_that_is_replaced_often_is_compacted(iceberg: Bench) -> None:
    for n in range(6):
        iceberg.fill(D1, f"SELECT {n}::BIGINT AS a")
    (deletes,) = iceberg.run(f'SELECT count(*) FROM iceberg.{iceberg.schema}."t$files" WHERE content <> 0')
    assert deletes[0] < 4
    assert iceberg.rows() == [(5, D1)]
    assert isinstance(iceberg.engine.tables.connector_of(iceberg.table), Iceberg)


def test_writers_of_one_day_leave_one_whole_result(bench: Bench) -> None:
    others = [bench.open() for _ in range(3)]

    def write_all(tag: int) -> None:
        for _ in range(2):
            bench.fill(D1, engine=others[tag], **rows_of_writer(tag))

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write_all, range(3)))
    for other in others:
        other.close()
    assert bench.complete_write() in range(3)


def test_writers_of_the_days_of_one_table_do_not_disturb_each_other(bench: Bench) -> None:
    days = [D1 + timedelta(n) for n in range(6)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda ds: bench.fill(ds, f"SELECT {ds.day}::BIGINT AS a"), days))
    assert bench.rows() == [(ds.day, ds) for ds in days]


def test_a_reader_sees_whole_days_only(bench: Bench) -> None:
    bench.fill(D1, **rows_of_writer(0))
    stop = threading.Event()
    outcomes: list[str] = []

    def read() -> None:
        while not stop.is_set():
            try:
                ((tags, tag, count),) = bench.rows(WRITE_SUMMARY.format(table=bench.table))
            except RunError as error:
                outcomes.append("failed" if error.problems[0].code == "engine-io" else str(error))
            else:
                outcomes.append("nothing" if not count else "whole" if (tags, count) == (1, 5000 + tag) else "torn")

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for tag in range(1, 5):
            bench.fill(D1, **rows_of_writer(tag))
        stop.set()
        for reader in readers:
            reader.result()
    print(bench.catalog, dict(Counter(outcomes)))
    assert set(outcomes) <= ({"whole", "failed", "nothing"} if bench.catalog == "hive" else {"whole"})
    assert outcomes.count("whole") > 4


CHILD = """
import signal, sys, time
from datetime import date
from drawloom.engines.trino import Trino, connect
from drawloom.model import Table
url, location, table, tag, until = sys.argv[1:]
signal.signal(signal.SIGTERM, signal.default_int_handler)
engine = Trino(connect(url), location, "hive")
with engine.task({}) as task:
    sql = f"SELECT CAST({tag} AS BIGINT) AS a FROM UNNEST(sequence(1, {5000 + int(tag)})) AS t (x)"
    if until == "long":
        sql = f"SELECT count(x.a * y.a * z.a) AS a FROM ({sql}) AS x, ({sql}) AS y, ({sql}) AS z"
        print("STAGING", flush=True)
    staged = task.stage(Table(table), date(2026, 1, 1), sql, {"run": "child"}, (), "trino")
    print("STAGED", flush=True)
    if until == "staged":
        time.sleep(600)
    engine.publish([staged])
    print("PUBLISHED", flush=True)
    time.sleep(600)
"""


class Child:
    """A writer in a process of its own."""

    def __init__(self, bench: Bench, tag: int, until: str) -> None:
        command = [sys.executable, "-c", CHILD, bench.url, bench.location, bench.table, str(tag), until]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def wait(self, word: str) -> None:
        assert self.process.stdout
        assert self.process.stdout.readline() == f"{word}\n"

    def end(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)
        self.process.wait(60)
        if self.process.stdout:
            self.process.stdout.close()


def test_a_killed_writer_leaves_the_old_day_or_the_new_one(bench: Bench) -> None:
    bench.fill(D1, **rows_of_writer(0))
    child = Child(bench, 1, "staged")
    child.wait("STAGED")
    child.end(signal.SIGKILL)
    assert bench.rows(f"SELECT max(a), count(*) FROM {bench.table}") == [(0, 5000)]
    possible = {0}
    for tag, pause in ((2, 0.3), (3, 0.8), (4, 1.5)):
        child = Child(bench, tag, "published")
        child.wait("STAGED")
        time.sleep(pause)
        child.end(signal.SIGKILL)
        possible.add(tag)  # the server may finish the statements of a killed client
        time.sleep(3)
        assert bench.complete_write() in possible
    bench.fill(D1, "SELECT 9::BIGINT AS a")
    assert bench.rows() == [(9, D1)]


def running(bench: Bench, what: str) -> list[Sequence[Any]]:
    sql = (
        f"SELECT query_id FROM system.runtime.queries WHERE state NOT IN ('FINISHED', 'FAILED') AND query LIKE '{what}'"
    )
    return bench.run(sql)


def test_cancelling_a_writer_cancels_its_query(hive: Bench) -> None:
    what = f'CREATE TABLE "hive"."drawloom_staging"."{hive.schema}%'
    for number in (signal.SIGTERM, signal.SIGINT):
        child = Child(hive, 1, "long")
        child.wait("STAGING")
        until = time.monotonic() + 60
        while not running(hive, what) and time.monotonic() < until:
            time.sleep(0.2)
        assert running(hive, what)
        child.end(number)
        while running(hive, what) and time.monotonic() < until:
            time.sleep(0.2)
        assert running(hive, what) == []


def test_a_task_is_interrupted_from_another_thread(hive: Bench) -> None:
    slow = "SELECT count(x.a * y.a * z.a) AS a FROM n AS x, n AS y, n AS z"
    sql = f"WITH n AS (SELECT a FROM UNNEST(sequence(1, 10000)) AS t (a)) {slow}"
    with hive.engine.task({}) as task, ThreadPoolExecutor(1) as pool:
        future = pool.submit(task.query, sql, "trino")
        until = time.monotonic() + 30
        while not running(hive, "WITH n AS%") and time.monotonic() < until:
            time.sleep(0.2)
        hive.engine.interrupt()
        with pytest.raises(RunError) as caught:
            future.result(30)
        assert code(caught) == "interrupted"
        assert task.fetch("SELECT 1") == [(1,)]
    assert running(hive, "WITH n AS%") == []


def test_spark_writes_trino_replaces_and_spark_reads(hive: Bench, spark: Any, tmp_path: Path) -> None:
    from drawloom.engines.spark import Spark

    other = Spark(spark, hive.location)
    columns: Mapping[str, Sequence[Column]] = {}
    for ds in (D1, D2):
        with other.task({}, columns) as task:
            sql = f"SELECT {ds.day}::BIGINT AS a, 'ü' AS s, [1.5::DECIMAL(38,10)] AS n"
            other.publish([task.stage(Table(hive.table), ds, sql, {"run": "s"})])
    assert hive.engine.days(hive.table) == [D1, D2]
    assert hive.rows() == [(1, D1), (2, D2)]
    hive.engine.attach(hive.table, [A], {D3: write(tmp_path / "x", "SELECT 3::BIGINT AS a")})
    hive.fill(D1, f"SELECT a + 10 AS a FROM {hive.table}", inputs={hive.table: [D1]})
    hive.fill(D2, "SELECT 1::BIGINT AS a WHERE false")
    assert hive.rows() == [(11, D1), (3, D3)]
    with other.task({hive.table: None}) as task:
        assert task.fetch(f"SELECT a, ds FROM {hive.table} ORDER BY a") == [(3, D3), (11, D1)]
    assert other.days(hive.table) == [D1, D2, D3]


def test_timestamps_that_spark_writes(hive: Bench, spark: Any) -> None:
    from drawloom.engines.spark import Spark

    other = Spark(spark, hive.location)
    at = "TIMESTAMP '2026-01-01 00:00:00.000004'"
    fill(other, f"{hive.schema}.times", f"SELECT {at} AS at, [{at}] AS many")
    query = f"SELECT at, many FROM {hive.schema}.times"
    (row,) = hive.engine.query(query, {f"{hive.schema}.times": [D1]}).to_pylist()
    assert row == {"at": datetime(2026, 1, 1, 0, 0, 0, 4), "many": [datetime(2026, 1, 1, 0, 0, 0, 4)]}
    assert other.query(query, {f"{hive.schema}.times": [D1]}).to_pylist() == [row]
    assert hive.engine.columns(f"{hive.schema}.times") == other.columns(f"{hive.schema}.times")
    both = f"{hive.schema}.both"
    fill(other, both, f"SELECT {{'a': {at}, 'b': CAST({at} AS TIMESTAMPTZ)}} AS at")
    with pytest.raises(RunError, match="has a column type that only Spark can read"):
        hive.engine.columns(both)


def fill(spark: Any, table: str, sql: str) -> None:
    with spark.task({}) as task:
        spark.publish([task.stage(Table(table), D1, sql, {"run": "s"})])


def test_a_table_that_another_writer_creates_at_the_same_time(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table does not exist when its days are read, and exists when its columns are."""
    other, real, made = bench.open(), Client.run, list[str]()

    def run(self: Client, sql: str, *given: Any, **named: Any) -> StatementResult:
        try:
            return real(self, sql, *given, **named)
        except RunError:
            if "$partitions" in sql and not made:
                made.append(sql)
                bench.fill(D2, "SELECT 2::BIGINT AS a", engine=other)
            raise

    monkeypatch.setattr(Client, "run", run)
    bench.fill(D1, "SELECT 1::BIGINT AS a")
    assert len(made) == 1
    assert bench.rows() == [(1, D1), (2, D2)]
    other.close()
