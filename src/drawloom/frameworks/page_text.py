"""Values and long ranges of days as people read them: formatted, and few enough to be drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from drawloom.frameworks.page import Format, Series

Row = Mapping[str, Any]
SMALL_SHARE = 0.001  # one that one decimal of a percentage would make 0.0%

PERIODS: Mapping[str, Callable[[date], str]] = {
    "week": lambda day: f"{day - timedelta(days=day.weekday()):%Y-%m-%d}",
    "month": lambda day: f"{day:%Y-%m}",
    "year": lambda day: f"{day:%Y}",
}


def format_value(value: Any, kind: Format = "integer") -> str:
    """A value as people read it; empty for None."""
    if value is None:
        return ""
    if kind == "percent" and not isinstance(value, str):
        return f"{value:.1%}" if not value or abs(value) >= SMALL_SHARE else f"{value * 100:.1g}%"
    if kind == "integer" and isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,.0f}"
    if kind == "decimal" and not isinstance(value, str):
        return f"{value:,.2f}"
    if kind == "significant" and not isinstance(value, str):
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:,.{_decimals(value)}f}"
    if isinstance(value, float):
        return f"{value:.6g}"
    return value.isoformat() if isinstance(value, date) else str(value)


def _decimals(value: float, digits: int = 4) -> int:
    """The decimals with which a number has so many significant digits."""
    return max(digits - 1 - math.floor(math.log10(abs(value))), 0) if value else 0


def bucket(rows: Sequence[Row], x: str, series: Sequence[Series], most: int) -> tuple[Sequence[Row], str]:
    """At most so many rows, and how they were made of the given ones; empty where they are the given ones.

    Series that add up are summed, of others the last value counts. Where ``x`` is no day the last rows are left.
    """
    if len(rows) <= most:
        return rows, ""
    if all(isinstance(row[x], date) for row in rows):
        for word, period in PERIODS.items():
            groups: dict[str, list[Row]] = {}
            for row in rows:
                groups.setdefault(period(row[x]), []).append(row)
            if len(groups) <= most:
                return [_merge(label, group, x, series) for label, group in groups.items()], _in_words(word, series)
    return rows[-most:], f"the last {most} of {len(rows):,}"


def _merge(label: str, rows: Sequence[Row], x: str, series: Sequence[Series]) -> Row:
    merged: dict[str, Any] = {x: label}
    for one in series:
        known = [row[one.column] for row in rows if row[one.column] is not None]
        merged[one.column] = (sum(known) if one.adds_up else known[-1]) if known else None
    return merged


def _in_words(word: str, series: Sequence[Series]) -> str:
    summed = [one.label for one in series if one.adds_up]
    if not summed:
        return f"by {word}: the last value of each"
    how = "sums" if len(summed) == len(series) else f"sums of {', '.join(summed)}; else the last value"
    return f"by {word}: {how}; the first and last may be incomplete"


def runs_of(states: Sequence[Any]) -> list[tuple[Any, int]]:
    """Equal states that follow each other, and how many."""
    return [(state, len(list(run))) for state, run in groupby(states)]
