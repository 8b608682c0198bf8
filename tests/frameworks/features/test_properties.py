"""Random sets of features over random rides: each day equals the reference, however the days are run and the rows are stored."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from drawloom.run.project import Project
from drawloom.testing import FrameworkCase
from drawloom.testing.rows import Key, read_contents
from tests.frameworks.features.reference import Measured, Reference
from tests.frameworks.features.test_case import DAYS, FIRST, rides
from tests.helpers import UNSHRUNK, examples

pytestmark = [pytest.mark.unmeasured, pytest.mark.nightly]

NUMBER = ("count", "sum", "avg", "min", "max", "stddev", "first", "last", "n_distinct")
TEXT = ("count", "first", "last", "n_distinct", ("last_k", 2), ("last_k", 3), ("top_k", 2))
WINDOWS = (1, 2, 3, 7, 9, None)
seeds = st.integers(0, 10**6)


def random_measures(random: Random) -> list[Measured]:
    """One to three measures, each with some ops, windows, and perhaps buckets."""
    kinds = random.sample(["rides", "fare", "city", "trips"], random.randint(1, 3))
    found = []
    for kind in kinds:
        ops = {"fare": NUMBER, "city": TEXT}.get(kind, ("count",))
        windows = random.sample(WINDOWS, random.randint(1, 3))
        bucketed: dict[str, Any] = (
            {"by": "product", "values": ["pool", "xl"], "other": random.random() < 0.5} if kind == "trips" else {}
        )
        value = kind if kind in {"fare", "city"} else None
        found.append(
            Measured(kind, random.sample(ops, random.randint(1, min(4, len(ops)))), windows, value, **bucketed)
        )
    return found


def spec_of(measures: list[Measured]) -> str:
    """The YAML of a set with these measures."""
    said: dict[str, Any] = {}
    for one in measures:
        said[one.name] = {
            "ops": [op if isinstance(op, str) else {op[0]: op[1]} for op in one.ops],
            "windows": [f"{days}d" if days else "ltd" for days in one.windows],
            **({"value": one.value} if one.value else {}),
            **({"by": {"column": one.by, "values": list(one.values), "other": one.other}} if one.by else {}),
        }
    spec = {
        "kind": "features",
        "name": "riders",
        "entity": {"name": "rider", "key": "rider"},
        "source": {"table": "core.rides", "time": "at", "tie_breaker": "tie", "where": "status = 'done'"},
        "windows": ["1d"],
        "measures": said,
        "until": "forever: a test",
    }
    return yaml.safe_dump(spec, sort_keys=False)


def case_of(rows: Sequence[Mapping[str, Any]], measures: list[Measured]) -> FrameworkCase:
    """Rides, and what the reference says of each day."""
    reference = Reference([row for row in rows if row["status"] == "done"], measures)
    expected = {"features.riders": [row for day in DAYS for row in reference.day(day)]}
    types = {"core.rides": {"at": "TIMESTAMPTZ", "fare": "DOUBLE", "tie": "BIGINT", "rider": "BIGINT"}}
    return FrameworkCase(spec_of(measures), {"core.rides": rows}, expected, types, FIRST, DAYS[-1])


def hashes_after_run(folder: Path) -> dict[Key, str]:
    """The content hash of each partition after all that is missing or stale was run."""
    with Project.load(folder) as project:
        assert [result.error for result in project.run().results if result.outcome == "failed"] == []
        return {key: partition.content for key, partition in read_contents(project).items()}


@given(seeds)
@examples(2, 12, phases=UNSHRUNK)
def test_any_set_keeps_all_laws(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    random = Random(seed)
    case_of(rides(random), random_measures(random)).check(tmp_path_factory.mktemp("laws"))


@given(seeds)
@examples(2, 10, phases=UNSHRUNK)
def test_rows_in_another_order_and_other_threads_give_the_same(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    random, folder = Random(seed), tmp_path_factory.mktemp("order")
    rows, measures = rides(random), random_measures(random)
    found = []
    for threads in (1, 4):
        root = folder / str(threads)
        case_of(rows, measures).write_project(root, {"kind": "duckdb", "threads": threads})
        found.append(hashes_after_run(root))
        random.shuffle(rows)
    assert found[0] == found[1]


@given(seeds)
@examples(2, 10, phases=UNSHRUNK)
def test_rows_that_come_late_give_what_they_would_have_given(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    random, folder = Random(seed), tmp_path_factory.mktemp("late")
    rows, measures = rides(random), random_measures(random)
    late = set(random.sample(range(len(rows)), 8))
    case_of([row for number, row in enumerate(rows) if number not in late], measures).write_project(
        folder / "late", "duckdb"
    )
    hashes_after_run(folder / "late")
    case_of(rows, measures).write_project(folder / "clean", "duckdb")
    shutil.copytree(folder / "clean/input", folder / "late/input", dirs_exist_ok=True)
    assert hashes_after_run(folder / "late") == hashes_after_run(folder / "clean")


@given(seeds)
@examples(2, 10, phases=UNSHRUNK)
def test_another_feature_changes_no_other_column(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    random, folder = Random(seed), tmp_path_factory.mktemp("more")
    rows, measures = rides(random), random_measures(random)
    more = [*measures, Measured("others", ["n_distinct", ("last_k", 4)], [2, None], "product")]
    found = []
    for number, chosen in enumerate((measures, more)):
        case_of(rows, chosen).write_project(folder / str(number), "duckdb")
        hashes_after_run(folder / str(number))
        with Project.load(folder / str(number)) as project:
            found.append(project.query("SELECT * FROM features.riders ORDER BY ds, rider"))
    before, after = found
    assert set(after.column_names) - set(before.column_names) == {
        "others_n_distinct_2d",
        "others_n_distinct_ltd",
        "others_last_k_2d",
        "others_last_k_ltd",
    }
    assert after.select(before.column_names).equals(before)
