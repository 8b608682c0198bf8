"""The rule by which a step reads days, in words."""

from __future__ import annotations

from drawloom.cli.output import spans_text
from drawloom.model import Read
from drawloom.model.days import Bound

_TODAY = Bound()


def rule_text(read: Read) -> str:
    """Such as ``-6..0`` (counted from the run's day), ``month to date`` or ``2026-01-01 .. 2026-01-31``."""
    if read.how == "offset":
        return str(read.days)
    if read.how == "fixed":
        return spans_text(read.dates)
    if read.how == "calendar" and read.calendar:
        return ", ".join(_span_text(first, last) for first, last in read.calendar)
    return str(read.days) if read.how == "calendar" else read.how


def _span_text(first: Bound | None, last: Bound | None) -> str:
    if first and not first.is_fixed_offset and not first.months and not first.days and last == _TODAY:
        return f"{_unit(first)} to date"
    if first == last:
        return _bound_text(first)
    return f"{_bound_text(first)} .. {_bound_text(last)}"


def _bound_text(bound: Bound | None) -> str:
    """Such as ``0``, ``start of month - 1 month``, or ``...`` for an open end."""
    if bound is None:
        return "..."
    if bound.is_fixed_offset:
        return str(bound.days)
    base = "day" if bound.anchor == "day" else f"start of {_unit(bound)}"
    return base + _moved(bound.months, "month") + _moved(bound.days, "day")


def _unit(bound: Bound) -> str:
    return {"week_sunday": "week from Sunday"}.get(bound.anchor, bound.anchor)


def _moved(count: int, unit: str) -> str:
    return f" {'-' if count < 0 else '+'} {abs(count)} {unit}{'' if abs(count) == 1 else 's'}" if count else ""
