"""Identities between the numbers of growth tables that hold for any data."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from tests.frameworks.growth.reference import Row

COUNTS = ("active", "new", "retained", "resurrected", "churned", "stale", "ever", "net_moved")
Key = tuple[Any, ...]


class Tables:
    """The rows of growth.<name> and of its engagement, of all days of a history."""

    def __init__(self, growth: Sequence[Row], engagement: Sequence[Row], dimensions: Sequence[str]) -> None:
        self.growth = growth
        self.engagement = engagement
        self._dimensions = dimensions
        self.windows = sorted({row["window_days"] for row in growth})
        self.by_key: dict[Key, Row] = {}
        for row in growth:
            key = self.key(row)
            assert key not in self.by_key, f"{key} is there twice"
            self.by_key[key] = row

    def key(self, row: Row, **other: object) -> Key:
        row = {**row, **other}
        names = ("ds", "activity", "window_days", "step", "cut", *self._dimensions)
        return tuple(row[name] for name in names)

    def count(self, row: Row, column: str, **other: object) -> int:
        """A number of the row that differs from this one in some of the key only; 0 where there is no such row."""
        found = self.by_key.get(self.key(row, **other))
        return int(found[column]) if found else 0

    def before(self, row: Row) -> date:
        lag = 1 if row["step"] == "day" else row["window_days"]
        day: date = row["ds"] - timedelta(lag)
        return day


def find_broken(tables: Tables) -> list[str]:
    """The identities that do not hold, with the first row that breaks each."""
    found: dict[str, str] = {}
    for name, what in _broken_rows(tables):
        found.setdefault(name, f"{name}: {what}")
    return list(found.values())


def _broken_rows(tables: Tables) -> Iterator[tuple[str, object]]:
    for row in tables.growth:
        for name, holds in _of_row(tables, row):
            if not holds:
                yield name, row
    yield from _cells_sum_to_the_total(tables)
    yield from _flows_sum_to_the_change(tables)
    yield from _engagement_counts_the_active(tables)


def _of_row(tables: Tables, row: Row) -> Iterator[tuple[str, bool]]:
    left, came = row["churned"], row["new"] + row["resurrected"]
    change = row["active"] - tables.count(row, "active", ds=tables.before(row))
    yield "1 active is new, retained and resurrected", row["active"] == came + row["retained"]
    if not row["cut"]:
        then = tables.count(row, "active", ds=tables.before(row))
        yield "2 who was active is retained or churned", then == row["retained"] + left
        yield "no moves in the total", row["net_moved"] == 0
    yield "3 the change of active is its flows", change == came - left + row["net_moved"]
    parts = row["active"] + left + row["stale"]
    yield "4 ever is the sum of the states", row["ever"] == parts
    if row["step"] == "day":
        yield from _of_day_step(tables, row)
    wider = [w for w in tables.windows if w > row["window_days"]]
    yield "6 wider windows have more", all(row["active"] <= tables.count(row, "active", window_days=w) for w in wider)
    yield "6 active was active once", row["active"] <= row["ever"]


def _of_day_step(tables: Tables, row: Row) -> Iterator[tuple[str, bool]]:
    if not row["cut"]:
        grown = row["ever"] - tables.count(row, "ever", ds=row["ds"] - timedelta(1))
        yield "5 ever grows by the new", grown == row["new"]
    others = [tables.count(row, "new", window_days=w) for w in tables.windows]
    yield "7 new does not depend on the window", others == [row["new"]] * len(others)


def _cells_sum_to_the_total(tables: Tables) -> Iterator[tuple[str, object]]:
    sums: dict[Key, Counter[str]] = defaultdict(Counter)
    for row in tables.growth:
        if row["cut"]:
            sums[tables.key(row, **dict.fromkeys(_names(row)))].update({name: row[name] for name in COUNTS})
    for key, counts in sums.items():
        ds, activity, window, step, *_ = key
        total = {"ds": ds, "activity": activity, "window_days": window, "step": step, "cut": ""}
        row = {**dict.fromkeys(tables._dimensions), **total}
        if {name: counts[name] for name in COUNTS} != {name: tables.count(row, name) for name in COUNTS}:
            yield "cells sum to the total", (key, counts)


def _names(row: Row) -> list[str]:
    return str(row["cut"]).split(",")


def _flows_sum_to_the_change(tables: Tables) -> Iterator[tuple[str, object]]:
    flows: Counter[Key] = Counter()
    for row in sorted(tables.growth, key=lambda row: row["ds"]):
        if row["step"] == "day":
            key = tables.key(row, ds=None)
            flows[key] += row["new"] + row["resurrected"] - row["churned"] + row["net_moved"]
            if flows[key] != row["active"]:
                yield "8 flows since the beginning sum to active", row


def _engagement_counts_the_active(tables: Tables) -> Iterator[tuple[str, object]]:
    counts: Counter[Key] = Counter()
    days: Counter[Key] = Counter()
    for row in tables.engagement:
        key = tables.key(row, step="")
        counts[key] += row["entities"]
        days[key] += row["entities"] * row["days_active"]
    for row in tables.growth:
        key, length = tables.key(row, step=""), row["window_days"]
        if length in {7, 28} and counts[key] != row["active"]:
            yield "9 engagement counts the active", row
        if length in {7, 28} and not row["cut"] and 1 in tables.windows:
            daily = [tables.count(row, "active", ds=row["ds"] - timedelta(n), window_days=1) for n in range(length)]
            if days[key] != sum(daily):
                yield "9 days of activity are the sum of the daily active", row


def cohorts(growth: Sequence[Row], state: Sequence[Row], days: Sequence[Row], activity: str) -> list[str]:
    """The days (the 10th identity) on which the new are not those of the cohort, or not all of them are active."""
    last = max(row["ds"] for row in state)
    sizes = Counter(row[f"{activity}_first"] for row in state if row["ds"] == last)
    found = []
    for row in growth:
        if row["activity"] == activity and not row["cut"] and row["step"] == "day":
            active = sum(other[activity] for other in days if other["ds"] == row["ds"])
            if row["new"] != sizes[row["ds"]] or row["new"] > active:
                found.append(f"10 a cohort is its first day's new: {row}")
    return found
