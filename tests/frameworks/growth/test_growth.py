from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest

from tests.frameworks.growth.golden import ALL, COUNTS, Golden
from tests.frameworks.growth.growth_project import TYPES, GrowthProject, day
from tests.frameworks.growth.identities import Tables, find_broken
from tests.frameworks.growth.reference import Activity, Dimension, Spec, Step
from tests.frameworks.growth.rides import CITY, ONE_DAY, RIDES, SHARED, build_project, cells, find_row, ride, rides

pytestmark = pytest.mark.unmeasured


@pytest.mark.nightly
def test_states_over_two_month_ends(tmp_path: Path) -> None:
    days = {1: [0, 1, 5, 40, 69], 2: [3], 3: [10, 38, 66], 4: [0, 29, 58], 5: [68, 69], 6: range(0, 70, 7), 7: [2, 50]}
    growth_project = build_project(tmp_path, Spec(), rides(days), 70)
    risen = find_row(growth_project, 40, window_days=28, step="day")
    assert (risen["resurrected"], risen["active"]) == (1, 4)
    gone = find_row(growth_project, 31, window_days=28, step="day")
    assert (gone["churned"], gone["stale"], gone["ever"]) == (1, 1, 6)
    last = find_row(growth_project, 69, window_days=28, step="window")
    assert [last[name] for name in ("new", "retained", "resurrected", "churned", "stale")] == [1, 4, 1, 0, 1]


def test_warmup_ends_where_two_windows_are_full(tmp_path: Path) -> None:
    growth_project = build_project(tmp_path, Spec(windows=(1, 3)), rides({1: [0, 4]}), 9)
    rows = [row for row in growth_project.rows() if row["warmup"]]
    assert max(row["ds"] for row in rows if row["window_days"] == 1) == day(0)
    assert max(row["ds"] for row in rows if row["window_days"] == 3) == day(4)


def test_a_spec_begins_at_its_own_start(tmp_path: Path) -> None:
    growth_project = build_project(tmp_path, Spec(start=day(4), windows=(1, 2)), rides({1: [0, 5], 2: [4, 6]}), 9)
    assert min(row["ds"] for row in growth_project.rows()) == day(4)
    assert find_row(growth_project, 5, window_days=1, step="day")["new"] == 1


@pytest.mark.nightly
def test_days_before_the_first_activity_have_no_rows(tmp_path: Path) -> None:
    growth_project = build_project(tmp_path, Spec(dimensions=(CITY,)), rides({1: [3]}, city="Oslo"), 6)
    assert min(row["ds"] for row in growth_project.rows()) == day(3)


@pytest.mark.nightly  # the property of all days at once draws windows and steps too
@pytest.mark.parametrize(
    ("windows", "steps"),
    [
        ((1, 7, 28), ("window",)),
        ((2, 14), ("day", "window")),
        ((28,), ("day",)),
        (tuple(range(1, 13)), ("day", "window")),
    ],
)
def test_any_windows_and_steps(tmp_path: Path, windows: tuple[int, ...], steps: tuple[Step, ...]) -> None:
    days = {1: [0, 1, 5, 20, 36], 2: [3, 18, 19], 3: [10], 4: [0, 29]}
    events = [ride(rider, n, city="ab"[n % 2]) for rider, found in days.items() for n in found]
    assert build_project(tmp_path, Spec(dimensions=(CITY,), windows=windows, steps=steps), events, 40).rows()


def test_rows_without_an_entity_are_reported(tmp_path: Path) -> None:
    events = [*rides({1: [0, 2], None: [1]}), *rides({None: [1]}), *rides({None: [4]})]
    growth_project = GrowthProject(tmp_path, Spec(), day(5), events)
    warnings = [warning for result in growth_project.run().results for warning in result.warnings]
    assert any(str(day(1)) in warning and "2" in warning.partition("found")[2] for warning in warnings), warnings
    assert any(str(day(4)) in warning for warning in warnings)
    assert not any(f"in {day(n)}" in warning for warning in warnings for n in (0, 2, 3, 5))
    assert growth_project.differences() == []
    assert find_row(growth_project, 1, window_days=1, step="day")["active"] == 0


@pytest.mark.nightly
def test_an_entity_of_several_columns_is_none_where_one_of_them_is_null(tmp_path: Path) -> None:
    events = [
        ride(1, 0, city="Oslo"),
        ride(1, 0, city="Bergen"),
        ride(1, 1, city=None),
        ride(None, 1, city="Oslo"),
        ride(1, 2, city="Oslo"),
    ]
    growth_project = GrowthProject(
        tmp_path, Spec(entity=("rider_id", "city"), dimensions=(Dimension("channel"),)), day(4), events
    )
    warnings = [warning for result in growth_project.run().results for warning in result.warnings]
    assert growth_project.differences() == []
    assert any("2" in warning.partition("found")[2] for warning in warnings)
    assert find_row(growth_project, 2, window_days=1, step="day", cut="")["ever"] == 2


@pytest.mark.parametrize(
    "kind", ["text", *(pytest.param(kind, marks=pytest.mark.nightly) for kind in ("int", "uuid", "date"))]
)
def test_entities_of_any_type(tmp_path: Path, kind: str) -> None:
    made: dict[str, tuple[pa.DataType, list[Any]]] = {
        "int": (pa.int64(), [2**62 + 1, -1, 0]),
        "text": (pa.string(), ["", "NULL", "ø'\""]),
        "uuid": (pa.uuid(), [UUID(int=2**127 + n) for n in range(3)]),
        "date": (pa.date32(), [date(1999, 12, 31), date(2026, 1, 1), date(1, 1, 1)]),
    }
    column, ids = made[kind]
    events = [ride(ids[n % 3], n, city="ab"[n % 2]) for n in (0, 1, 3, 4, 5, 11, 19, 20)]
    growth_project = build_project(tmp_path, Spec(dimensions=(CITY,)), events, 24, types={**TYPES, "rider_id": column})
    assert {str(row["rider_id"]) for row in growth_project.rows("_state")} == {str(one) for one in ids}


@pytest.mark.nightly
def test_a_condition_that_is_null_does_not_hold(tmp_path: Path) -> None:
    events = [
        ride(1, 0, product="shared", city="a"),
        ride(1, 0, product=None, city="z"),
        ride(2, 0, product=None, city="b"),
        ride(2, 2, product="single", city="c"),
        ride(3, 1, product="single", city="d"),
    ]
    growth_project = build_project(tmp_path, Spec(activities=(SHARED,), dimensions=(CITY,), **ONE_DAY), events, 4)
    assert cells(growth_project, 3, "ever") == {"a": 1}
    single = Activity("single", "product <> 'shared'", lambda row: row["product"] and row["product"] != "shared")
    both = build_project(tmp_path / "both", Spec(activities=(SHARED, single), dimensions=(CITY,), **ONE_DAY), events, 4)
    assert cells(both, 3, "ever", activity="single") == {"c": 1, "d": 1}


@pytest.mark.nightly
def test_all_activities_share_the_dimensions(tmp_path: Path) -> None:
    events = [
        ride(1, 0, product="shared", city="a"),
        ride(1, 3, product="single", city="b"),
        ride(2, 1, product="single", city="a"),
        ride(2, 40, product="shared", city="c"),
    ]
    growth_project = build_project(tmp_path, Spec(activities=(RIDES, SHARED), dimensions=(CITY,)), events, 60)
    key = {"window_days": 7, "step": "day"}
    assert cells(growth_project, 3, "net_moved", activity="shared", **key) == {"a": -1, "b": 1}
    assert cells(growth_project, 7, "churned", activity="shared", **key) == {"b": 1}
    assert cells(growth_project, 39, "ever", activity="shared", **key) == {"b": 1}
    assert cells(growth_project, 40, "new", activity="shared", **key) == {"c": 1}


def test_names_that_are_words_of_sql(tmp_path: Path) -> None:
    said = "it's -- {odd}"
    odd = Activity("select", "product = 'it''s -- {odd}'", lambda row: row["product"] == said)
    spec = Spec(activities=(odd, Activity("All")), entity=("order",), dimensions=(Dimension("group"), Dimension("end")))
    events = [{"ds": day(n), "order": n % 3, "group": "ab"[n % 2], "end": "", "product": said} for n in (0, 1, 3, 4, 8)]
    types = {"order": pa.int64(), "group": pa.string(), "end": pa.string(), "product": pa.string()}
    growth_project = build_project(tmp_path, spec, events, 10, types=types, name="table")
    assert find_row(growth_project, 9, activity="select", cut="", window_days=28, step="day")["ever"] == 3


@pytest.mark.nightly
def test_names_of_other_columns_of_the_source(tmp_path: Path) -> None:
    """DuckDB finds aliases where other engines find columns only."""
    dimensions = (
        Dimension("city", column="product"),
        Dimension("at", column="city"),
        Dimension("plan", touch="first", column="channel"),
    )
    activities = (Activity("product", "city = 'a'", lambda row: row["city"] == "a"), Activity("channel"))
    events = [
        ride(n % 3, n, city="ab"[n // 2 % 2], product="xyz"[n % 3], channel=str(n), plan="no")
        for n in (0, 1, 2, 4, 6, 9)
    ]
    growth_project = build_project(tmp_path, Spec(activities=activities, dimensions=dimensions), events, 12)
    assert find_row(growth_project, 11, activity="product", cut="", window_days=28, step="day")["ever"] == 2


def test_columns_are_as_promised(tmp_path: Path) -> None:
    dimensions = (Dimension("city", top=1), Dimension("version"))
    growth_project = GrowthProject(tmp_path, Spec(dimensions=dimensions), day(1), rides({1: [0]}, city="a"))
    growth_project.run()
    with growth_project.open() as project:
        found = {name: [str(c.type) for c in columns] for name, columns in project.registry.columns().items()}
        names = {name: [c.name for c in columns] for name, columns in project.registry.columns().items()}
    key = ["activity", "window_days"]
    cut = ["cut", "city", "version"]
    counts = ["active", "new", "retained", "resurrected", "churned", "stale", "ever", "net_moved"]
    assert names["growth.riders"] == [*key, "step", *cut, *counts, "warmup"]
    text, count = ["VARCHAR"], ["BIGINT"]
    assert found["growth.riders"] == [*text, "INTEGER", *text * 4, *count * 8, "BOOLEAN"]
    assert names["growth.riders_engagement"] == [*key, *cut, "days_active", "entities"]
    assert found["growth.riders_engagement"] == [*text, "INTEGER", *text * 3, "INTEGER", *count]
    assert names["growth.riders_keep"] == ["dimension", "value", "rank", "entities"]
    assert found["growth.riders_keep"] == [*text * 2, *count * 2]
    assert names["growth.riders_ratios"] == [*key, "step", *cut, "quick_ratio", "retention_rate", "stickiness"]
    assert found["growth.riders_ratios"] == [*text, "INTEGER", *text * 4, *["DOUBLE"] * 3]
    assert names["growth.riders_days"] == ["rider_id", "rides", "city", "version"]
    assert found["growth.riders_days"] == ["BIGINT", "BOOLEAN", "VARCHAR", "VARCHAR"]
    dates = {"rides_first": "DATE", "rides_last": "DATE", "rides_bits": "BIGINT"}
    state = {"rider_id": "BIGINT", **dates, "city": "VARCHAR", "version": "VARCHAR", "entities": "BIGINT"}
    assert dict(zip(names["growth.riders_state"], found["growth.riders_state"], strict=True)) == state


@pytest.mark.parametrize("golden", ALL)
def test_golden_histories_are_as_others_found_them(golden: Golden, tmp_path: Path) -> None:
    growth_project = GrowthProject(tmp_path, Spec(), golden.last, golden.events(), first=golden.first)
    growth_project.run()
    growth = growth_project.rows()
    assert find_broken(Tables(growth, growth_project.rows("_engagement"), [])) == []
    found = {(row["ds"], row["window_days"], row["step"]): row for row in growth}
    quick = {(row["ds"], row["window_days"], row["step"]): row["quick_ratio"] for row in growth_project.rows("_ratios")}
    wanted = golden.accounting()
    for row in wanted:
        key = row["ds"], row["window_days"], row["step"]
        assert {name: found[key][name] for name in COUNTS} == {name: row[name] for name in COUNTS}, key
        assert quick[key] == pytest.approx(row["quick_ratio"])
    assert len(growth) == 6 * len({row["ds"] for row in wanted})
    names = ("ds", "window_days", "days_active", "entities")
    days = {row["ds"] for row in golden.engagement()}
    engagement = {tuple(row[name] for name in names) for row in growth_project.rows("_engagement") if row["ds"] in days}
    assert engagement == {tuple(row[name] for name in names) for row in golden.engagement()}
