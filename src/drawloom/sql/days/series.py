"""Series of days: generate_series(), sequences and date arrays, whose values lie between their ends."""

from __future__ import annotations

from datetime import date, time
from typing import Any

from sqlglot import exp

from drawloom.model import NONE as NO_DAYS
from drawloom.model import Days
from drawloom.sql.days.constants import ConstantFolder, type_of
from drawloom.sql.days.day_set import ALL, DaySet, ProbeDays, days_allowed
from drawloom.sql.days.node_arguments import has_unread_arguments
from drawloom.sql.days.values import Value, apply_per_probe, to_date, to_datetime

_SERIES = (exp.GenerateSeries, exp.ExplodingGenerateSeries, exp.GenerateDateArray, exp.GenerateTimestampArray)
_WRAPPERS = (exp.Alias, exp.Paren, exp.Explode, exp.Table, exp.Lateral, exp.Unnest)
_NAMES = frozenset({"generate_series", "range", "unnest"})
_MAX_ITEMS = 1_000


def days_of_series(node: Any, constants: ConstantFolder, probe_days: ProbeDays) -> DaySet:
    """The days among the values of a series or an array of constants; all days where it is neither."""
    while type(node) in _WRAPPERS or (isinstance(node, exp.Cast) and type_of(node) in ("DATE", "TIMESTAMP")):
        parts = node.expressions if isinstance(node, exp.Unnest) else [node.this]
        node = parts[0] if len(parts) == 1 else None
    if isinstance(node, exp.Array) and 0 < len(node.expressions) <= _MAX_ITEMS:
        items = [constants.fold(item) for item in node.expressions]
        return probe_days.union(
            [probe_days.days_where(lambda one: days_allowed("=", one, "day"), one) for one in items]
        )
    if not isinstance(node, _SERIES) or has_unread_arguments(node):
        return ALL
    ends = [constants.fold(node.args[name]) for name in ("start", "end")]
    exclusive = bool(node.args.get("is_end_exclusive"))
    spans = apply_per_probe(lambda first, last: (_day(first, False), _day(last, exclusive)), *ends)
    return probe_days.days_where(lambda one: _between(one, exclusive), spans)


def names_of_series(alias: str) -> frozenset[str]:
    """The names that the one column of a series may have where it was not named."""
    return _NAMES | {alias}


def _day(value: Value, exclusive: bool) -> date:
    moment, day = to_datetime(value), to_date(value)
    if moment is None or day is None or isinstance(value, int):
        raise ValueError(value)
    return date.fromordinal(day.toordinal() - 1) if exclusive and moment.time() == time() else day


def _between(ends: Value, exclusive: bool) -> Days:
    first, last = (end.toordinal() for end in ends)
    if first <= last:
        return Days.span(first, last)
    # A step back leads from the later end to the earlier one.
    return NO_DAYS if exclusive and first - last == 1 else Days.span(last, first)
