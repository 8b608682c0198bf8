"""What a person wants to know first of the growth of an activity: how many, since when, and which way it goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.growth.spec import LONGEST

STEADY = 0.01  # a change of the actives below one in a hundred counts as none
NAMES = {1: "DAU", 7: "WAU", 28: "MAU"}
FLOWS = ("new", "retained", "resurrected", "churned")


@dataclass(frozen=True, slots=True)
class Actives:
    """The entities active in a window: now, by which part more than one window and 28 days ago, and day by day."""

    window: int
    now: int
    change: Mapping[int, float | None]
    history: Sequence[int]

    @property
    def name(self) -> str:
        """What people call it."""
        return NAMES.get(self.window, f"{self.window}-day actives")


@dataclass(frozen=True, slots=True)
class Day:
    """One day's flows of one window, against the window a day before. ``ratio`` is the quick ratio."""

    ds: date
    active: int
    flows: Mapping[str, int]
    ratio: float | None
    warmup: bool


@dataclass(frozen=True, slots=True)
class Report:
    """The growth of one activity up to its last day."""

    activity: str
    last: date
    actives: Sequence[Actives]
    window: int
    days: Sequence[Day]
    stickiness: float | None
    quick_ratio: float | None
    verdict: str


def report_sql(table: str, activity: str) -> str:
    """The SELECT of the totals that ``make_report`` takes: the last eight weeks, every window, by day."""
    name, did = sqlfiles.table(table), sqlfiles.value(activity)
    back = 2 * LONGEST
    return (
        f"SELECT * FROM {name} WHERE activity = {did} AND cut = '' AND step = 'day' "
        f"AND ds > (SELECT max(ds) FROM {name}) - {back} ORDER BY ds, window_days"
    )


def make_report(rows: Iterable[Mapping[str, Any]], activity: str, window: int | None = None, days: int = 14) -> Report:
    """The report on an activity, out of the rows that ``report_sql`` gives.

    Args:
        rows: totals of the accounting by day, of one activity; at least one.
        activity: its name.
        window: whose flows are listed; 7 or else the longest.
        days: how many of the last days are listed.
    """
    by_window: dict[int, dict[date, Mapping[str, Any]]] = {}
    for row in rows:
        by_window.setdefault(row["window_days"], {})[row["ds"]] = row
    last = max(max(found) for found in by_window.values())
    chosen = window or (7 if 7 in by_window else max(by_window))
    actives = [_actives(size, found, last) for size, found in sorted(by_window.items())]
    longest = by_window[max(by_window)]
    ratio = _quick_ratio([row for ds, row in longest.items() if ds > last - timedelta(days=LONGEST)])
    listed = sorted(by_window[chosen].items())[-days:]
    return Report(
        activity=activity,
        last=last,
        actives=actives,
        window=chosen,
        days=[_day(ds, row) for ds, row in listed],
        stickiness=_over(actives[0].now, actives[-1].now) if actives[0].window == 1 and len(actives) > 1 else None,
        quick_ratio=ratio,
        verdict=_verdict(actives[-1], ratio, warmup=bool(longest[last]["warmup"])),
    )


def _actives(window: int, rows: Mapping[date, Mapping[str, Any]], last: date) -> Actives:
    now = rows[last]["active"]
    before = {back: rows.get(last - timedelta(days=back)) for back in (7, LONGEST)}
    change = {back: _over(now - row["active"], row["active"]) if row else None for back, row in before.items()}
    return Actives(window, now, change, [rows[ds]["active"] for ds in sorted(rows)])


def _day(ds: date, row: Mapping[str, Any]) -> Day:
    return Day(ds, row["active"], {name: row[name] for name in FLOWS}, _quick_ratio([row]), row["warmup"])


def _quick_ratio(rows: Sequence[Mapping[str, Any]]) -> float | None:
    """Who came for each one who left; flows of days can be added up."""
    return _over(sum(row["new"] + row["resurrected"] for row in rows), sum(row["churned"] for row in rows))


def _over(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _verdict(actives: Actives, ratio: float | None, *, warmup: bool) -> str:
    if warmup:
        return f"Too early to say: on the first {2 * actives.window - 1} days everybody looks new."
    change = actives.change[LONGEST]
    if change is None:
        return f"{actives.now:,} were active within {actives.window} days; there is nothing to compare with yet."
    word = "Steady" if abs(change) < STEADY else "Growing" if change > 0 else "Shrinking"
    came = f" {ratio:.2f} came for each one that left." if ratio is not None else " Nobody left."
    more = f"{abs(change):.1%} {'more' if change >= 0 else 'fewer'} than 28 days before"
    return f"{word}: {actives.now:,} were active within {actives.window} days, {more}.{came}"
