"""A project on each engine: plan, run, rerun, late data, expiry, crashes, and the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.integration.engines.conftest import Build
from tests.integration.engines.small_project import DAYS, LAST, PARTITION_COUNT, SmallProject

pytestmark = pytest.mark.integration

SPARK = pytest.param("spark", marks=pytest.mark.nightly)
ICEBERG = pytest.param("trino-iceberg", marks=pytest.mark.nightly)  # differs from Hive only in the storage

Rows = dict[str, list[str]]


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ["duckdb", "spark", "trino-hive", "trino-iceberg"])
def test_a_project_is_filled_once_and_kept_up_to_date(build: Build, expected_rows: Rows, kind: str) -> None:
    small_project = build(kind)
    assert sum(small_project.partitions_to_write().values()) == PARTITION_COUNT
    assert small_project.run() == {"written": PARTITION_COUNT}
    assert small_project.all_rows() == expected_rows
    assert small_project.partitions_to_write() == {}
    assert small_project.run() == {}
    assert small_project.engines("daily") == ["duckdb" if kind == "duckdb" else kind.partition("-")[0]] * len(DAYS)

    # Late data makes stale: its day, the windows that include it, and all later days of ``ever``.
    small_project.land(DAYS[2], more=3)
    assert small_project.partitions_to_write() == {"daily": 1, "ever": 3, "fancy": 1, "rolling": 3}
    done = small_project.run()
    assert sum(done.values()) == 8
    assert small_project.partitions_to_write() == {}
    late = small_project.all_rows()
    assert late != expected_rows
    small_project.land(DAYS[2])
    small_project.run()
    assert small_project.all_rows() == expected_rows

    new_column = small_project.specs["fancy"][1].replace("d.amount", "d.amount, d.orders")
    small_project.spec("fancy", sql=new_column)
    assert small_project.partitions_to_write() == {"fancy": len(DAYS)}
    assert small_project.run("fancy", first=DAYS[1], last=DAYS[1], force=True) == {"written": 1}
    assert small_project.run() == {"written": len(DAYS) - 1}
    with small_project.open() as project:
        assert project.query(f"SELECT orders FROM {small_project.name('fancy')}").num_rows == len(
            expected_rows["fancy"]
        )
        check_project_commands(small_project)


def check_project_commands(small_project: SmallProject) -> None:
    """Commands of a project between runs: preview, diff, status, and expiry of days."""
    with small_project.open() as project:
        assert project.preview(small_project.name("daily"), DAYS[1], 2).num_rows == 2
        same = project.diff(small_project.name("daily"), DAYS[1], ("product",))
        assert (same.added, same.removed, same.changed) == (0, 0, 0)
        assert {str(partition.state) for partition in project.status().partitions} == {"fresh"}
        with pytest.raises(Exception, match="must be a SELECT"):
            project.query(f"DROP TABLE {small_project.name('daily')}")
    small_project.spec(
        "daily", sql=small_project.specs["daily"][1].replace("count(*) AS orders", "count(*) + 1 AS orders")
    )
    with small_project.open() as project:
        other = project.diff(small_project.name("daily"), DAYS[1], ("product",))
        assert (other.added, other.removed, other.changed) == (0, 0, 3)
    small_project.spec(
        "daily", sql=small_project.specs["daily"][1].replace("count(*) + 1 AS orders", "count(*) AS orders")
    )
    assert small_project.partitions_to_write() == {}
    small_project.spec("visitors", options="keep: 2d")
    small_project.run()
    with small_project.open() as project:
        kept_days = project.engine.days(small_project.name("visitors"))
        assert len(kept_days) < len(DAYS)
        assert kept_days[-1] == LAST
        assert project.engine.days(small_project.name("daily")) == DAYS
    assert small_project.partitions_to_write() == {}


@pytest.mark.nightly
def test_unused_folders_of_spark_are_removed_a_day_later(build: Build) -> None:
    small_project = build("spark")
    small_project.run("daily", last=DAYS[1])
    small_project.run("daily", last=DAYS[1], force=True)
    (runs,) = small_project.folder.rglob(f"{small_project.schema}/daily/_runs")
    old = set(runs.iterdir())
    assert len(old) == 4
    for folder in old:
        os.utime(folder, (0, 0))
    rows = small_project.rows("daily")
    small_project.run("daily", last=DAYS[0], force=True)
    assert old < set(runs.iterdir())  # today's sweep has already run
    os.utime(small_project.folder / ".drawloom" / "swept", (0, 0))
    small_project.run("daily", last=DAYS[0], force=True)
    left = old & set(runs.iterdir())
    assert len(left) == 1  # the partition of the second day is in it
    assert len(set(runs.iterdir())) == 3
    assert small_project.rows("daily") == rows


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ["duckdb", SPARK, "trino-hive", ICEBERG])
def test_the_command_line_of_a_project(build: Build, expected_rows: Rows, kind: str) -> None:
    small_project = build(kind)
    small_project.run_command("run")
    output = json.loads(
        small_project.run_command(
            "query", "--format", "json", f"SELECT count(*) AS n FROM {small_project.name('daily')}"
        )
    )
    assert str(len(expected_rows["daily"])) in json.dumps(output)
    assert "fresh" in small_project.run_command("status")
    assert small_project.all_rows() == expected_rows


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


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ["duckdb", "spark", "trino-hive", "trino-iceberg"])
def test_a_crash_before_the_record_is_saved_is_repaired(build: Build, expected_rows: Rows, kind: str) -> None:
    small_project = build(kind)
    small_project.run()
    small_project.spec(
        "daily", sql=small_project.specs["daily"][1].replace("count(*) AS orders", "count(*) + 10 AS orders")
    )
    died = subprocess.Popen(
        [sys.executable, "-c", CRASH, str(small_project.folder), "daily"], env=os.environ, start_new_session=True
    )
    assert died.wait() == -signal.SIGKILL
    time.sleep(2)
    with small_project.open() as project:
        records = project.registry.records()[small_project.name("daily")]
        published = {ds: project.engine.find_partition(small_project.name("daily"), ds) for ds in DAYS}
    for ds, record in records.items():  # the remaining records describe the stored partitions
        stored = published[ds]
        assert stored
        assert (stored.content, stored.rows) == (record.content, record.rows) or small_project.kind == "duckdb"
    small_project.spec(
        "daily", sql=small_project.specs["daily"][1].replace("count(*) + 10 AS orders", "count(*) AS orders")
    )
    assert small_project.partitions_to_write()["daily"] >= 1
    small_project.run()
    assert small_project.all_rows() == expected_rows
    assert small_project.partitions_to_write() == {}
