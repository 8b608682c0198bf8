"""Dimensions: touch, snapshots, cuts, the long tail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.frameworks.growth.growth_project import day
from tests.frameworks.growth.reference import Dimension, Spec
from tests.frameworks.growth.rides import CITY, ONE_DAY, at, build_project, cells, find_row, ride, rides

pytestmark = pytest.mark.unmeasured


@pytest.mark.nightly
def test_the_last_touch_of_a_day_stays_until_the_next(tmp_path: Path) -> None:
    events = [
        ride(1, 0, city="Oslo", at=at(0, 9)),
        ride(1, 0, city="Bergen", at=at(0, 10)),
        ride(1, 3, city="Alta", at=at(3, 8)),
        ride(1, 3, city="Voss", at=None),
        ride(2, 0, city="Oslo", at=at(0, 7)),
        ride(2, 0, city="Alta", at=at(0, 7)),
        ride(2, 2, city=None, at=at(2, 7)),
    ]
    spec = Spec(dimensions=(CITY,), time="at", **ONE_DAY)
    growth_project = build_project(tmp_path, spec, events, 5)
    assert [cells(growth_project, n, "ever") for n in (0, 1, 2, 3)] == [
        {"Bergen": 1, "Oslo": 1},
        {"Bergen": 1, "Oslo": 1},
        {"Bergen": 1, "(null)": 1},
        {"Alta": 1, "(null)": 1},
    ]
    assert cells(growth_project, 1, "churned") == {"Bergen": 1, "Oslo": 1}


@pytest.mark.nightly
def test_moves_between_cells_sum_to_nothing(tmp_path: Path) -> None:
    events = [ride(1, 0, city="Oslo"), ride(1, 1, city="Bergen"), ride(1, 9, city="Oslo"), ride(2, 1, city="Oslo")]
    growth_project = build_project(tmp_path, Spec(dimensions=(CITY,)), events, 20)
    assert cells(growth_project, 1, "net_moved", window_days=28, step="day") == {"Oslo": -1, "Bergen": 1}
    assert cells(growth_project, 9, "net_moved", window_days=7, step="day") == {}
    assert cells(growth_project, 9, "net_moved", window_days=28, step="day") == {"Oslo": 1, "Bergen": -1}


@pytest.mark.nightly
def test_without_a_time_the_greatest_values_are_the_last(tmp_path: Path) -> None:
    events = [
        ride(1, 0, city="a", version=9, channel="x"),
        ride(1, 0, city="b", version=1, channel="z"),
        ride(1, 0, city="b", version=2, channel="a"),
        ride(1, 1, city="a", version=10, channel="q"),
        ride(1, 1, city="a", version=9, channel="p"),
    ]
    dimensions = (CITY, Dimension("version"), Dimension("signup", touch="first", column="channel"))
    growth_project = build_project(
        tmp_path, Spec(dimensions=dimensions, cuts=(("city", "version", "signup"),), **ONE_DAY), events, 3
    )
    row = find_row(growth_project, 1, cut="city,version,signup", active=1)
    assert (row["city"], row["version"], row["signup"]) == ("a", "9", "a")


@pytest.mark.nightly
def test_the_first_touch_is_frozen(tmp_path: Path) -> None:
    events = [
        ride(1, 1, city="Oslo", at=at(1, 9)),
        ride(1, 1, city="Bergen", at=at(1, 8)),
        ride(1, 2, city="Alta", at=at(2, 1)),
        ride(2, 0, city="Oslo", at=at(0, 9)),
        ride(2, 0, city="Voss", at=None),
        ride(3, 2, city=None, at=at(2, 9)),
        ride(3, 3, city="Oslo", at=at(3, 9)),
    ]
    growth_project = build_project(
        tmp_path, Spec(dimensions=(Dimension("city", touch="first"),), time="at"), events, 12
    )
    assert cells(growth_project, 11, "ever", window_days=1, step="day") == {"Bergen": 1, "Voss": 1, "(null)": 1}
    assert {row["net_moved"] for row in growth_project.rows()} == {0}


@pytest.mark.nightly
def test_a_snapshot_moves_those_who_are_silent(tmp_path: Path) -> None:
    events = rides({1: [0, 9], 2: [1], 3: [2]})
    often: dict[int, str | None] = {1: "free", 2: "gold"}
    third: dict[int, str | None] = {1: "gold", 2: None, 3: "(other)", 9: "free"}
    accounts = [ride(rider, n, plan=plan) for n in range(12) for rider, plan in (often if n % 3 < 2 else third).items()]
    spec = Spec(dimensions=(Dimension("plan", table="core.accounts"),))
    growth_project = build_project(tmp_path, spec, events, 12, snapshots={"core.accounts": accounts})
    key: dict[str, Any] = {"cut": "plan", "window_days": 28, "step": "day"}
    assert find_row(growth_project, 2, plan="gold", **key)["net_moved"] == 0
    assert find_row(growth_project, 2, plan="free", **key) | {"ever": 0, "net_moved": -1} == find_row(
        growth_project, 2, plan="free", **key
    )
    assert find_row(growth_project, 2, plan="(null)", **key)["net_moved"] == 1
    assert find_row(growth_project, 2, plan="\\(other)", **key)["new"] == 1
    assert find_row(growth_project, 3, plan="(null)", **key)["active"] == 1


def test_touch_dimensions_and_snapshots_are_cut_together(tmp_path: Path) -> None:
    events = [ride(r, n, city="ab"[(r + n) % 2], channel="xy"[n % 2]) for r in range(4) for n in range(r, 20, 3 + r)]
    accounts = [ride(r, n, plan="free" if (r * n) % 5 else "gold") for n in range(20) for r in range(n % 5)]
    dimensions = (
        Dimension("signup", touch="first", column="channel"),
        Dimension("tariff", table="core.accounts", column="plan"),
        CITY,
    )
    cuts = (("city",), ("signup", "tariff"), ("tariff", "city"), ("signup", "tariff", "city"))
    growth_project = build_project(
        tmp_path, Spec(dimensions=dimensions, cuts=cuts), events, 20, snapshots={"core.accounts": accounts}
    )
    assert {row["cut"] for row in growth_project.rows()} == {
        "",
        "city",
        "signup,tariff",
        "tariff,city",
        "signup,tariff,city",
    }


@pytest.mark.nightly
def test_snapshots_of_entities_with_several_columns(tmp_path: Path) -> None:
    events = [ride(r % 2, n, city="xy"[r // 2], product="single") for r in range(4) for n in (r, 2 * r + 1, 9)]
    found = [ride(r % 2, n, city="xy"[r // 2], plan="fg"[(r + n) % 2]) for r in range(4) for n in range(12) if n % 4]
    versions = [ride(r % 2, n, city="xy"[r // 2], version=(r * n) % 3, plan="no") for r in range(4) for n in range(12)]
    dimensions = (
        Dimension("tariff", table="core.accounts", column="plan"),
        Dimension("product"),
        Dimension("version", table="core.versions", top=1),
        Dimension("plan", table="core.accounts", min_entities=2),
    )
    spec = Spec(entity=("rider_id", "city"), dimensions=dimensions, cuts=(("tariff", "version"), ("plan", "product")))
    growth_project = build_project(
        tmp_path, spec, events, 12, snapshots={"core.accounts": found, "core.versions": versions}
    )
    assert {row["cut"] for row in growth_project.rows()} == {"", "tariff,version", "product,plan"}


@pytest.mark.nightly
@pytest.mark.parametrize("top", [1, pytest.param(None, marks=pytest.mark.nightly)])
def test_a_dimension_may_be_in_no_cut(tmp_path: Path, top: int | None) -> None:
    events = [ride(n % 3, n, city="ab"[n % 2], version=n) for n in (0, 1, 3, 4, 6)]
    dimensions = (Dimension("version", top=top), CITY)
    growth_project = build_project(tmp_path, Spec(dimensions=dimensions, cuts=(("city",),)), events, 8)
    assert {row["version"] for row in growth_project.rows()} == {None}


def test_nobody_was_ever_active(tmp_path: Path) -> None:
    growth_project = build_project(tmp_path, Spec(dimensions=(Dimension("city", top=1),)), rides({None: [1]}), 4)
    assert growth_project.rows() == []


def test_the_long_tail_is_other_and_values_stay_for_a_while(tmp_path: Path) -> None:
    riders = {"a": range(4), "b": range(4, 7), "c": range(7, 9)}
    events = [ride(rider, n, city=city) for city, found in riders.items() for rider in found for n in (0, 14)]
    events += [ride(rider, 2, city="c") for rider in (4, 20)]
    events += [ride(rider, 4, city="d") for rider in range(30, 38)]
    events += [ride(rider, 16, city="e") for rider in range(40, 46)]
    spec = Spec(dimensions=(Dimension("city", top=2),))
    growth_project = build_project(tmp_path, spec, events, 50)
    kept = {day(n): "" for n in range(50)}
    for row in sorted(growth_project.rows("_keep"), key=lambda row: str(row["value"])):
        kept[row["ds"]] += row["value"]
    wanted = {0: "ab", 2: "abc", 4: "acd", 14: "ad", 16: "ade", 32: "ae", 43: "e", 44: ""}
    assert {n: kept[day(n)] for n in wanted} == wanted
    assert find_row(growth_project, 0, cut="city", city="(other)", window_days=1, step="day")["active"] == 2


@pytest.mark.nightly
def test_few_entities_are_other(tmp_path: Path) -> None:
    events = [ride(rider, n, city="abc"[min(rider // 3, 2)]) for rider in range(9) for n in (0, rider)]
    events += rides({20: [1], 21: [4]}, city=None)
    dimensions = (Dimension("city", min_entities=3), Dimension("version", top=1, min_entities=2))
    growth_project = build_project(tmp_path, Spec(dimensions=dimensions, windows=(1, 28)), events, 40)
    assert "(other)" in {row["city"] for row in growth_project.rows()}


@pytest.mark.nightly
def test_a_real_value_is_not_the_long_tail(tmp_path: Path) -> None:
    names = ["(other)", "(null)", "\\", "\\(other)", None, "", "a,b", "it's"]
    events = [ride(n, 0, city=name) for n, name in enumerate(names)] + rides({9: [0], 8: [0]}, city="Oslo")
    growth_project = build_project(tmp_path / "whole", Spec(dimensions=(CITY,), **ONE_DAY), events, 2)
    escaped = {"\\(other)", "\\(null)", "\\\\", "\\\\(other)", "(null)", "", "a,b", "it's", "Oslo"}
    assert set(cells(growth_project, 0, "active")) == escaped
    cut = build_project(tmp_path / "cut", Spec(dimensions=(Dimension("city", top=2),), **ONE_DAY), events, 2)
    assert cells(cut, 0, "active") == {"": 1, "Oslo": 2, "(other)": 7}
