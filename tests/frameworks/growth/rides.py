"""Rides on days, a house that is filled with them and compared with the reference, and short ways to ask it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.frameworks.growth.house import House, day
from tests.frameworks.growth.identities import Tables, broken, cohorts
from tests.frameworks.growth.reference import Activity, Dimension, Row, Spec

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
