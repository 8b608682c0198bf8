"""Eight runs at once, over and over, while others read: none sees half a partition, and all come out the same."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from drawloom.run.project import Project
from tests.cli.sample_project import SampleProject

RUNS = 8
DAYS = 10
# The orders of each table and day: six a day, over seven days, and since the first day.
ORDERS: dict[str, Callable[[int], int]] = {
    "core.daily": lambda _: 6,
    "core.rolling": lambda day: 6 * min(day, 7),
    "core.ever": lambda day: 6 * day,
}


def read_until(project: SampleProject, done: Event) -> int:
    """Read all tables again and again; returns how often. A day that is missing or half is a failure."""
    reads = 0
    with Project.load(project.folder) as reader:
        while not done.is_set() or not reads:
            for table, orders in ORDERS.items():
                sql = f"SELECT ds, count(*) AS n, sum(orders) AS orders FROM {table} GROUP BY ds ORDER BY ds"
                found = [(row["ds"].day, row["n"], row["orders"]) for row in reader.query(sql).to_pylist()]
                assert found == [(day, 3, orders(day)) for day in range(1, DAYS + 1)], table
                reads += 1
    return reads


@pytest.mark.nightly
@pytest.mark.parametrize("rounds", [8])
def test_readers_see_whole_days_while_eight_runs_write_the_same(finished: SampleProject, rounds: int) -> None:
    want = finished.hashes()
    done = Event()
    command = [sys.executable, "-m", "drawloom", "-C", str(finished.folder), "run", "--force", "--jobs", "2"]
    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read_until, finished, done) for _ in range(2)]
        try:
            for _ in range(rounds):
                runs = [
                    subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                    for _ in range(RUNS)
                ]
                outputs = [(run.communicate()[0], run.returncode) for run in runs]
                assert [code for _, code in outputs] == [0] * RUNS, outputs
        finally:
            done.set()
        assert all(reader.result() > 0 for reader in readers)
    assert finished.hashes() == want
    assert finished.json("plan")["counts"] == {"fresh": 30}
    assert [path for path in (finished.folder / "lake/.staging").iterdir() if path.is_dir()] == []
