"""The days of a table by what its partitions are called."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import date


def iso_days(texts: Iterable[str]) -> list[date]:
    """The days among these texts, in order; tables of others also have partitions like ``latest``."""
    found = []
    for text in texts:
        with suppress(ValueError):
            found.append(date.fromisoformat(text))
    return sorted(found)
