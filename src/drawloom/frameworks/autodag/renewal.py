"""Renewing what was scheduled until some day."""

from __future__ import annotations

from datetime import date, timedelta

MOST = timedelta(days=366)  # as far ahead as `until` may be


def renewed_until(start: date, until: date, today: date) -> date:
    """The new last day: later by as long as it was scheduled, counted from today where it ended before; a year ahead at most."""
    length = max(until - start, timedelta(days=1))
    return min(max(until, today) + length, today + MOST)
