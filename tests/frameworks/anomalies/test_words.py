"""Alerts in words."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from drawloom.frameworks.anomalies.words import describe

ROW: dict[str, Any] = {
    "table_name": "core.rides",
    "metric": "row_count",
    "series": "",
    "value": 410.0,
    "expected": 1000.0,
    "lower": 900.0,
    "upper": 1100.0,
    "score": -9.0,
    "kind": "drop",
    "last_seen": date(2026, 11, 24),
    "explanation": None,
}


def cause(value: str, share: float, **more: str) -> dict[str, Any]:
    return {"slice": "country", "value": value, "share": share, **more}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({}, "rows of core.rides fell to 41 % of what a Tuesday brings"),
        ({"value": 2340.0}, "rows of core.rides rose to 234 % of what a Tuesday brings"),
        ({"value": 12000.0}, "rows of core.rides rose to 12 times what a Tuesday brings"),
        ({"value": 1002.0}, "rows of core.rides rose to 100.2 % of what a Tuesday brings"),
        ({"value": 2.0}, "rows of core.rides fell to 0.2 % of what a Tuesday brings"),
        (
            {"metric": "fare", "series": "country=US"},
            "fare of core.rides, country=US, fell to 41 % of what a Tuesday brings",
        ),
        (
            {"metric": "profit", "value": -5.0, "expected": 3.0, "lower": 1.25, "upper": 4.5},
            "profit of core.rides is -5, where 1.25 to 4.5 was expected",
        ),
        ({"kind": "empty", "value": 0.0}, "core.rides is empty: a Tuesday brings 1,000 rows"),
        ({"kind": "empty", "value": 0.0, "expected": None}, "core.rides is empty"),
        (
            {"kind": "loaded twice", "metric": "duplicate_ratio", "value": 0.5},
            "50% of the rows of core.rides are copies of others: the day was loaded twice",
        ),
        (
            {"kind": "drift"},
            "rows of core.rides drifts: at 410, it has been far below its weekdays of the last weeks for days",
        ),
    ],
)
def test_what_happened(row: dict[str, Any], words: str) -> None:
    assert describe({**ROW, **row}) == words


def test_why() -> None:
    one = json.dumps({"causes": [cause("US", 0.83)], "explained": 0.83})
    assert describe({**ROW, "explanation": one}).endswith("brings; country = US explains 83 % of it")
    two = json.dumps({"causes": [cause("US", 0.5, effect="rate"), cause("DE", 0.3, effect="mix")], "explained": 0.8})
    expected = "; country = US (its own ratio) and country = DE (its share) explain 80 % of it"
    assert describe({**ROW, "explanation": two}).endswith(expected)
