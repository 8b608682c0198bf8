"""Random small specs and data for the growth framework."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from tests.frameworks.growth.growth_project import day
from tests.frameworks.growth.reference import Activity, Dimension, Row, Spec

ACCOUNTS = "core.accounts"
RIDES = Activity("rides")
SHARED = Activity("shared", "product = 'shared'", lambda row: row["product"] == "shared")
CITIES = ("a", "b", "c", None, "(other)", "(null)", "\\a")
DIMENSIONS = (
    Dimension("city", top=1),
    Dimension("city"),
    Dimension("city", top=2, min_entities=2),
    Dimension("city", min_entities=3),
    Dimension("version"),
    Dimension("signup", touch="first", column="channel"),
    Dimension("signup", touch="first", column="channel", top=1),
    Dimension("tariff", table=ACCOUNTS, column="plan"),
    Dimension("tariff", table=ACCOUNTS, column="plan", top=1, min_entities=1),
)


@st.composite
def specs(draw: st.DrawFn, /) -> Spec:
    """Any spec over the columns of ``events``."""
    dimensions = draw(st.lists(st.sampled_from(DIMENSIONS), min_size=1, max_size=3, unique_by=lambda found: found.name))
    names = [dimension.name for dimension in dimensions]
    cut = st.lists(st.sampled_from(names), min_size=1, unique=True).map(tuple)
    cuts = st.lists(cut, min_size=1, max_size=3, unique_by=frozenset).map(tuple)
    return Spec(
        activities=draw(st.sampled_from([(RIDES,), (RIDES, SHARED), (SHARED,)])),
        dimensions=tuple(dimensions),
        time=draw(st.sampled_from(["at", ""])),
        windows=draw(st.sampled_from([(1, 7, 28), (1, 2), (28,), (5, 3), (1, 7)])),
        steps=draw(st.sampled_from([("day", "window"), ("day",), ("window",)])),
        cuts=draw(st.none() | cuts),
    )


@st.composite
def events(draw: st.DrawFn, /, days: int) -> list[Row]:
    """Rides of a few riders in a history of so many days; some riders and values are NULL."""
    riders = st.sampled_from([1, 2, 3, 4, 5, 6, None])
    row = st.fixed_dictionaries(
        {
            "ds": st.integers(0, days - 1).map(day),
            "rider_id": riders,
            "at": st.none() | st.integers(0, 4).map(lambda hour: datetime(2026, 1, 1, hour)),
            "product": st.sampled_from(["shared", "single", None]),
            "city": st.sampled_from(CITIES),
            "version": st.sampled_from([9, 10, None]),
            "channel": st.sampled_from(["x", "y", None]),
        }
    )
    return draw(st.lists(row, min_size=25, max_size=70))


@st.composite
def accounts(draw: st.DrawFn, /, days: int) -> dict[str, list[Row]]:
    """A snapshot of some riders for each day; a plan lasts a few days."""
    plans = st.lists(st.sampled_from(["free", "gold", None, "(other)", "absent"]), min_size=1, max_size=5)
    rows: list[Row] = []
    for rider in range(1, 7):
        found = draw(plans)
        for n in range(days):
            plan = found[n * len(found) // days]
            if plan != "absent":
                rows.append({"ds": day(n), "rider_id": rider, "plan": plan})
    return {ACCOUNTS: rows}


@st.composite
def houses(draw: st.DrawFn, /, days: int, **fixed: Any) -> dict[str, Any]:
    """The arguments of a GrowthProject: a spec, its last day, events and snapshots."""
    spec = replace(draw(specs()), **fixed)
    snapshots = draw(accounts(days)) if any(dimension.table for dimension in spec.dimensions) else {}
    return {"spec": spec, "last": day(days - 1), "events": draw(events(days)), "snapshots": snapshots}
