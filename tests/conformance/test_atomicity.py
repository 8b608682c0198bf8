"""Killed and concurrent writers, and concurrent readers: a partition is the whole old one or the whole new one."""

from __future__ import annotations

import random
import threading
import time

import pytest

from drawloom.engines.catalog.task import CatalogTask
from drawloom.engines.duckdb import write
from drawloom.model import Problem, RunError
from tests.conformance.bench import D1, Bench
from tests.conformance.kinds import kinds
from tests.conformance.writer_process import (
    EmptyPartitionError,
    fill,
    kill,
    stop_writing,
    visible_write,
    wait_for_line,
    writer,
)

# Each writer is a process that connects for itself: nightly but on DuckDB. A quick test covers a writer that dies on the others.
other_processes = pytest.mark.parametrize("kind", kinds("spark", "trino-hive"), indirect=True, scope="session")
MANY_KILLS = {"duckdb": 100, "spark": 10, "trino-hive": 30, "trino-iceberg": 30}


def wait_until_stable(bench: Bench) -> tuple[int, int]:
    """The visible write once it no longer changes: a server may go on with the statements of a dead client."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            first = visible_write(bench)
            time.sleep(0.5)
            if visible_write(bench) == first:
                return first
        except (RunError, EmptyPartitionError):
            assert bench.kind == "trino-hive"
    raise AssertionError("the partition kept changing")


@pytest.mark.parametrize("kind", kinds("spark"), indirect=True, scope="session")
def test_a_writer_that_dies_before_it_publishes_leaves_the_old_partition(bench: Bench) -> None:
    fill(bench, 0, 0)
    with writer(bench, "stage", 1, 0) as child:
        wait_for_line(child, "STAGED")
        assert visible_write(bench) == (0, 0)
        kill(child)
        child.wait()
    assert wait_until_stable(bench) == (0, 0)
    bench.engine.sweep([bench.t])
    assert visible_write(bench) == (0, 0)
    fill(bench, 2, 1)
    assert visible_write(bench) == (2, 1)
    assert bench.engine.days(bench.t) == [D1]


@other_processes
@pytest.mark.parametrize("often", [False, pytest.param(True, marks=pytest.mark.nightly)])
def test_a_writer_that_dies_at_any_moment_leaves_a_whole_partition(bench: Bench, often: bool) -> None:
    fill(bench, 0, 0)
    chance = random.Random(11)
    for tag in range(1, (MANY_KILLS[bench.kind] if often else 2) + 1):
        with writer(bench, "write", tag, 1000) as child:
            wait_for_line(child, "1" if bench.kind == "duckdb" else "0")
            time.sleep(chance.uniform(0.05, 0.5 if bench.kind == "duckdb" else 4))
            kill(child)
            child.wait()
        assert wait_until_stable(bench)[0] in (0, *range(1, tag + 1))
        fill(bench, tag, 777)
        assert visible_write(bench) == (tag, 777)
    assert bench.engine.days(bench.t) == [D1]


@other_processes
def test_readers_see_whole_partitions_while_another_process_writes(bench: Bench) -> None:
    fill(bench, 0, 0)
    seen: list[tuple[int, int]] = []
    failed: list[RunError | EmptyPartitionError] = []
    with writer(bench, "write-on", 1, 10) as child:
        wait_for_line(child, "0")
        while child.poll() is None:
            try:
                seen.append(visible_write(bench))
            except (RunError, EmptyPartitionError) as error:
                failed.append(error)
            if len(seen) > 3:
                stop_writing(bench)
        *_, last, done = child.communicate()[0].splitlines()
        assert done == "DONE"
    assert visible_write(bench) == (1, int(last))
    assert len(seen) > 3
    assert [tag for tag, _ in seen] == sorted(tag for tag, _ in seen)
    assert [n for tag, n in seen if tag] == sorted(n for tag, n in seen if tag)
    if bench.kind != "trino-hive":  # there Trino renames two folders, and between them a reader fails or finds nothing
        assert failed == []
    print(f"{bench.kind}: {len(seen)} whole results and {len(failed)} failures in {int(last) + 1} overwrites")


@other_processes
def test_two_processes_that_write_at_once_leave_one_whole_result(bench: Bench) -> None:
    fill(bench, 0, 0)
    with writer(bench, "write", 1, 6) as child:
        wait_for_line(child, "0")
        for n in range(6):
            fill(bench, 2, n)
        assert child.communicate()[0].splitlines()[-1] == "DONE"
    tag, n = visible_write(bench)
    assert tag in (1, 2)
    assert n == 5
    assert bench.engine.days(bench.t) == [D1]


def test_two_threads_create_the_same_table_at_once(bench: Bench) -> None:
    failed: list[BaseException] = []

    def work(tag: int) -> None:
        try:
            fill(bench, tag, 3)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(tag,)) for tag in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert visible_write(bench)[1] == 3


def test_a_query_keeps_the_days_of_its_task_while_another_is_published(bench: Bench) -> None:
    fill(bench, 0, 0)
    with bench.engine.task({bench.t: [D1]}) as task:
        first = task.fetch(f"SELECT DISTINCT tag FROM {bench.t}")
        fill(bench, 5, 5)
        assert task.fetch(f"SELECT DISTINCT tag FROM {bench.t}") in ([(0,)], [(5,)])
    assert first == [(0,)]


@pytest.mark.parametrize("published", [True, False])
def test_staged_tables_are_dropped_when_the_task_ends(bench: Bench, published: bool) -> None:
    fill(bench, 0, 0)
    with bench.engine.task({}) as task:
        staged = task.stage(bench.table(), D1, "SELECT 9 AS tag, 9 AS n, 9 AS x", {})
        if published:
            bench.engine.publish([staged])
    bench.engine.sweep([bench.t])
    assert bench.rows(f"SELECT max(tag) FROM {bench.t}") == [(9 if published else 0,)]


def test_partitions_that_cannot_be_measured_are_not_published(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(bench, 0, 0)

    def refuse(*_: object) -> None:
        raise RunError(Problem("engine-io", "error", "the disk is gone."))

    with bench.engine.task({}) as task:
        owner, measure = (task._session, "measure") if isinstance(task, CatalogTask) else (write, "measure_sql")
        monkeypatch.setattr(owner, measure, refuse)
        with pytest.raises(RunError, match="the disk is gone"):
            bench.engine.publish([task.stage(bench.table(), D1, "SELECT 9 AS tag, 9 AS n, 9 AS x", {})])
    assert visible_write(bench) == (0, 0)
