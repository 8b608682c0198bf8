"""What counts at the edges of windows is what Chronon's documentation and tests say (airbnb/chronon@5edd4fc9), through the command line."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from drawloom.cli.main import run_command
from drawloom.run.project import Project

START, DAYS = date(2023, 12, 1), 25
QUERY = datetime(
    2023, 12, 20, 12, 1, 1, 923000, UTC
)  # docs/source/authoring_features/Join.md: a window of 10 days, both ends inclusive
TEMPORAL = "2023-12-10T12:01:01.923Z", "2023-12-20T12:01:01.922Z"
SNAPSHOT = "2023-12-10T00:00:00.000Z", "2023-12-19T23:59:59.999Z"
MILLISECOND = timedelta(milliseconds=1)
NOON, EDGES, WHOLE_DAYS = 1, 2, 3  # riders: an event every noon, and at the edges of these two windows
CONFIG = f"""name: edges
start: {START}
end: {START + timedelta(days=DAYS - 1)}
defaults: {{owner: a@example.com}}
sources:
  raw.rides: {{files: "rides/ds={{ds}}/*.parquet"}}
"""
SPEC = """kind: features
name: riders
entity: {name: rider, key: rider}
source: {table: raw.rides, time: at}
windows: [7d, 10d]
measures: {rides: {ops: [count]}}
labels: {later: {op: count, horizon: 5d}}
online: {push: sqlite, path: online.db, table: riders}
until: {forever: a test}
"""


def events() -> list[tuple[int, datetime]]:
    noon = datetime(START.year, START.month, START.day, 12, tzinfo=UTC)
    found = [(NOON, noon + timedelta(days=day)) for day in range(DAYS)]
    for rider, window in ((EDGES, TEMPORAL), (WHOLE_DAYS, SNAPSHOT)):
        first, last = map(datetime.fromisoformat, window)
        found += [(rider, moment) for moment in (first - MILLISECOND, first, last, last + MILLISECOND)]
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("edges") / "project"
    (folder / "specs").mkdir(parents=True)
    (folder / "drawloom.yml").write_text(CONFIG)
    (folder / "specs/riders.yml").write_text(SPEC)
    rows = events()
    for day in sorted({at.date() for _, at in rows}):
        of_day = [(rider, at) for rider, at in rows if at.date() == day]
        (folder / f"rides/ds={day}").mkdir(parents=True)
        columns = {
            "rider": [rider for rider, _ in of_day],
            "at": pa.array([at for _, at in of_day], pa.timestamp("us", "UTC")),
        }
        parquet.write_table(pa.table(columns), folder / f"rides/ds={day}/0.parquet")
    with Project.load(folder) as project:
        assert project.run().exit_code == 0
    return folder


def training_set(folder: Path, out: Path, *options: str) -> list[dict[str, object]]:
    assert run_command(["-C", str(folder), "features", "training-set", *options, "-o", str(out)]) == 0
    rows: list[dict[str, object]] = parquet.read_table(out / "training_set.parquet").to_pylist()
    return rows


def test_a_week_has_at_most_seven_noons(folder: Path) -> None:
    """GroupByIncrementalTest.scala: one event each noon, seven days, by day: min(i + 1, 7)."""
    with Project.load(folder) as project:
        found = project.query(f"SELECT rides_count_7d AS n FROM features.riders WHERE rider = {NOON} ORDER BY ds")
    assert found.column("n").to_pylist() == [min(day + 1, 7) for day in range(DAYS)]


@pytest.mark.parametrize(("accuracy", "rider"), [("temporal", EDGES), ("snapshot", WHOLE_DAYS)])
def test_both_ends_of_a_window_count_and_a_millisecond_beyond_does_not(
    accuracy: str, rider: int, folder: Path, tmp_path: Path
) -> None:
    spine = tmp_path / "spine.csv"
    csv.write_csv(pa.table({"rider": [rider], "asked_at": pa.array([QUERY], pa.timestamp("us", "UTC"))}), spine)
    options = ["--spine", str(spine), "--features", "riders.rides_count_10d", "--accuracy", accuracy]
    (row,) = training_set(folder, tmp_path / "out", *options)
    assert row["rides_count_10d"] == 2


def test_a_population_on_each_day_of_a_range(folder: Path, tmp_path: Path) -> None:
    """The features are those of the day; LabelJoinTest.scala: five days of labels begin with the next day and end with the fifth."""
    population = "SELECT DISTINCT rider FROM raw.rides WHERE ds = DATE '{{ ds }}' AND rider = 1"
    span = ["--from", "2023-12-03", "--to", "2023-12-09"]
    rows = training_set(
        folder,
        tmp_path / "out",
        "--population",
        population,
        *span,
        "--features",
        "riders.*",
        "--label",
        "riders.later",
        "--verify",
        "1",
    )
    days = [date(2023, 12, 3) + timedelta(days=n) for n in range(7)]
    midnights = [datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1) for day in days]
    assert [row["as_of"] for row in rows] == midnights
    assert [row["rides_count_7d"] for row in rows] == [3, 4, 5, 6, 7, 7, 7]
    assert [row["rides_count_10d"] for row in rows] == [3, 4, 5, 6, 7, 8, 9]
    assert [row["later"] for row in rows] == [5] * 7


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--population", "SELECT 1 AS rider"], "--population needs --from and --to"),
        (["--spine", "x.csv", "--population", "SELECT 1 AS rider"], "must be one of --spine and --population"),
        (["--spine", "x.csv", "--from", "2023-12-03", "--to", "2023-12-03"], "must be given with --population only"),
        (["--population", "SELECT 1 AS x", "--from", "2023-12-03", "--to", "2023-12-03"], "spine.rider is no column of the spine"),
        (["--population", "SELECT 1 AS rider", "--from", "2023-12-23", "--to", "2023-12-24", "--label", "riders.later"], "must have passed for all rows"),
    ],
)  # fmt: skip
def test_bad_populations_are_refused_and_nothing_is_written(
    options: list[str], message: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [
        "-C",
        str(folder),
        "features",
        "training-set",
        *options,
        "--features",
        "riders.*",
        "-o",
        str(tmp_path / "out"),
    ]
    assert run_command(command) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


def test_a_day_is_verified_listed_and_pushed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["-C", str(folder), "features", "verify", "riders", "--sample", "1", "--format", "json"]) == 0
    proof = json.loads(capsys.readouterr().out)
    assert (proof["day"], proof["entities"], proof["equal"]) == ("2023-12-25", 3, True)
    assert run_command(["-C", str(folder), "features", "list", "--search", "10d", "--format", "json"]) == 0
    (feature,) = json.loads(capsys.readouterr().out)["features"]
    assert (feature["name"], feature["window"], feature["entity"], feature["type"]) == (
        "rides_count_10d",
        "10d",
        "rider",
        "BIGINT",
    )
    assert run_command(["-C", str(folder), "features", "push", "riders", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 3
    with closing(sqlite3.connect(folder / "online.db")) as store:
        assert store.execute("SELECT rider, ds, rides_count_7d FROM riders ORDER BY rider").fetchall() == [
            (NOON, "2023-12-25", 7),
            (EDGES, "2023-12-25", 2),
            (WHOLE_DAYS, "2023-12-25", 2),
        ]
