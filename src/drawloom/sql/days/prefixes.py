"""Texts of days by their beginning: ``LIKE '2024-07-%'``, ``starts_with(ds, '2024-07')``."""

from __future__ import annotations

from datetime import date

from drawloom.model import Days
from drawloom.sql.days.forms import Form
from drawloom.sql.days.values import Value, parse_time


def has_iso_text(form: Form | None) -> bool:
    """Whether the text of a value begins with its day, like 2024-07-17 or 20240717."""
    return form is None or form.pattern is None or form.pattern.startswith(("%Y-%m-%d", "%Y%m%d"))


def days_with_prefix(pattern: Value) -> Days | None:
    """The days (as ordinals) that match a LIKE pattern such as ``2024-07-%``; None for any other pattern."""
    prefix = pattern[:-1] if isinstance(pattern, str) and pattern.endswith("%") else ""
    if "%" in prefix or "_" in prefix or "\\" in prefix or len(prefix) < 4:
        return None
    for low, high, cuts in (("0000-01-01", "9999-12-31", (4, 5, 7, 8, 10)), ("00000101", "99991231", (4, 6, 8))):
        if len(prefix) not in cuts:
            continue
        first, last = _complete_date(prefix, low), _complete_date(prefix, high)
        if first is not None and last is not None:
            return Days.span(first.toordinal(), last.toordinal())
    return None


def _complete_date(prefix: str, rest: str) -> date | None:
    """The first or last real date with the prefix; ``rest`` is the text of the earliest or latest date."""
    text = prefix + rest[len(prefix) :]
    for cut in (text, text[:-2] + "30", text[:-2] + "29", text[:-2] + "28"):
        found = parse_time(cut) if len(cut) == len(rest) and cut.startswith(prefix) else None
        if found is not None:
            return found
    return None
