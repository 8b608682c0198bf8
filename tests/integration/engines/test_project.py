"""A project on each engine: planned, run, run again, late data, expiry, crashes, and what one asks of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.integration.engines.conftest import Build
from tests.integration.engines.house import CELLS, DAYS, LAST, House

pytestmark = pytest.mark.engines

AGAIN = pytest.param("trino-iceberg", marks=pytest.mark.slow)  # as Hive, with the storage that tests/conformance tries
KINDS = ("duckdb", "spark", "trino-hive", AGAIN)

Rows = dict[str, list[str]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_project_is_filled_once_and_kept_up_to_date(build: Build, truth: Rows, kind: str) -> None:
    house = build(kind)
    assert sum(house.stale().values()) == CELLS
    assert house.run() == {"written": CELLS}
    assert house.everything() == truth
    assert house.stale() == {}
    assert house.run() == {}
    assert house.engines("daily") == ["duckdb" if kind == "duckdb" else kind.partition("-")[0]] * len(DAYS)

    house.land(DAYS[2], more=3)  # late data: its day, the windows that hold it, and everything after it in ``ever``
    assert house.stale() == {"daily": 1, "ever": 3, "fancy": 1, "rolling": 3}
    done = house.run()
    assert sum(done.values()) == 8
    assert house.stale() == {}
    late = house.everything()
    assert late != truth
    house.land(DAYS[2])
    house.run()
    assert house.everything() == truth

    house.spec("fancy", sql=house.specs["fancy"][1].replace("d.amount", "d.amount, d.orders"))  # a new column
    assert house.stale() == {"fancy": len(DAYS)}
    assert house.run("fancy", first=DAYS[1], last=DAYS[1], force=True) == {"written": 1}
    assert house.run() == {"written": len(DAYS) - 1}
    with house.open() as project:
        assert project.query(f"SELECT orders FROM {house.name('fancy')}").num_rows == len(truth["fancy"])
        ask_around(house)


def ask_around(house: House) -> None:
    """What one asks of a project between runs: preview, diff, status, and the days that are kept."""
    with house.open() as project:
        assert project.preview(house.name("daily"), DAYS[1], 2).num_rows == 2
        same = project.diff(house.name("daily"), DAYS[1], ("product",))
        assert (same.added, same.removed, same.changed) == (0, 0, 0)
        assert {str(cell.state) for cell in project.status().cells} == {"fresh"}
        with pytest.raises(Exception, match="must be a SELECT"):
            project.query(f"DROP TABLE {house.name('daily')}")
    house.spec("daily", sql=house.specs["daily"][1].replace("count(*) AS orders", "count(*) + 1 AS orders"))
    with house.open() as project:
        other = project.diff(house.name("daily"), DAYS[1], ("product",))
        assert (other.added, other.removed, other.changed) == (0, 0, 3)
    house.spec("daily", sql=house.specs["daily"][1].replace("count(*) + 1 AS orders", "count(*) AS orders"))
    assert house.stale() == {}
    house.spec("visitors", options="keep: 2d")
    house.run()
    with house.open() as project:
        there = project.engine.days(house.name("visitors"))
        assert len(there) < len(DAYS)
        assert there[-1] == LAST
        assert project.engine.days(house.name("daily")) == DAYS
    assert house.stale() == {}


def test_folders_of_spark_that_nothing_points_at_are_removed_a_day_later(build: Build) -> None:
    house = build("spark")
    house.run("daily", last=DAYS[1])
    house.run("daily", last=DAYS[1], force=True)
    (runs,) = house.folder.rglob(f"{house.schema}/daily/_runs")
    old = set(runs.iterdir())
    assert len(old) == 4
    for folder in old:
        os.utime(folder, (0, 0))
    rows = house.rows("daily")
    house.run("daily", last=DAYS[0], force=True)
    assert old < set(runs.iterdir())  # it has been looked for today
    os.utime(house.folder / ".drawloom" / "swept", (0, 0))
    house.run("daily", last=DAYS[0], force=True)
    left = old & set(runs.iterdir())
    assert len(left) == 1  # the partition of the second day is in it
    assert len(set(runs.iterdir())) == 3
    assert house.rows("daily") == rows


@pytest.mark.parametrize("kind", ["duckdb", pytest.param("spark", marks=pytest.mark.slow), "trino-hive", AGAIN])
def test_the_command_line_of_a_project(build: Build, truth: Rows, kind: str) -> None:
    house = build(kind)
    house.outside("run")
    told = json.loads(house.outside("query", "--format", "json", f"SELECT count(*) AS n FROM {house.name('daily')}"))
    assert str(len(truth["daily"])) in json.dumps(told)
    assert "fresh" in house.outside("status")
    assert house.everything() == truth


CRASH = """
import os, signal, sys
from drawloom import Project
from drawloom.run.registry import Registry

real = Registry.save
def save(self, records, columns=None):
    records = list(records)
    if any(record.table.endswith(sys.argv[2]) and record.ds.day == 3 for record in records):
        os.killpg(0, signal.SIGKILL)
    return real(self, records, columns)
Registry.save = save
with Project.load(sys.argv[1]) as project:
    project.run(project.plan(), jobs=1)
"""


@pytest.mark.parametrize("kind", KINDS)
def test_a_crash_before_the_record_is_saved_is_made_good(build: Build, truth: Rows, kind: str) -> None:
    house = build(kind)
    house.run()
    house.spec("daily", sql=house.specs["daily"][1].replace("count(*) AS orders", "count(*) + 10 AS orders"))
    died = subprocess.Popen(
        [sys.executable, "-c", CRASH, str(house.folder), "daily"], env=os.environ, start_new_session=True
    )
    assert died.wait() == -signal.SIGKILL
    time.sleep(2)
    with house.open() as project:
        records = project.registry.records()[house.name("daily")]
        held = {ds: project.engine.stored(house.name("daily"), ds) for ds in DAYS}
    for ds, record in records.items():  # a record that there is tells the truth
        stored = held[ds]
        assert stored
        assert (stored.content, stored.rows) == (record.content, record.rows) or house.kind == "duckdb"
    house.spec("daily", sql=house.specs["daily"][1].replace("count(*) + 10 AS orders", "count(*) AS orders"))
    assert house.stale()["daily"] >= 1
    house.run()
    assert house.everything() == truth
    assert house.stale() == {}
