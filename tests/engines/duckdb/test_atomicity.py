"""Concurrent readers, writers and killed processes on the same partition."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drawloom.engines.duckdb.engine import DuckDB
from drawloom.engines.duckdb.reader import InputFiles
from drawloom.engines.duckdb.task import DuckTask
from drawloom.engines.lake import Lake
from drawloom.engines.lake.staging import STAGING
from drawloom.model import RunError, Table
from tests.engines.conftest import D1, Bench

WRITER = """
import sys
from datetime import date
from drawloom.engines.duckdb.engine import DuckDB
from drawloom.engines.lake import Lake
from drawloom.model import Table
root, tag, times = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
day = date(2026, 1, 1)
with DuckDB(Lake(root)) as engine:
    print("GO", flush=True)
    for n in range(times):
        with engine.task({}) as task:
            sql = f"SELECT {tag} AS tag, {n} AS n, x FROM range({20000 + tag * 1000 + n}) AS t(x)"
            engine.publish([task.stage(Table("core.t"), day, sql, {"run": f"w{tag}"})])
print("DONE", flush=True)
"""
SUMMARY_SQL = "SELECT count(DISTINCT tag), count(DISTINCT n), max(tag), max(n), count(*), max(x) FROM core.t"


@contextmanager
def writer(lake: Lake, tag: int, times: int) -> Iterator[subprocess.Popen[str]]:
    """A process that writes; it is killed at the end of the block."""
    command = [sys.executable, "-c", WRITER, str(lake.root), str(tag), str(times)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout
            assert child.stdout.readline() == "GO\n"
            yield child
        finally:
            child.kill()


def is_whole(bench: Bench) -> bool:
    """Whether a reader sees one complete result of one writer."""
    ((tags, ns, tag, n, count, last),) = bench.rows(SUMMARY_SQL)
    return (tags, ns) == (1, 1) and count == 20000 + tag * 1000 + n == last + 1


@pytest.mark.parametrize("kills", [3, pytest.param(200, marks=pytest.mark.nightly)])
def test_a_reader_sees_whole_partitions_while_writers_are_killed(bench: Bench, kills: int) -> None:
    bench.fill("core.t", D1, "SELECT 0 AS tag, 0 AS n, x FROM range(20000) AS t(x)")
    chance = random.Random(7)
    reads = 0
    for tag in range(1, kills + 1):
        with writer(bench.lake, tag, 10_000):
            until = time.monotonic() + chance.uniform(0.05, 0.6)
            while time.monotonic() < until:
                assert is_whole(bench)
                reads += 1
        assert is_whole(bench)
        assert list(bench.lake.path("core.t", D1).parent.iterdir()) == [bench.lake.path("core.t", D1)]
    assert reads >= kills
    assert len(list((bench.lake.root / STAGING).iterdir())) > 1
    with DuckDB(bench.lake) as other:
        living = {bench.engine.staging.path, other.staging.path}
        assert set((bench.lake.root / STAGING).iterdir()) == living


@pytest.mark.parametrize("times", [6, pytest.param(60, marks=pytest.mark.nightly)])
def test_two_writers_at_once_leave_one_whole_result(bench: Bench, times: int) -> None:
    bench.fill("core.t", D1, "SELECT 0 AS tag, 0 AS n, x FROM range(20000) AS t(x)")
    with writer(bench.lake, 1, times) as one, writer(bench.lake, 2, times) as two:
        while any(child.poll() is None for child in (one, two)):
            assert is_whole(bench)
        assert [child.communicate()[0] for child in (one, two)] == ["DONE\n", "DONE\n"]
    assert is_whole(bench)
    ((tag, n),) = bench.rows("SELECT max(tag), max(n) FROM core.t")
    assert tag in (1, 2)
    assert n == times - 1


def test_drops_while_another_process_publishes(bench: Bench) -> None:
    with writer(bench.lake, 1, 30) as child:
        while child.poll() is None:
            bench.engine.drop("core.t", D1)
        assert child.communicate()[0] == "DONE\n"
        assert child.returncode == 0


def test_a_task_gives_up_on_files_that_keep_changing(bench: Bench) -> None:
    changing_files = InputFiles({"core.t": "SELECT 1 AS a"}, {str(bench.lake.root / "nowhere"): "1-1-1"})
    cursor = bench.engine.cursor()
    cursor.execute("ATTACH ':memory:' AS own; USE own")
    with DuckTask(
        cursor,
        "own",
        lambda: changing_files,
        run="r",
        new_file=bench.engine.staging.file,
        on_exit=lambda _: None,
        retry_seconds=0.1,
    ) as task:
        task.refresh_views()
        with pytest.raises(RunError, match=r"files of core\.t kept changing while they were read"):
            task.query("SELECT a FROM core.t")


def test_a_task_reads_one_version_of_a_partition(bench: Bench, tmp_path: Path) -> None:
    assert tmp_path.exists()
    bench.fill("core.t", D1, "SELECT 1 AS tag FROM range(10)")
    with bench.engine.task({"core.t": [D1]}) as task:
        with bench.engine.task({}) as other:
            staged = other.stage(Table("core.t"), D1, "SELECT 2 AS tag FROM range(10)", {})
        bench.engine.publish([staged])
        tags = task.query("SELECT DISTINCT tag FROM core.t").to_pylist()
    assert tags in ([{"tag": 1}], [{"tag": 2}])
