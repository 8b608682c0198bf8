"""The laws of all frameworks, on nine days of rides around a month end; every op, buckets and a derived feature."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from drawloom.frameworks.features import tables
from drawloom.testing import FrameworkCase
from tests.frameworks.features.reference import Measured, Reference

pytestmark = pytest.mark.unmeasured

FIRST = date(2026, 1, 26)
DAYS = [FIRST + timedelta(days=n) for n in range(9)]
SPEC = """kind: features
name: riders
entity: {name: rider, key: rider}
source: {table: core.rides, time: at, tie_breaker: tie, where: status = 'done'}
windows: [1d, 3d, 9d, ltd]
measures:
  rides: {ops: [count], windows: [1d, 7d, ltd]}
  fare: {value: fare, ops: [count, sum, avg, min, max, stddev, first, last]}
  city: {value: city, ops: [n_distinct, last, {last_k: 2}, {top_k: 2}], windows: [3d, ltd]}
  trips: {ops: [count], by: {column: product, values: [pool, xl], other: true}, windows: [7d]}
derive: {per_ride: "fare_sum_ltd / nullif(rides_count_ltd, 0)"}
until: "forever: a test"
"""
MEASURES = [
    Measured("rides", ["count"], [1, 7, None]),
    Measured("fare", ["count", "sum", "avg", "min", "max", "stddev", "first", "last"], [1, 3, 9, None], "fare"),
    Measured("city", ["n_distinct", "last", ("last_k", 2), ("top_k", 2)], [3, None], "city"),
    Measured("trips", ["count"], [7], by="product", values=["pool", "xl"], other=True),
]

FEW = """kind: features
name: riders
entity: {name: rider, key: rider}
source: {table: core.rides, time: at, tie_breaker: tie, where: status = 'done'}
windows: [3d, ltd]
measures:
  rides: {ops: [count]}
  fare: {value: fare, ops: [sum, stddev, first, last]}
  city: {value: city, ops: [n_distinct, {last_k: 2}], windows: [3d]}
derive: {per_ride: "fare_sum_ltd / nullif(rides_count_ltd, 0)"}
until: "forever: a test"
"""
FEW_MEASURES = [
    Measured("rides", ["count"], [3, None]),
    Measured("fare", ["sum", "stddev", "first", "last"], [3, None], "fare"),
    Measured("city", ["n_distinct", ("last_k", 2)], [3], "city"),
]


def rides(random: Random, count: int = 50) -> list[dict[str, object]]:
    """Rides of a few riders, some at the same moment, some without a fare, a product or a rider."""
    rows: list[dict[str, object]] = []
    for tie in range(count):
        at = datetime.combine(random.choice(DAYS), datetime.min.time(), UTC) + timedelta(hours=random.randrange(24))
        rows.append(
            {
                "ds": at.date(),
                "rider": random.choice([1, 1, 2, 3, 4, None]),
                "at": at,
                "tie": tie,
                "fare": random.choice([None, 0.0, -2.5, 1e9 + random.randrange(3), float(random.randrange(100))]),
                "city": random.choice([None, "a", "b", "ü"]),
                "product": random.choice(["pool", "xl", "solo", None]),
                "status": random.choice(["done", "done", "done", "cancelled"]),
            }
        )
    return rows


def the_case(rows: list[dict[str, object]], spec: str, measures: list[Measured]) -> FrameworkCase:
    """The rides, and the features that are expected of them."""
    reference = Reference([row for row in rows if row["status"] == "done"], measures)
    expected = [row for day in DAYS for row in reference.day(day)]
    for row in expected:
        total = row["fare_sum_ltd"]
        row["per_ride"] = None if total is None else total / row["rides_count_ltd"]
    types = {"core.rides": {"at": "TIMESTAMPTZ"}}
    return FrameworkCase(spec, {"core.rides": rows}, {"features.riders": expected}, types, FIRST, DAYS[-1])


def test_features_keep_all_laws(tmp_path: Path) -> None:
    the_case(rides(Random(1)), FEW, FEW_MEASURES).check(tmp_path)


@pytest.mark.nightly
def test_days_whose_state_is_gone_are_filled_from_a_month_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "KEPT_DAYS", 1)
    the_case(rides(Random(2)), SPEC, MEASURES).check_engine(tmp_path, "duckdb")
    states = {path.name for path in (tmp_path / "lake/features/riders_state").iterdir()}
    assert states == {"ds=2026-01-31", "ds=2026-02-02", "ds=2026-02-03"}
