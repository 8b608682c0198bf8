"""Keys that split the day into year, month and day: conditions on all of them together are one on the day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from sqlglot import exp

from drawloom.model import NONE as NO_DAYS
from drawloom.model import Days
from drawloom.sql.days.column_bounds import ColumnBounds, ColumnRelation, SourceColumn
from drawloom.sql.days.constants import ConstantFolder
from drawloom.sql.days.day_set import ProbeDays
from drawloom.sql.days.functions import last_day
from drawloom.sql.days.values import UNKNOWN, Value, apply_per_probe, to_int
from drawloom.sql.scope import Source

Resolve = Callable[[exp.Column], Any]
"""From a name to its ``ResolvedColumn``, None where that is not certain."""
PARTS = ("year", "month", "day")
WHOLE_DAY = "year, month, day"
"""The name under which bounds keep the day of a table whose keys are its parts."""


def is_split(source: Source) -> bool:
    """Whether the first keys of a table are the year, the month and the day."""
    return source.kind == "table" and not source.opaque and source.keys[:3] == PARTS


def bounds_of_parts(
    conditions: Iterable[exp.Expr], constants: ConstantFolder, probe_days: ProbeDays, resolve: Resolve
) -> list[ColumnBounds]:
    """The bounds that equalities of years, months and days put on the days of tables with such keys."""
    values: dict[Source, dict[str, Value]] = {}
    pairs: dict[tuple[Source, Source], set[str]] = {}
    for condition in conditions:
        if not isinstance(condition, exp.EQ):
            continue
        for one, other in ((condition.this, condition.expression), (condition.expression, condition.this)):
            part, second = _part(one, resolve), _part(other, resolve)
            if part is None:
                continue
            if second is not None and second[1] == part[1]:
                pairs.setdefault((part[0], second[0]), set()).add(part[1])
            elif second is None:
                values.setdefault(part[0], {})[part[1]] = constants.fold(other)
    return [
        *(_bounds(probe_days, source, parts) for source, parts in values.items()),
        *(_relation(first, second) for (first, second), names in pairs.items() if names == set(PARTS)),
    ]


def _part(node: Any, resolve: Resolve) -> SourceColumn | None:
    while isinstance(node, exp.Paren) or (
        isinstance(node, exp.Cast) and node.args["to"].this in exp.DataType.INTEGER_TYPES
    ):
        node = node.this
    target = resolve(node) if isinstance(node, exp.Column) and node.name.lower() in PARTS else None
    if target is None or target.nullable or not is_split(target.columns[0][0]):
        return None
    found: SourceColumn = target.columns[0]
    return found


def _bounds(probe_days: ProbeDays, source: Source, parts: dict[str, Value]) -> ColumnBounds:
    known: Sequence[Value] = [parts.get(name, UNKNOWN) for name in PARTS]
    if known[0] is UNKNOWN:
        return ColumnBounds()
    spans = apply_per_probe(_span, *(one for one in known[: 1 + _known_after_year(known)]))
    days = probe_days.days_where(lambda one: one, spans)
    return ColumnBounds() if days.is_all else ColumnBounds(days={(source, WHOLE_DAY): days})


def _known_after_year(known: Sequence[Value]) -> int:
    return 0 if known[1] is UNKNOWN else 1 if known[2] is UNKNOWN else 2


def _span(*parts: Value) -> Days:
    """The days of a year, of a month of it, or of one day."""
    numbers = [to_int(part) for part in parts]
    if any(number is None for number in numbers):
        return NO_DAYS
    year, month, day = [*numbers, None, None][:3]
    if year is None:
        return NO_DAYS
    first = date(year, month or 1, day or 1)
    last = first if day else last_day(first, "MONTH" if month else "YEAR")
    return Days.span(first.toordinal(), (last or first).toordinal())


def _relation(first: Source, second: Source) -> ColumnBounds:
    return ColumnBounds(relations=[ColumnRelation((first, WHOLE_DAY), "=", (second, WHOLE_DAY))])
