"""Training sets equal a literal reference, are the same bytes each time, and refuse what would leak."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from drawloom.cli.main import run_command
from drawloom.model import InputError
from drawloom.run.features.manifest import Manifest
from drawloom.run.project import Project
from tests.frameworks.features.reference import Measured, Reference
from tests.helpers import examples

FIRST = date(2026, 3, 3)  # DST begins on 8 and 29 March in New York and Berlin: days of features have 24 hours
DAYS = 16
SPEC = """kind: features
name: riders
entity: {name: rider, key: rider}
source: {table: raw.rides, time: at, arrived: arrived, tie_breaker: tie, where: status = 'done'}
windows: [1d, 3d, 9d, ltd]
measures:
  rides: {ops: [count]}
  fare: {value: fare, ops: [count, sum, avg, min, max, stddev, first, last]}
  city: {value: city, ops: [n_distinct, last, {last_k: 2}, {top_k: 2}], windows: [3d, ltd]}
  trips: {ops: [count], by: {column: product, values: [pool, xl], other: true}, windows: [9d]}
derive: {per_ride: "fare_sum_ltd / nullif(rides_count_ltd, 0)"}
labels:
  back: {horizon: 2d}
  spent: {op: sum, value: fare, horizon: 3d, where: "city = 'a'"}
owner: a@example.com
until: "forever: a test"
---
kind: features
name: pairs
entity: {name: pair, key: [rider, city]}
source: {table: raw.rides, time: at}
windows: [3d]
measures: {rides: {ops: [count]}}
active: 5d
owner: a@example.com
until: "forever: a test"
"""
CONFIG = """name: rides
start: {first}
end: {last}
engine: {{threads: {threads}}}
sources:
  raw.rides: {{files: "rides/ds={{ds}}/*.parquet", gaps: true}}
"""
WINDOWS = [1, 3, 9, None]
MEASURES = [
    Measured("rides", ["count"], WINDOWS),
    Measured("fare", ["count", "sum", "avg", "min", "max", "stddev", "first", "last"], WINDOWS, "fare"),
    Measured("city", ["n_distinct", "last", ("last_k", 2), ("top_k", 2)], [3, None], "city"),
    Measured("trips", ["count"], [9], by="product", values=["pool", "xl"], other=True),
]
MIDNIGHT = datetime(2026, 3, 3, tzinfo=UTC)


def rides() -> list[dict[str, Any]]:
    random, rows = Random(7), []
    for tie in range(110):
        at = MIDNIGHT + timedelta(days=random.randrange(DAYS - 4), seconds=random.choice([0, 3600, 43200, 86399]))
        rows.append(
            {
                "rider": random.choice([1, 1, 2, 3, 4, None]),
                "at": at + timedelta(microseconds=random.choice([0, 1, 999_999])),
                "arrived": at + timedelta(hours=random.choice([1, 1, 100])),
                "tie": tie,
                "fare": random.choice([None, 0.0, -2.5, 1e9 + random.randrange(3), float(random.randrange(100))]),
                "city": random.choice([None, "a", "b", "ü"]),
                "product": random.choice(["pool", "xl", "solo", None]),
                "status": random.choice(["done", "done", "done", "cancelled"]),
            }
        )
    last = MIDNIGHT + timedelta(days=DAYS - 1, hours=1)  # of somebody else: the days before it are over
    return [*rows, {**rows[0], "rider": 99, "at": last, "arrived": last, "tie": 999, "status": "done"}]


RIDES = rides()
DONE = [row for row in RIDES if row["status"] == "done"]
SCHEMA = pa.schema(
    {
        "rider": pa.int64(),
        "at": pa.timestamp("us", "UTC"),
        "arrived": pa.timestamp("us", "UTC"),
        "tie": pa.int64(),
        "fare": pa.float64(),
        "city": pa.string(),
        "product": pa.string(),
        "status": pa.string(),
    }
)


def make_project(folder: Path, rows: list[dict[str, Any]], *, files: int = 1, threads: int = 1) -> Path:
    """A project with rides in so many files a day, of which all days are filled."""
    (folder / "specs").mkdir(parents=True)
    (folder / "specs/riders.yml").write_text(SPEC, encoding="utf-8")
    config = CONFIG.format(first=FIRST, last=FIRST + timedelta(days=DAYS - 1), threads=threads)
    (folder / "drawloom.yml").write_text(config, encoding="utf-8")
    for day in sorted({row["at"].date() for row in rows}):
        place = folder / f"rides/ds={day}"
        place.mkdir(parents=True)
        of_day = [row for row in rows if row["at"].date() == day]
        for number in range(files):
            part = pa.Table.from_pylist(of_day[number::files], SCHEMA)
            parquet.write_table(part, place / f"{number}.parquet")
    with Project.load(folder) as project:
        project.run()
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("rides") / "project", RIDES)


@pytest.fixture(scope="module")
def project(folder: Path) -> Iterator[Project]:
    with Project.load(folder) as found:
        yield found


def spine(rows: Sequence[tuple[int | None, datetime]]) -> pa.Table:
    types = [pa.int64(), pa.timestamp("us", "UTC")]
    columns = zip(*rows, strict=True) if rows else ((), ())
    return pa.table({name: pa.array(values, kind) for name, values, kind in zip(("rider", "when"), columns, types, strict=True)})  # fmt: skip


NEAR = [timedelta(0), timedelta(microseconds=1), timedelta(microseconds=-1), timedelta(hours=5)]
MOMENTS = sorted(
    {row["at"] + timedelta(days=days) + near for row in RIDES[:-1] for days in (0, 1, 3) for near in NEAR}
    | {MIDNIGHT + timedelta(days=n) for n in range(DAYS - 1)}
)
SPINES = st.lists(st.tuples(st.sampled_from([1, 2, 3, 4, 5, None]), st.sampled_from(MOMENTS)), min_size=1, max_size=20)
VARIANTS: list[dict[str, Any]] = [{}, {"tail": "day"}, {"as_known": True}, {"as_known": True, "tail": "day"}, {"accuracy": "snapshot"}]  # fmt: skip


def same(found: Any, expected: Any) -> bool:
    if isinstance(found, float) and isinstance(expected, float):
        return found == pytest.approx(expected, rel=1e-9, abs=1e-9)
    return bool(found == expected)


def expected_of(rider: int | None, when: datetime, options: dict[str, Any]) -> dict[str, Any]:
    moment = when.replace(hour=0, minute=0, second=0, microsecond=0) if "accuracy" in options else when
    events = [row for row in DONE if row["arrived"] < when] if options.get("as_known") else DONE
    reference = Reference(events, MEASURES, floor=options.get("tail") == "day")
    found = reference.features(rider, moment)
    found["per_ride"] = None if found["fare_sum_ltd"] is None else found["fare_sum_ltd"] / found["rides_count_ltd"]
    return dict.fromkeys(found) if rider is None else found


@examples(8, 60)
@given(rows=SPINES, options=st.sampled_from(VARIANTS))
def test_features_are_those_of_the_reference(
    project: Project, rows: list[tuple[int | None, datetime]], options: dict[str, Any]
) -> None:
    found = project.training_set(spine(rows), ["riders.*"], **options)
    assert found.select(["rider", "when"]).equals(spine(rows))
    for row, (rider, when) in zip(found.to_pylist(), rows, strict=True):
        expected = expected_of(rider, when, options)
        assert set(row) == {"rider", "when", *expected}
        differ = {name: (row[name], value) for name, value in expected.items() if not same(row[name], value)}
        assert differ == {}, (rider, when, options)


def test_labels_are_of_what_came_after(project: Project) -> None:
    last = MIDNIGHT + timedelta(days=DAYS - 5)
    rows = [(rider, moment) for rider in (1, 2, 5, None) for moment in MOMENTS if moment <= last]
    found = project.training_set(spine(rows), [], labels=["back", "riders.spent"]).to_pylist()
    reference = Reference(DONE, [])
    for row, (rider, when) in zip(found, rows, strict=True):
        fares = [one["fare"] for one in reference.after(rider, when, 3) if one["city"] == "a"]
        given = [fare for fare in fares if fare is not None]
        assert row["back"] == (None if rider is None else bool(reference.after(rider, when, 2)))
        assert row["spent"] == (pytest.approx(sum(given)) if given else None)


def test_several_sets_come_together_and_name_their_clashes(project: Project) -> None:
    rows = [{"rider": 1, "city": city, "when": MIDNIGHT + timedelta(days=11)} for city in ("a", "ü", None)]
    found = project.training_set(pa.Table.from_pylist(rows), ["riders.rides_count_3d", "pairs.*"])
    begin = MIDNIGHT + timedelta(days=8)
    mine = [row for row in RIDES if row["rider"] == 1 and begin <= row["at"] < MIDNIGHT + timedelta(days=11)]
    done = sum(row["status"] == "done" for row in mine)
    assert found.column("riders__rides_count_3d").to_pylist() == [done] * 3
    counts = [sum(row["city"] == city for row in mine) for city in ("a", "ü")]
    assert found.column("pairs__rides_count_3d").to_pylist() == [*counts, None]


def test_the_same_manifest_has_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "project"
    shutil.copytree(folder, other)
    settings = other / "drawloom.yml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("threads: 1", "threads: 4"), encoding="utf-8")
    assert_same_bytes(folder, other, tmp_path)
    check = ["-C", str(folder), "features", "training-set", "--check"]
    assert run_command([*check, str(tmp_path / "out0")]) == 0
    damaged = parquet.read_table(tmp_path / "out0/training_set.parquet").slice(1)
    parquet.write_table(damaged, tmp_path / "out0/training_set.parquet")
    assert run_command([*check, str(tmp_path / "out0")]) == 1


@pytest.mark.nightly
def test_events_in_other_files_and_another_order_make_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    shuffled = list(RIDES)
    Random(3).shuffle(shuffled)
    assert_same_bytes(folder, make_project(tmp_path / "project", shuffled, files=3, threads=4), tmp_path)


def assert_same_bytes(folder: Path, other: Path, tmp_path: Path) -> None:
    """Training sets of both projects are the same, byte for byte, and so are two of the other one."""
    rows = [(rider, moment) for rider in (1, 2, 3) for moment in MOMENTS[::7]]
    parquet.write_table(spine(rows), tmp_path / "spine.parquet")
    command = ["features", "training-set", "--spine", str(tmp_path / "spine.parquet"), "--features", "riders.*"]
    for number, place in enumerate((folder, other, other)):
        assert run_command(["-C", str(place), *command, "-o", str(tmp_path / f"out{number}")]) == 0
    files = [(tmp_path / f"out{number}/training_set.parquet").read_bytes() for number in range(3)]
    assert files[0] == files[1] == files[2]
    assert Manifest.read(tmp_path / "out1") == Manifest.read(tmp_path / "out2")


def test_what_differs_from_the_definition_is_told(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(folder, tmp_path / "project")
    command = ["-C", str(tmp_path / "project"), "features", "verify", "riders", "--sample", "1", "--ds", "2026-03-13"]
    assert run_command(command) == 0
    assert "0 differ" in capsys.readouterr().out
    late = [{**row, "rider": rider, "tie": 1000} for row in DONE[:1] for rider in (1, 77)]  # nothing was run since
    place = tmp_path / f"project/rides/ds={late[0]['at'].date()}/late.parquet"
    parquet.write_table(pa.Table.from_pylist(late, SCHEMA), place)
    assert run_command(command) == 1
    out = capsys.readouterr().out
    assert "riders.rides_count_ltd" in out
    assert "1 missing, 0 extra" in out


WHEN = MIDNIGHT + timedelta(days=11)
NAIVE = WHEN.replace(tzinfo=None)
LATE = MIDNIGHT + timedelta(days=DAYS + 1)


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({"when": [NAIVE]}, {}, "spine.when == timestamp[us], must have a zone"),
        ({"when": pa.array([None], pa.timestamp("us", "UTC"))}, {}, "spine.when == NULL in row 1, must be a moment"),
        ({"when": ["2026"]}, {"time": "when"}, "spine.when == string, must be moments"),
        ({"when": [LATE]}, {}, "2026-03-19 is not complete"),
        ({"when": [LATE]}, {"accuracy": "snapshot"}, "features.riders 2026-03-19 is not complete"),
        ({"when": [WHEN], "Rides_count_3d": [1]}, {}, "must not be called like the feature riders.rides_count_3d"),
        ({"when": [WHEN], "back": [True]}, {"labels": ["back"]}, "must not be called like the feature riders.back"),
        ({"when": [MIDNIGHT + timedelta(days=DAYS - 1)]}, {"labels": ["back"]}, "labels.back.horizon == 2d, must have"),
        ({"when": [WHEN]}, {"labels": ["bakc"]}, "--label == 'bakc', must be a label of a set of features"),
        ({"when": [WHEN]}, {"features": ["riders.rides_count_4d"]}, "Did you mean rides_count_9d?"),
        ({"when": [WHEN]}, {"features": ["rider.*"]}, "Did you mean riders?"),
        ({"when": [WHEN]}, {"features": ["pairs.*"]}, "spine.city is no column of the spine"),
        ({"at_time": [WHEN]}, {"time": "at_tiem"}, "Did you mean at_time?"),
        ({"a": [WHEN], "b": [WHEN]}, {}, "must have one column with the moment, and has 2"),
        ({"when": [WHEN]}, {"features": ["pairs.*"], "as_known": True}, "spine.city"),
        ({"when": [WHEN], "city": ["a"]}, {"features": ["pairs.*"], "as_known": True}, "--as-known needs `arrived`"),
        ({"when": [WHEN]}, {"accuracy": "snapshot", "as_known": True}, "--as-known cannot be combined"),
    ],
)
def test_what_would_leak_is_refused(
    project: Project, columns: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    rows = pa.table({"rider": [1], **columns})
    features = options.pop("features", ["riders.rides_count_3d", "riders.fare_last_ltd"])
    with pytest.raises(InputError) as caught:
        project.training_set(rows, features, **options)
    assert message in str(caught.value)


def test_moments_without_a_zone_may_be_said_to_be_in_utc(project: Project) -> None:
    features = ["riders.rides_count_3d"]
    naive = project.training_set(pa.table({"rider": [1], "when": [NAIVE]}), features, assume_utc=True)
    assert naive.column(2).to_pylist() == project.training_set(spine([(1, WHEN)]), features).column(2).to_pylist()
