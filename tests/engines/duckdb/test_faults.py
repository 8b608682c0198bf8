"""Errors of full disks and read-only lakes."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from drawloom.engines.duckdb.connection import engine_problem
from drawloom.engines.duckdb.engine import DuckDB
from drawloom.engines.lake import Lake, disk_problem
from tests.engines.conftest import D1, Bench

NOBODY = 65534
WRITE = """
import os, sys, tempfile
from datetime import date
from drawloom.engines.duckdb.engine import DuckDB
from drawloom.engines.lake import Lake
from drawloom.model import DrawloomError, Table
root, sql = sys.argv[1:3]
if os.geteuid() == 0 and sys.argv[3:] == ["nobody"]:
    with tempfile.TemporaryDirectory() as warm, DuckDB(Lake(warm)) as engine:  # imports modules that the user nobody cannot read
        with engine.task({}) as task:
            engine.publish([task.stage(Table("core.t"), date(2026, 1, 1), "SELECT 1 AS a", {})])
        engine.query("SELECT * FROM core.t").to_pylist()
        engine.lake.read_meta(engine.lake.path("core.t", date(2026, 1, 1)))
    os.setegid(65534)
    os.seteuid(65534)
with DuckDB(Lake(root)) as engine:
    print(engine.query("SELECT count(*) AS n FROM core.t").to_pylist()[0]["n"])
    try:
        with engine.task({}) as task:
            engine.publish([task.stage(Table("core.t"), date(2026, 1, 1), sql, {})])
    except DrawloomError as error:
        print(error.problems[0].code, error)
    try:
        engine.drop("core.t", date(2026, 1, 1))
    except DrawloomError as error:
        print(error.problems[0].code, error)
"""


@pytest.fixture
def open_lake() -> Iterator[Lake]:
    """A lake with one partition in a folder that every user may enter."""
    root = Path(tempfile.mkdtemp())
    root.chmod(0o755)
    lake = Lake(root / "lake")
    with DuckDB(lake) as engine:
        Bench(engine).fill("core.t", D1, "SELECT 1 AS a")
    yield lake
    for path in [root, *root.rglob("*")]:
        path.chmod(0o755)
    shutil.rmtree(root)


def run(lake: Lake, sql: str, *options: str, limit: int | None = None) -> str:
    def limit_file_size() -> None:
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-c", WRITE, str(lake.root), sql, *options]
    done = subprocess.run(command, preexec_fn=limit_file_size, capture_output=True, text=True, check=True)
    return done.stdout


def test_a_full_disk_leaves_the_old_partition(open_lake: Lake) -> None:
    before = open_lake.path("core.t", D1).read_bytes()
    output = run(open_lake, "SELECT random() AS a FROM range(3000000)", limit=1 << 20)
    assert output.startswith("1\nengine-io ")
    assert "File too large" in output or "write" in output.lower()
    assert open_lake.stamp("core.t", D1) is None  # the child dropped it in the end, which needs no disk space
    assert before


def test_the_error_for_a_full_disk() -> None:
    text = 'Async write failed for range [offset=2, size=9]: {"exception_type":"IO","exception_message":'
    text += '"Could not write file \\"/x/y.parquet\\": No space left on device","errno":"28"}'
    problem = engine_problem(duckdb.IOException(text))
    assert problem.code == "engine-io"
    assert problem.message == 'the disk is full: Could not write file "/x/y.parquet": No space left on device.'
    full = disk_problem(Path("/x"), OSError(errno.ENOSPC, "No space left on device"))
    assert str(full).endswith("No space left on device. Free space on the disk; nothing was published.")


def test_a_full_disk_leaves_no_staged_files(open_lake: Lake) -> None:
    (open_lake.root / "core" / "t" / "keep").touch()
    run(open_lake, "SELECT random() AS a FROM range(3000000)", limit=1 << 20)
    assert list((open_lake.root / ".staging").iterdir()) == []


def test_a_read_only_lake_can_be_queried_and_not_written(open_lake: Lake) -> None:
    for path in [open_lake.root, *open_lake.root.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    output = run(open_lake, "SELECT 2 AS a", "nobody")
    assert output.startswith("1\nread-only lake == ")
    assert output.count("must be writable") == 2
    assert "Give this user the right to write there" in output
    with DuckDB(open_lake) as engine:
        assert Bench(engine).rows("SELECT a FROM core.t") == [(1,)]


def test_the_error_for_a_read_only_partition(open_lake: Lake) -> None:
    day = open_lake.path("core.t", D1).parent
    if os.geteuid() == 0:
        for path in [open_lake.root, open_lake.root / ".staging"]:
            os.chown(path, NOBODY, NOBODY)
    day.chmod(0o555)
    output = run(open_lake, "SELECT 2 AS a", "nobody")
    assert output.startswith("1\nread-only ")
    assert "part-0.parquet" in output
    assert list((open_lake.root / ".staging").iterdir()) == []


@pytest.mark.timeout(120)
def test_failing_writes_do_not_hang(bench: Bench) -> None:
    broken = "SELECT CASE WHEN x = 19999 THEN error('over') ELSE x::VARCHAR END AS a FROM range(20000) AS t(x)"

    def write(number: int) -> None:
        target = bench.engine.staging.path / f"{number}.parquet"
        with bench.engine.cursor() as cursor, pytest.raises(duckdb.InvalidInputException, match="over"):
            cursor.execute(f"COPY ({broken}) TO '{target}' (FORMAT parquet, ROW_GROUP_SIZE 2048)")

    with ThreadPoolExecutor(4) as pool:  # with DuckDB's async_threads one in fifty hung on a busy machine
        assert len(list(pool.map(write, range(300)))) == 300
