"""Rides, assignments and identities of a small company, always the same, with everything that goes wrong in real ones."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

Row = dict[str, Any]
FIRST, LAST = date(2026, 3, 1), date(2026, 3, 12)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
START, END = date(2026, 3, 4), date(2026, 3, 8)
RIDERS = 60
_TYPES = {
    "core.rides": pa.schema(
        [("rider_id", pa.string()), ("requested_at", pa.timestamp("us")), ("status", pa.string()), ("product", pa.string()),
         ("fare", pa.decimal128(10, 2)), ("wait_seconds", pa.int64()), ("ds", pa.date32())]
    ),
    "core.assignments": pa.schema(
        [("experiment", pa.string()), ("cookie_id", pa.string()), ("variation", pa.string()), ("assigned_at", pa.timestamp("us")),
         ("country", pa.string()), ("ds", pa.date32())]
    ),
    "core.identities": pa.schema([("cookie_id", pa.string()), ("rider_id", pa.string()), ("ds", pa.date32())]),
}  # fmt: skip

METRICS = """
kind: metrics
name: rides
source: core.rides
time: requested_at
subjects: {rider: rider_id}
metrics:
  rides: {type: count, where: "status = 'completed'"}
  fare: {type: sum, value: fare, where: "status = 'completed'", description: "Gross fare, USD"}
  rode: {type: any, where: "status = 'completed'"}
  longest: {type: max, value: wait_seconds, higher_is: worse}
  fare_per_ride: {type: ratio, numerator: fare, denominator: rides}
  wait_median: {type: quantile, value: wait_seconds, q: 0.5, higher_is: worse}
dimensions: [product]
owner: metrics@example.com
until: "forever: a test"
"""


def experiment(name: str, **more: Any) -> dict[str, Any]:
    """The spec of an experiment on these rides."""
    return {
        "kind": "experiment",
        "name": name,
        "assignments": {
            "table": "core.assignments",
            "where": f"experiment = '{name}'",
            "subject": "cookie_id",
            "variant": "variation",
            "time": "assigned_at",
            "dimensions": ["country"],
        },
        "subject": "rider",
        "identities": {"table": "core.identities", "from": "cookie_id", "to": "rider_id"},
        "variants": {"control": 50, "treatment": 50},
        "start": START.isoformat(),
        "end": END.isoformat(),
        "metrics": {"goal": ["rides", "fare"], "secondary": ["fare_per_ride", "rode"], "guardrail": ["longest", "wait_median"]},
        "owner": "growth@example.com",
        **more,
    }  # fmt: skip


def rows() -> Mapping[str, list[Row]]:
    """The rows of the three tables."""
    chooser = random.Random(7)
    found: dict[str, list[Row]] = {name: [] for name in _TYPES}
    for number in range(RIDERS):
        cookies = [f"c{number}"] + ([f"c{number}b"] if number % 7 == 0 else [])
        _assign(found, number, cookies, chooser)
        for day in DAYS:
            for _ in range(chooser.randrange(3)):
                found["core.rides"].append(_ride(f"r{number}", day, chooser))
    found["core.rides"].append({**_ride("r1", DAYS[5], chooser), "rider_id": None})
    for variant, cookie, at in [("purple", "c900", 5), ("control", None, 5), ("control", "c901", 0)]:
        moment = datetime.combine(DAYS[at], datetime.min.time()) + timedelta(hours=3)
        for name in ("exact", "include", "exclude"):
            found["core.assignments"].append(
                {"experiment": name, "cookie_id": cookie, "variation": variant, "assigned_at": moment, "country": "US", "ds": DAYS[max(at, 4)]}
            )  # fmt: skip
    return found


def _assign(found: Mapping[str, list[Row]], number: int, cookies: Sequence[str], chooser: random.Random) -> None:
    variant = chooser.choice(["control", "treatment"])
    for cookie in cookies:
        for _ in range(chooser.randrange(1, 3)):
            day = START + timedelta(days=chooser.randrange((END - START).days + 1))
            moment = datetime.combine(day, datetime.min.time()) + timedelta(minutes=30 * chooser.randrange(48))
            late = timedelta(days=chooser.randrange(2) if number % 9 == 0 else 0)
            seen = "treatment" if number % 13 == 0 and cookie.endswith("b") else variant
            for name in ("exact", "include", "exclude"):
                found["core.assignments"].append(
                    {"experiment": name, "cookie_id": cookie, "variation": seen, "assigned_at": moment,
                     "country": None if number % 11 == 0 else chooser.choice(["US", "DE", "FR"]), "ds": day + late}
                )  # fmt: skip
        if number % 5:
            ds = DAYS[chooser.randrange(8)]
            found["core.identities"].append({"cookie_id": cookie, "rider_id": f"r{number}", "ds": ds})
    if number % 17 == 3:
        found["core.identities"].append({"cookie_id": f"c{number}", "rider_id": f"r{number + 1}", "ds": DAYS[6]})


def _ride(rider: str, day: date, chooser: random.Random) -> Row:
    return {
        "rider_id": rider,
        "requested_at": datetime.combine(day, datetime.min.time()) + timedelta(minutes=30 * chooser.randrange(48)),
        "status": chooser.choice(["completed", "completed", "completed", "cancelled"]),
        "product": chooser.choice(["shared", "solo", "solo", None]),
        "fare": pa.scalar(chooser.randrange(1, 9000) / 100).cast(pa.decimal128(10, 2)).as_py(),
        "wait_seconds": chooser.randrange(600),
        "ds": day,
    }


def write_project(
    root: Path, specs: Mapping[str, Any], tables: Mapping[str, Sequence[Row]] | None = None, **more: Any
) -> Path:
    """A project with these rides; specs are YAML by file name, as text or as values."""
    (root / "specs").mkdir(parents=True)
    tables = rows() if tables is None else tables
    sources = {name: {"files": f"input/{name}/{{ds}}.parquet"} for name in tables}
    settings = {"name": "lab", "start": FIRST, "end": LAST, "defaults": {"retries": 0}, "sources": sources, **more}
    (root / "drawloom.yml").write_text(yaml.safe_dump(settings))
    for name, spec in specs.items():
        (root / "specs" / name).write_text(spec if isinstance(spec, str) else yaml.safe_dump(spec, sort_keys=False))
    for name, found in tables.items():
        (root / "input" / name).mkdir(parents=True)
        for day in DAYS:
            arrow = pa.Table.from_pylist([row for row in found if row["ds"] == day], schema=_TYPES[name])
            pq.write_table(arrow, root / "input" / name / f"{day}.parquet")
    return root
