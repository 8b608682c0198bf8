"""A small raw case with everything that is hard: cookies, three variants, ties, late rows, caps and windows."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import yaml

from drawloom.testing import FrameworkCase
from tests.frameworks.experiments.reference import Reference
from tests.frameworks.experiments.rides import METRICS

Row = dict[str, Any]
DAYS = [date(2026, 2, 26) + timedelta(days=n) for n in range(6)]  # a month end is among them
START, END = DAYS[2], DAYS[3]
VARIANTS = ("control", "pink", "rose")
TYPES = {
    "rides": {"rider_id": "VARCHAR", "fare": "DECIMAL(10, 2)", "tip": "DOUBLE", "product": "VARCHAR"},
    "assignments": {"cookie_id": "VARCHAR", "country": "VARCHAR"},
}


def metrics(name: str, source: str) -> str:
    """The metrics of the rides, with a sum of floats among them."""
    text = METRICS.replace("name: rides\n", f"name: {name}\n").replace("source: core.rides\n", f"source: {source}\n")
    return text.replace("  rode:", "  tip: {type: sum, value: tip, where: \"status = 'completed'\"}\n  rode:")


def experiment(name: str, schema: str) -> dict[str, Any]:
    """An experiment whose windows open and close within the days of the case."""
    return {
        "kind": "experiment",
        "name": name,
        "assignments": {
            "table": f"{schema}.assignments",
            "where": "experiment = 'pink'",
            "subject": "cookie_id",
            "variant": "variation",
            "time": "assigned_at",
            "dimensions": ["country"],
        },
        "subject": "rider",
        "identities": {"table": f"{schema}.identities", "from": "cookie_id", "to": "rider_id"},
        "variants": dict.fromkeys(VARIANTS, 1),
        "start": START.isoformat(),
        "end": END.isoformat(),
        "window": 2,
        "exposure_day": "exact",
        "pre_period": 2,
        "cuts": ["country", "product", "day"],
        "top": 2,
        "cap": {"fare": {"percentile": 0.9}, "longest": {"value": 500}},
        "activation": {"metric": "rode"},
        "metrics": {"goal": ["rides", "fare", "tip"], "secondary": ["fare_per_ride", "rode"], "guardrail": ["longest", "wait_median"]},
        "owner": "growth@example.com",
    }  # fmt: skip


def rows() -> Mapping[str, list[Row]]:
    """The rows of the tables, always the same."""
    chooser = random.Random(11)
    return {
        "rides": [*_rides(chooser)],
        "assignments": [*_assignments(chooser), *_unusual_assignments()],
        "identities": [*_identities()],
    }


RIDERS = 36


def _rides(chooser: random.Random) -> Iterator[Row]:
    for rider in [*range(RIDERS), None]:
        for day in DAYS:
            for _ in range(chooser.randrange(4)):
                late = timedelta(days=chooser.random() < 0.1)  # it was requested a day before it arrived
                yield {
                    "ds": day,
                    "rider_id": None if rider is None else f"r{rider}",
                    "requested_at": _moment(day - late, chooser),
                    "status": chooser.choice(["completed", "completed", "cancelled"]),
                    "product": chooser.choice(["solo", "shared", "pool", None]),
                    "fare": Decimal(chooser.choice([199, 250, 1999, chooser.randrange(20000)])) / 100,
                    "tip": chooser.choice([0.1, 0.2, 0.3, 1 / 3, 1e6 / 7]),
                    "wait_seconds": chooser.choice([60, 60, 90, chooser.randrange(900)]),
                }


def _moment(day: date, chooser: random.Random) -> datetime:
    """One of few moments of a day: many are the same as those of others."""
    return datetime.combine(day, datetime.min.time()) + timedelta(hours=6 * chooser.randrange(4))


def _assignments(chooser: random.Random) -> Iterator[Row]:
    """One or two cookies of each rider, seen a few times; some rows arrive a day late."""
    for rider in range(RIDERS):
        for cookie in _cookies(rider):
            for _ in range(chooser.randrange(1, 3)):
                day = chooser.choice([START, END])
                late = timedelta(days=day == START and chooser.random() < 0.3)
                other = rider % 12 == 0 and cookie.endswith("b")
                country = chooser.choice(["US", "DE", "FR", "IT", None])
                yield _assignment(cookie, VARIANTS[(rider + other) % 3], _moment(day, chooser), day + late, country)


def _unusual_assignments() -> Iterator[Row]:
    noon, moment = timedelta(hours=12), datetime.combine(START, datetime.min.time())
    yield from (_assignment("c1", VARIANTS[1], moment, START, country) for country in ("US", "DE"))  # a tie
    yield _assignment("c900", "purple", moment, START, "US")
    yield _assignment(None, "control", moment, START, "US")
    yield _assignment("c901", "control", moment - noon, START, "US")
    yield _assignment("c902", "control", moment, START, "US") | {"experiment": "another"}


def _assignment(cookie: str | None, variant: str, at: datetime, ds: date, country: str | None) -> Row:
    return {"ds": ds, "experiment": "pink", "cookie_id": cookie, "variation": variant, "assigned_at": at, "country": country}  # fmt: skip


def _cookies(rider: int) -> list[str]:
    return [f"c{rider}", f"c{rider}b"] if rider % 3 == 0 else [f"c{rider}"]


def _identities() -> Iterator[Row]:
    for rider in range(RIDERS):
        if rider % 7:  # the others have none
            for cookie, day in zip(_cookies(rider), count(rider % 4), strict=False):
                yield {"ds": DAYS[day], "cookie_id": cookie, "rider_id": f"r{rider}"}
    yield {"ds": DAYS[3], "cookie_id": "c5", "rider_id": "r6"}  # of two riders


def case(suffix: str = "") -> FrameworkCase:
    """The case with its expected units and statistics, in a schema and tables of their own where a suffix is given."""
    schema, name, repository = f"raw{suffix}", f"pink{suffix}", f"rides{suffix}"
    tables = rows()
    spec = experiment(name, schema)
    return FrameworkCase(
        yaml.safe_dump(spec, sort_keys=False),
        {f"{schema}.{table}": found for table, found in tables.items()},
        {f"experiments.{name}_{kind}": found for kind, found in expected(spec, tables).items()},
        {f"{schema}.{table}": types for table, types in TYPES.items()},
        more={"rides.yml": metrics(repository, f"{schema}.rides")},
    )


def expected(spec: Mapping[str, Any], tables: Mapping[str, Sequence[Row]]) -> Mapping[str, list[Row]]:
    """The rows of units and of statistics, as the reference has them."""
    found: dict[str, list[Row]] = {"units": [], "statistics": []}
    for day in DAYS[2:]:
        known = reference(spec, tables, day)
        for unit in known.units():
            found["units"].append(
                {"ds": day, "subject": unit.subject, "variant": unit.variant, "first_exposed_at": unit.first,
                 "country": unit.country, "exposures": unit.exposures}
            )  # fmt: skip
        for cell, numbers in known.moments().items():
            key = dict(zip(("metric", "variant", "cut", "cut_value"), cell, strict=True))
            found["statistics"].append({"ds": day, **key, **numbers})
    return found


def reference(spec: Mapping[str, Any], tables: Mapping[str, Sequence[Row]], day: date) -> Reference:
    """The experiment as of a day."""
    assigned = [row | {"experiment": spec["name"]} for row in tables["assignments"] if row["experiment"] == "pink"]
    named = {**tables, "assignments": assigned}
    return Reference(spec, {f"core.{name}": found for name, found in named.items()}, day)
