"""Builders of ride events, of a growth project filled with them and compared with the reference, and of queries on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.frameworks.growth.growth_project import GrowthProject, day
from tests.frameworks.growth.identities import Tables, cohorts, find_broken
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


def build_project(folder: Path, spec: Spec, events: list[Row], days: int, **more: Any) -> GrowthProject:
    """A growth project with a history of so many days, filled and compared with the reference."""
    growth_project = GrowthProject(folder, spec, day(days - 1), events, **more)
    growth_project.run()
    assert growth_project.differences() == []
    assert identities(growth_project) == []
    return growth_project


def identities(growth_project: GrowthProject) -> list[str]:
    growth, engagement = growth_project.rows(), growth_project.rows("_engagement")
    found = find_broken(Tables(growth, engagement, [dimension.name for dimension in growth_project.spec.dimensions]))
    if "day" in growth_project.spec.steps and growth:
        state, days = growth_project.rows("_state"), growth_project.rows("_days")
        for activity in growth_project.spec.activities:
            found += cohorts(growth, state, days, activity.name)
    return found


def find_row(growth_project: GrowthProject, n: int, suffix: str = "", **key: object) -> Row:
    """The only row with these values on a day."""
    wanted = {"ds": day(n), **key}
    (found,) = [row for row in growth_project.rows(suffix) if wanted.items() <= row.items()]
    return found


def cells(growth_project: GrowthProject, n: int, column: str, **key: object) -> dict[str, int]:
    """A number by city, where it is not zero."""
    wanted = {"ds": day(n), "cut": "city", **key}
    rows = [row for row in growth_project.rows() if wanted.items() <= row.items()]
    return {row["city"]: row[column] for row in rows if row[column]}
