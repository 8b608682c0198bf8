"""Alerts in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def describe(row: Mapping[str, Any]) -> str:
    """What happened to a flagged series, and what explains it.

    >>> from datetime import date
    >>> row = dict(table_name="core.rides", metric="row_count", series="", value=410, expected=1000, lower=900, upper=1100)
    >>> describe({**row, "kind": "drop", "last_seen": date(2026, 11, 24), "explanation": None})
    'rows of core.rides fell to 41 % of what a Tuesday brings'
    """
    return _what(row) + _why(row)


def subject(row: Mapping[str, Any]) -> str:
    """Which series it is: ``fare of core.rides, country=US``."""
    name = "rows" if row["metric"] == "row_count" else row["metric"]
    return f"{name} of {row['table_name']}" + (f", {row['series']}," if row["series"] else "")


def _what(row: Mapping[str, Any]) -> str:
    value, expected, kind = row["value"], row["expected"], row["kind"]
    day = DAYS[row["last_seen"].weekday()]
    if kind == "empty":
        return f"{row['table_name']} is empty" + (f": a {day} brings {number(expected)} rows" if expected else "")
    if kind == "loaded twice":
        return f"{value:.0%} of the rows of {row['table_name']} are copies of others: the day was loaded twice"
    if kind == "drift":
        way = "above" if (row["score"] or 0) > 0 else "below"
        return (
            f"{subject(row)} drifts: at {number(value)}, it has been far {way} its weekdays of the last weeks for days"
        )
    if expected and expected > 0 and value >= 0:
        return f"{subject(row)} {_moved(value / expected)} what a {day} brings"
    return f"{subject(row)} is {number(value)}, where {number(row['lower'])} to {number(row['upper'])} was expected"


def _moved(ratio: float) -> str:
    if ratio >= 9.995:
        return f"rose to {ratio:,.0f} times"
    precise = f"{100 * ratio:.1f} % of" if 0.99 < ratio < 1.01 or 0 < ratio < 0.01 else f"{100 * ratio:.0f} % of"
    return f"{'rose' if ratio > 1 else 'fell'} to {precise}"


def _why(row: Mapping[str, Any]) -> str:
    if not row["explanation"]:
        return ""
    found = json.loads(row["explanation"])
    causes = [f"{one['slice']} = {one['value']}{_effect(one)}" for one in found["causes"]]
    verb = "explains" if len(causes) == 1 else "explain"
    share = "all" if found["explained"] >= 0.995 else f"{100 * found['explained']:.0f} %"
    return f"; {' and '.join(causes)} {verb} {share} of it"


def _effect(cause: Mapping[str, Any]) -> str:
    return {"rate": " (its own ratio)", "mix": " (its share)"}.get(cause.get("effect", ""), "")


def number(value: float | None) -> str:
    """A number for people."""
    if value is None:
        return "anything"
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:,.3g}"
