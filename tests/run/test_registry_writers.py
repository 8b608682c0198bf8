"""Threads and processes that write at once: no deadlock, no error, no row is lost or mixed."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from drawloom.model import Column, Record, RunError
from drawloom.run.registry import Registry
from tests.run.old_registry import database

DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(100)]
TABLES = ["core.a", "core.b", "core.c"]
PROCESS = """
import sys
from drawloom.run.registry import Registry
from tests.run.test_registry_writers import write_all
registry = Registry(sys.argv[1])
print("GO", flush=True)
sys.stdin.readline()
write_all(registry, sys.argv[2])
registry.close()
print("DONE", flush=True)
"""


def records(writer: str, times: int) -> list[Record]:
    """The records of a writer for every partition, in an order of its own."""
    run = f"{writer}-{times}"
    made = [Record(table, ds, run, times, 1, run, run, run, {"raw.x": {"": run}}) for table in TABLES for ds in DAYS]
    random.Random(run).shuffle(made)
    return made


def write_all(registry: Registry, writer: str) -> None:
    """Write the same rows as the other writers, and some rows of its own."""
    for times in range(10):
        made = records(writer, times)
        registry.fail(made[0].table, made[0].ds, writer)
        registry.save(made, {record.table: [Column("n", writer)] for record in made})
        registry.save([Record(f"own.{writer}", DAYS[times], writer, 1, 1, "c", "v")])
        registry.save_fingerprints({(record.table, str(record.ds)): (writer, writer) for record in made})
        registry.save_landed("raw.x", {str(record.ds): writer for record in made})
        registry.restamp(record for record in records(writer, times))
        registry.forget(made[0].table, [made[0].ds])
        registry.save(made[:1])


def check_all(registry: Registry, writers: list[str]) -> None:
    """Every partition exists once, and is the record of one of the writers."""
    found = registry.records()
    assert sorted(found) == sorted([*TABLES, *(f"own.{writer}" for writer in writers)])
    assert all(sorted(found[table]) == DAYS for table in TABLES)
    assert all(sorted(found[f"own.{writer}"]) == DAYS[:10] for writer in writers)
    for table in TABLES:
        inputs = registry.inputs(table)
        for ds, record in found[table].items():
            assert {record.content, record.code, record.inputs_digest, inputs[ds]["raw.x"][""]} == {record.run}
            assert record.run.split("-")[0] in writers
    assert {columns[0].type for columns in registry.columns().values()} <= set(writers)
    assert sorted(registry.columns()) == TABLES
    assert registry.failures() == {}
    assert len(registry.fingerprints()) == len(TABLES) * len(DAYS)
    assert sorted(registry.landed("raw.x")) == [str(ds) for ds in DAYS]


@pytest.mark.unmeasured
def test_threads_write_the_same_and_other_partitions(registry: Registry) -> None:
    writers = [f"thread{n}" for n in range(4)]
    with ThreadPoolExecutor(len(writers)) as pool:
        for done in [pool.submit(write_all, registry, writer) for writer in writers]:
            done.result(timeout=120)
    check_all(registry, writers)


@pytest.mark.unmeasured
def test_processes_write_the_same_and_other_partitions(url: str, registry: Registry) -> None:
    writers = [f"process{n}" for n in range(3)]
    command = [sys.executable, "-c", PROCESS, url]
    children = [
        subprocess.Popen([*command, writer], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for writer in writers
    ]
    try:
        for child in children:
            assert child.stdout
            assert child.stdout.readline() == "GO\n"
        for child in children:
            assert child.stdin
            child.stdin.write("GO\n")
            child.stdin.flush()
        said = [child.communicate(timeout=120)[0] for child in children]
    finally:
        for child in children:
            child.kill()
            child.wait()
    assert said == ["DONE\n"] * len(writers)
    check_all(registry, writers)


def test_a_reader_sees_a_save_whole_or_not_at_all(registry: Registry) -> None:
    def write() -> None:
        for times in range(1, 20):
            registry.save(records("writer", times))

    registry.save(records("writer", 0))
    seen: list[set[str]] = []
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        while not writing.done():
            seen.append({record.run for days in registry.records().values() for record in days.values()})
        writing.result()
    assert {len(runs) for runs in seen} == {1}
    assert len({run for runs in seen for run in runs}) > 2, "it was read while it was written"


@pytest.mark.parametrize(
    "write",
    [
        lambda registry: registry.save(records("a", 0)[:2]),
        lambda registry: registry.fail("core.a", DAYS[0], "boom"),
        lambda registry: registry.save_landed("raw.x", {"f": "x"}),
    ],
    ids=["save", "fail", "land"],
)
def test_a_failed_save_leaves_nothing(url: str, write: Callable[[Registry], None]) -> None:
    registry = Registry(url)
    with database(url).begin() as connection:
        for table in ("drawloom_failures", "drawloom_landed"):
            sa.Table(table, sa.MetaData(), autoload_with=connection).drop(connection)
    with pytest.raises(RunError, match=r"failed: .*(drawloom_failures|drawloom_landed)"):
        write(registry)
    assert registry.empty()
    registry.close()


@pytest.mark.unmeasured
@pytest.mark.parametrize("rounds", [1, pytest.param(10, marks=pytest.mark.nightly)])
def test_many_processes_create_the_same_file_at_once(tmp_path: Path, rounds: int) -> None:
    """SQLite does not wait for a lock when it switches a file to WAL."""
    url = f"sqlite:///{tmp_path / 'registry.db'}"
    text = (
        f"from drawloom.run.registry.database import connect, parse_url; connect(parse_url({url!r})).connect().close()"
    )
    for _ in range(rounds):
        (tmp_path / "registry.db").unlink(missing_ok=True)
        children = [subprocess.Popen([sys.executable, "-c", text], stderr=subprocess.PIPE) for _ in range(8)]
        assert [child.communicate()[1] for child in children] == [b""] * 8
