"""Anomalies keep the laws of all frameworks, and find what was planted."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from drawloom.testing import FrameworkCase

START = date(2026, 1, 5)
SPEC = """
kind: anomalies
name: health
until: {forever: a test}
watch:
  - {table: core.rides, values: [fare]}
  - sql: SELECT country, platform, sum(fare) AS paid, count(*) AS rides FROM core.rides WHERE ds = DATE '{{ ds }}' GROUP BY ALL
    name: fares
    series: [country]
    value: paid
    per: rides
detector: {kind: zscore, min_history: 4}
explain: {dimensions: [platform]}
"""


def rides(day: int, us: int = 6, de: int = 4) -> list[dict[str, object]]:
    """Rides of a day: each of its own fare, so that no two are equal."""
    ds = START + timedelta(days=day)
    places = [("US", "ios")] * us + [("DE", "web")] * de
    return [
        {"ds": ds, "ride": 100 * day + n, "country": c, "platform": p, "fare": 10.0 + (n + day) % 3}
        for n, (c, p) in enumerate(places)
    ]


def history(days: int, **last: int) -> list[dict[str, object]]:
    plain = [row for day in range(days - 1) for row in rides(day)]
    return plain + rides(days - 1, **last)


def test_a_case(tmp_path: Path) -> None:
    last = START + timedelta(days=6)
    expected: dict[str, Any] = {
        "anomalies.health": {
            last: [
                {"table_name": "core.rides", "metric": "duplicate_ratio", "series": "", "status": "fine", "kind": ""},
                {"table_name": "core.rides", "metric": "row_count", "value": 5.0, "expected": 10.0, "kind": "change"},
                {"table_name": "core.rides", "metric": "fare", "severity": "error", "status": "open"},
                {"table_name": "fares", "metric": "paid per rides", "series": "country=DE"},
                {"table_name": "fares", "metric": "paid per rides", "series": "country=US"},
            ]
        },
        "meta.alerts": {
            last: [
                {
                    "spec": "health",
                    "table_name": "core.rides",
                    "metric": "row_count",
                    "others": 1,
                    "days": 1,
                    "summary": "rows of core.rides fell to 50 % of what a Sunday brings; platform = ios explains all of it",
                },
                {
                    "spec": "health",
                    "table_name": "fares",
                    "metric": "paid per rides",
                    "others": 0,
                    "days": 1,
                    "summary": "paid per rides of fares, country=US, fell to 91 % of what a Sunday brings",
                },
            ]
        },
    }
    FrameworkCase(SPEC, {"core.rides": history(7, us=1)}, expected).check(tmp_path)
