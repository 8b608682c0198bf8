from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest

from tests.frameworks.growth import golden
from tests.frameworks.growth.house import TYPES, House, day
from tests.frameworks.growth.identities import Tables, broken, cohorts
from tests.frameworks.growth.reference import Activity, Dimension, Row, Spec, Step

RIDES = Activity("rides")
SHARED = Activity("shared", "product = 'shared'", lambda row: row["product"] and row["product"] == "shared")
CITY = Dimension("city")
ONE_DAY: dict[str, Any] = {"windows": (1,), "steps": ("day",)}


def ride(rider: object, n: int, **more: object) -> Row:
    """A ride on the n-th day of the history."""
    return {"rider_id": rider, "ds": day(n), "product": None, **more}


def at(n: int, hour: int) -> datetime:
    return datetime.combine(day(n), datetime.min.time()) + timedelta(hours=hour)


def rides(days: Mapping[Any, Iterable[int]], **more: object) -> list[Row]:
    """Rides of several riders, each on these days."""
    return [ride(rider, n, **more) for rider, found in days.items() for n in found]


def built(folder: Path, spec: Spec, events: list[Row], days: int, **more: Any) -> House:
    """A house whose history has so many days, all of them filled, and equal to the reference."""
    house = House(folder, spec, day(days - 1), events, **more)
    house.run()
    assert house.differences() == []
    assert identities(house) == []
    return house


def identities(house: House) -> list[str]:
    growth, engagement = house.rows(), house.rows("_engagement")
    found = broken(Tables(growth, engagement, [dimension.name for dimension in house.spec.dimensions]))
    if "day" in house.spec.steps and growth:
        state, days = house.rows("_state"), house.rows("_days")
        for activity in house.spec.activities:
            found += cohorts(growth, state, days, activity.name)
    return found


def one(house: House, n: int, suffix: str = "", **key: object) -> Row:
    """The only row with these values on a day."""
    wanted = {"ds": day(n), **key}
    (found,) = [row for row in house.rows(suffix) if wanted.items() <= row.items()]
    return found


def cells(house: House, n: int, column: str, **key: object) -> dict[str, int]:
    """A number by city, where it is not zero."""
    wanted = {"ds": day(n), "cut": "city", **key}
    rows = [row for row in house.rows() if wanted.items() <= row.items()]
    return {row["city"]: row[column] for row in rows if row[column]}


def test_states_over_two_month_ends(tmp_path: Path) -> None:
    days = {1: [0, 1, 5, 40, 69], 2: [3], 3: [10, 38, 66], 4: [0, 29, 58], 5: [68, 69], 6: range(0, 70, 7), 7: [2, 50]}
    house = built(tmp_path, Spec(), rides(days), 70)
    risen = one(house, 40, window_days=28, step="day")
    assert (risen["resurrected"], risen["active"]) == (1, 4)
    gone = one(house, 31, window_days=28, step="day")
    assert (gone["churned"], gone["stale"], gone["ever"]) == (1, 1, 6)
    last = one(house, 69, window_days=28, step="window")
    assert [last[name] for name in ("new", "retained", "resurrected", "churned", "stale")] == [1, 4, 1, 0, 1]


def test_warmup_ends_where_two_windows_are_full(tmp_path: Path) -> None:
    house = built(tmp_path, Spec(windows=(1, 3)), rides({1: [0, 4]}), 9)
    rows = [row for row in house.rows() if row["warmup"]]
    assert max(row["ds"] for row in rows if row["window_days"] == 1) == day(0)
    assert max(row["ds"] for row in rows if row["window_days"] == 3) == day(4)


def test_a_spec_begins_at_its_own_start(tmp_path: Path) -> None:
    house = built(tmp_path, Spec(start=day(4), windows=(1, 2)), rides({1: [0, 5], 2: [4, 6]}), 9)
    assert min(row["ds"] for row in house.rows()) == day(4)
    assert one(house, 5, window_days=1, step="day")["new"] == 1


def test_days_before_the_first_activity_have_no_rows(tmp_path: Path) -> None:
    house = built(tmp_path, Spec(dimensions=(CITY,)), rides({1: [3]}, city="Oslo"), 6)
    assert min(row["ds"] for row in house.rows()) == day(3)


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
    assert built(tmp_path, Spec(dimensions=(CITY,), windows=windows, steps=steps), events, 40).rows()


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
    house = built(tmp_path, spec, events, 5)
    assert [cells(house, n, "ever") for n in (0, 1, 2, 3)] == [
        {"Bergen": 1, "Oslo": 1},
        {"Bergen": 1, "Oslo": 1},
        {"Bergen": 1, "(null)": 1},
        {"Alta": 1, "(null)": 1},
    ]
    assert cells(house, 1, "churned") == {"Bergen": 1, "Oslo": 1}


def test_moves_between_cells_sum_to_nothing(tmp_path: Path) -> None:
    events = [ride(1, 0, city="Oslo"), ride(1, 1, city="Bergen"), ride(1, 9, city="Oslo"), ride(2, 1, city="Oslo")]
    house = built(tmp_path, Spec(dimensions=(CITY,)), events, 20)
    assert cells(house, 1, "net_moved", window_days=28, step="day") == {"Oslo": -1, "Bergen": 1}
    assert cells(house, 9, "net_moved", window_days=7, step="day") == {}
    assert cells(house, 9, "net_moved", window_days=28, step="day") == {"Oslo": 1, "Bergen": -1}


def test_without_a_time_the_greatest_values_are_the_last(tmp_path: Path) -> None:
    events = [
        ride(1, 0, city="a", version=9, channel="x"),
        ride(1, 0, city="b", version=1, channel="z"),
        ride(1, 0, city="b", version=2, channel="a"),
        ride(1, 1, city="a", version=10, channel="q"),
        ride(1, 1, city="a", version=9, channel="p"),
    ]
    dimensions = (CITY, Dimension("version"), Dimension("signup", touch="first", column="channel"))
    house = built(tmp_path, Spec(dimensions=dimensions, cuts=(("city", "version", "signup"),), **ONE_DAY), events, 3)
    row = one(house, 1, cut="city,version,signup", active=1)
    assert (row["city"], row["version"], row["signup"]) == ("a", "9", "a")


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
    house = built(tmp_path, Spec(dimensions=(Dimension("city", touch="first"),), time="at"), events, 12)
    assert cells(house, 11, "ever", window_days=1, step="day") == {"Bergen": 1, "Voss": 1, "(null)": 1}
    assert {row["net_moved"] for row in house.rows()} == {0}


def test_a_snapshot_moves_those_who_are_silent(tmp_path: Path) -> None:
    events = rides({1: [0, 9], 2: [1], 3: [2]})
    often: dict[int, str | None] = {1: "free", 2: "gold"}
    third: dict[int, str | None] = {1: "gold", 2: None, 3: "(other)", 9: "free"}
    accounts = [ride(rider, n, plan=plan) for n in range(12) for rider, plan in (often if n % 3 < 2 else third).items()]
    spec = Spec(dimensions=(Dimension("plan", table="core.accounts"),))
    house = built(tmp_path, spec, events, 12, snapshots={"core.accounts": accounts})
    key: dict[str, Any] = {"cut": "plan", "window_days": 28, "step": "day"}
    assert one(house, 2, plan="gold", **key)["net_moved"] == 0
    assert one(house, 2, plan="free", **key) | {"ever": 0, "net_moved": -1} == one(house, 2, plan="free", **key)
    assert one(house, 2, plan="(null)", **key)["net_moved"] == 1
    assert one(house, 2, plan="\\(other)", **key)["new"] == 1
    assert one(house, 3, plan="(null)", **key)["active"] == 1


def test_touch_dimensions_and_snapshots_are_cut_together(tmp_path: Path) -> None:
    events = [ride(r, n, city="ab"[(r + n) % 2], channel="xy"[n % 2]) for r in range(4) for n in range(r, 20, 3 + r)]
    accounts = [ride(r, n, plan="free" if (r * n) % 5 else "gold") for n in range(20) for r in range(n % 5)]
    dimensions = (
        Dimension("signup", touch="first", column="channel"),
        Dimension("tariff", table="core.accounts", column="plan"),
        CITY,
    )
    cuts = (("city",), ("signup", "tariff"), ("tariff", "city"), ("signup", "tariff", "city"))
    house = built(tmp_path, Spec(dimensions=dimensions, cuts=cuts), events, 20, snapshots={"core.accounts": accounts})
    assert {row["cut"] for row in house.rows()} == {"", "city", "signup,tariff", "tariff,city", "signup,tariff,city"}


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
    house = built(tmp_path, spec, events, 12, snapshots={"core.accounts": found, "core.versions": versions})
    assert {row["cut"] for row in house.rows()} == {"", "tariff,version", "product,plan"}


@pytest.mark.parametrize("top", [1, None])
def test_a_dimension_may_be_in_no_cut(tmp_path: Path, top: int | None) -> None:
    events = [ride(n % 3, n, city="ab"[n % 2], version=n) for n in (0, 1, 3, 4, 6)]
    dimensions = (Dimension("version", top=top), CITY)
    house = built(tmp_path, Spec(dimensions=dimensions, cuts=(("city",),)), events, 8)
    assert {row["version"] for row in house.rows()} == {None}


def test_nobody_was_ever_active(tmp_path: Path) -> None:
    house = built(tmp_path, Spec(dimensions=(Dimension("city", top=1),)), rides({None: [1]}), 4)
    assert house.rows() == []


def test_the_long_tail_is_other_and_values_stay_for_a_while(tmp_path: Path) -> None:
    riders = {"a": range(4), "b": range(4, 7), "c": range(7, 9)}
    events = [ride(rider, n, city=city) for city, found in riders.items() for rider in found for n in (0, 14)]
    events += [ride(rider, 2, city="c") for rider in (4, 20)]
    events += [ride(rider, 4, city="d") for rider in range(30, 38)]
    events += [ride(rider, 16, city="e") for rider in range(40, 46)]
    spec = Spec(dimensions=(Dimension("city", top=2),))
    house = built(tmp_path, spec, events, 50)
    kept = {day(n): "" for n in range(50)}
    for row in sorted(house.rows("_keep"), key=lambda row: str(row["value"])):
        kept[row["ds"]] += row["value"]
    wanted = {0: "ab", 2: "abc", 4: "acd", 14: "ad", 16: "ade", 32: "ae", 43: "e", 44: ""}
    assert {n: kept[day(n)] for n in wanted} == wanted
    assert one(house, 0, cut="city", city="(other)", window_days=1, step="day")["active"] == 2


def test_few_entities_are_other(tmp_path: Path) -> None:
    events = [ride(rider, n, city="abc"[min(rider // 3, 2)]) for rider in range(9) for n in (0, rider)]
    events += rides({20: [1], 21: [4]}, city=None)
    dimensions = (Dimension("city", min_entities=3), Dimension("version", top=1, min_entities=2))
    house = built(tmp_path, Spec(dimensions=dimensions, windows=(1, 28)), events, 40)
    assert "(other)" in {row["city"] for row in house.rows()}


def test_a_real_value_is_not_the_long_tail(tmp_path: Path) -> None:
    names = ["(other)", "(null)", "\\", "\\(other)", None, "", "a,b", "it's"]
    events = [ride(n, 0, city=name) for n, name in enumerate(names)] + rides({9: [0], 8: [0]}, city="Oslo")
    house = built(tmp_path / "whole", Spec(dimensions=(CITY,), **ONE_DAY), events, 2)
    escaped = {"\\(other)", "\\(null)", "\\\\", "\\\\(other)", "(null)", "", "a,b", "it's", "Oslo"}
    assert set(cells(house, 0, "active")) == escaped
    cut = built(tmp_path / "cut", Spec(dimensions=(Dimension("city", top=2),), **ONE_DAY), events, 2)
    assert cells(cut, 0, "active") == {"": 1, "Oslo": 2, "(other)": 7}


def test_rows_without_an_entity_are_reported(tmp_path: Path) -> None:
    events = [*rides({1: [0, 2], None: [1]}), *rides({None: [1]}), *rides({None: [4]})]
    house = House(tmp_path, Spec(), day(5), events)
    warnings = [warning for result in house.run().results for warning in result.warnings]
    assert any(str(day(1)) in warning and "2" in warning.partition("found")[2] for warning in warnings), warnings
    assert any(str(day(4)) in warning for warning in warnings)
    assert not any(f"in {day(n)}" in warning for warning in warnings for n in (0, 2, 3, 5))
    assert house.differences() == []
    assert one(house, 1, window_days=1, step="day")["active"] == 0


def test_an_entity_of_several_columns_is_none_where_one_of_them_is_null(tmp_path: Path) -> None:
    events = [
        ride(1, 0, city="Oslo"),
        ride(1, 0, city="Bergen"),
        ride(1, 1, city=None),
        ride(None, 1, city="Oslo"),
        ride(1, 2, city="Oslo"),
    ]
    house = House(tmp_path, Spec(entity=("rider_id", "city"), dimensions=(Dimension("channel"),)), day(4), events)
    warnings = [warning for result in house.run().results for warning in result.warnings]
    assert house.differences() == []
    assert any("2" in warning.partition("found")[2] for warning in warnings)
    assert one(house, 2, window_days=1, step="day", cut="")["ever"] == 2


@pytest.mark.parametrize("kind", ["int", "text", "uuid", "date"])
def test_entities_of_any_type(tmp_path: Path, kind: str) -> None:
    made: dict[str, tuple[pa.DataType, list[Any]]] = {
        "int": (pa.int64(), [2**62 + 1, -1, 0]),
        "text": (pa.string(), ["", "NULL", "ø'\""]),
        "uuid": (pa.uuid(), [UUID(int=2**127 + n) for n in range(3)]),
        "date": (pa.date32(), [date(1999, 12, 31), date(2026, 1, 1), date(1, 1, 1)]),
    }
    column, ids = made[kind]
    events = [ride(ids[n % 3], n, city="ab"[n % 2]) for n in (0, 1, 3, 4, 5, 11, 19, 20)]
    house = built(tmp_path, Spec(dimensions=(CITY,)), events, 24, types={**TYPES, "rider_id": column})
    assert {str(row["rider_id"]) for row in house.rows("_state")} == {str(one) for one in ids}


def test_a_condition_that_is_null_does_not_hold(tmp_path: Path) -> None:
    events = [
        ride(1, 0, product="shared", city="a"),
        ride(1, 0, product=None, city="z"),
        ride(2, 0, product=None, city="b"),
        ride(2, 2, product="single", city="c"),
        ride(3, 1, product="single", city="d"),
    ]
    house = built(tmp_path, Spec(activities=(SHARED,), dimensions=(CITY,), **ONE_DAY), events, 4)
    assert cells(house, 3, "ever") == {"a": 1}
    single = Activity("single", "product <> 'shared'", lambda row: row["product"] and row["product"] != "shared")
    both = built(tmp_path / "both", Spec(activities=(SHARED, single), dimensions=(CITY,), **ONE_DAY), events, 4)
    assert cells(both, 3, "ever", activity="single") == {"c": 1, "d": 1}


def test_all_activities_share_the_dimensions(tmp_path: Path) -> None:
    events = [
        ride(1, 0, product="shared", city="a"),
        ride(1, 3, product="single", city="b"),
        ride(2, 1, product="single", city="a"),
        ride(2, 40, product="shared", city="c"),
    ]
    house = built(tmp_path, Spec(activities=(RIDES, SHARED), dimensions=(CITY,)), events, 60)
    key = {"window_days": 7, "step": "day"}
    assert cells(house, 3, "net_moved", activity="shared", **key) == {"a": -1, "b": 1}
    assert cells(house, 7, "churned", activity="shared", **key) == {"b": 1}
    assert cells(house, 39, "ever", activity="shared", **key) == {"b": 1}
    assert cells(house, 40, "new", activity="shared", **key) == {"c": 1}


def test_names_that_are_words_of_sql(tmp_path: Path) -> None:
    said = "it's -- {odd}"
    odd = Activity("select", "product = 'it''s -- {odd}'", lambda row: row["product"] == said)
    spec = Spec(activities=(odd, Activity("All")), entity=("order",), dimensions=(Dimension("group"), Dimension("end")))
    events = [{"ds": day(n), "order": n % 3, "group": "ab"[n % 2], "end": "", "product": said} for n in (0, 1, 3, 4, 8)]
    types = {"order": pa.int64(), "group": pa.string(), "end": pa.string(), "product": pa.string()}
    house = built(tmp_path, spec, events, 10, types=types, name="table")
    assert one(house, 9, activity="select", cut="", window_days=28, step="day")["ever"] == 3


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
    house = built(tmp_path, Spec(activities=activities, dimensions=dimensions), events, 12)
    assert one(house, 11, activity="product", cut="", window_days=28, step="day")["ever"] == 2


def test_columns_are_as_promised(tmp_path: Path) -> None:
    dimensions = (Dimension("city", top=1), Dimension("version"))
    house = House(tmp_path, Spec(dimensions=dimensions), day(1), rides({1: [0]}, city="a"))
    house.run()
    with house.open() as project:
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


def test_college_messages_are_as_others_found_them(tmp_path: Path) -> None:
    wanted = golden.accounting()
    events = golden.messages()
    if not events:
        return
    house = House(tmp_path, Spec(), golden.LAST, events, first=golden.FIRST)
    house.run()
    growth = house.rows()
    assert broken(Tables(growth, house.rows("_engagement"), [])) == []
    found = {(row["ds"], row["window_days"], row["step"]): row for row in growth}
    quick = {(row["ds"], row["window_days"], row["step"]): row["quick_ratio"] for row in house.rows("_ratios")}
    for row in wanted:
        key = row["ds"], row["window_days"], row["step"]
        assert {name: found[key][name] for name in golden.COUNTS} == {name: row[name] for name in golden.COUNTS}, key
        assert quick[key] == pytest.approx(row["quick_ratio"])
    assert len(growth) == 6 * len({row["ds"] for row in wanted})
    names = ("ds", "window_days", "days_active", "entities")
    days = {row["ds"] for row in golden.engagement()}
    engagement = {tuple(row[name] for name in names) for row in house.rows("_engagement") if row["ds"] in days}
    assert engagement == {tuple(row[name] for name in names) for row in golden.engagement()}
