"""LIKE patterns as days: ``2024-07-%`` is a month."""

from __future__ import annotations

from datetime import date

from drawloom.model import Days
from drawloom.sql.values import Value, parse_time


def prefixed(pattern: Value) -> Days | None:
    """The days (as ordinals) whose texts a LIKE pattern such as ``2024-07-%`` fits; None where it is no such pattern."""
    prefix = pattern[:-1] if isinstance(pattern, str) and pattern.endswith("%") else ""
    if "%" in prefix or "_" in prefix or "\\" in prefix or len(prefix) < 4:
        return None
    for low, high, cuts in (("0000-01-01", "9999-12-31", (4, 5, 7, 8, 10)), ("00000101", "99991231", (4, 6, 8))):
        if len(prefix) not in cuts:
            continue
        first, last = _filled(prefix, low), _filled(prefix, high)
        if first is not None and last is not None:
            return Days.span(first.toordinal(), last.toordinal())
    return None


def _filled(prefix: str, rest: str) -> date | None:
    """The first or last real day that begins so."""
    text = prefix + rest[len(prefix) :]
    for cut in (text, text[:-2] + "30", text[:-2] + "29", text[:-2] + "28"):
        found = parse_time(cut) if len(cut) == len(rest) and cut.startswith(prefix) else None
        if found is not None:
            return found
    return None
