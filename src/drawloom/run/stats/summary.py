"""The statistics of a table on a day, column by column, with their last weeks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from drawloom.run.stats.watched import (
    TableDays,
    find_table,
    scan_days,
    statistics_of,
    stored_restatements,
    stored_statistics,
)

if TYPE_CHECKING:
    from drawloom.run.project import Project

HISTORY = 28  # days that are looked back on
LOOKED_BACK = 14  # days that are counted on the spot: their rows and NULLs are in the footers of files


@dataclass(frozen=True, slots=True)
class Measured:
    """One metric of a column."""

    value: float | None
    text: str | None = None
    sample_fraction: float = 1.0


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """A column: its metrics, and its share of NULLs in the days up to this one, the oldest first."""

    name: str
    metrics: Mapping[str, Measured]
    null_ratios: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Restatement:
    """A change of a partition after its statistics were first computed: when it was noticed, in UTC, and what moved, the most first."""

    seen_at: datetime
    rows: tuple[int | None, int | None]
    changes: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class TableSummary:
    """A table on a day. ``rows`` are those of each day up to it; ``is_stored``: whether a spec watches it.

    ``restatements`` are the changes of the day's partition, the newest last.
    """

    table: str
    day: date | None
    rows: Mapping[str, float | None]
    columns: tuple[ColumnSummary, ...]
    is_stored: bool
    grain: str = "partition"
    row_count: float | None = None
    column_count: float | None = None
    restatements: tuple[Restatement, ...] = ()


Days = dict[date | None, dict[str, dict[str, Measured]]]


def summarize(project: Project, name: str, day: date | None = None) -> TableSummary:
    """What is known of a table on a day, its newest without: what is stored, or else computed on the spot.

    Raises:
        InputError: there is no such table, or it has no such partition.
    """
    table = find_table(project, name)
    chosen = table.chosen(day)
    found = _stored(project, table, chosen)
    if chosen not in found:
        return _summary(table, chosen, _computed(project, table, chosen), is_stored=False)
    return replace(_summary(table, chosen, found, is_stored=True), restatements=_restatements(project, table, chosen))


def _restatements(project: Project, table: TableDays, day: date | None) -> tuple[Restatement, ...]:
    rows = stored_restatements(project, table, day)
    return tuple(
        Restatement(row["seen_at"], (row["rows_before"], row["rows"]), tuple(json.loads(row["changes"])))
        for row in (rows.to_pylist() if rows is not None else ())
        if row["number"]
    )


def _stored(project: Project, table: TableDays, day: date | None) -> Days:
    last = day or date.max
    rows = stored_statistics(project, table, last - timedelta(days=HISTORY - 1), last)
    found: Days = {}
    for row in rows.to_pylist() if rows is not None else ():
        if not row["slice"]:
            ds = row["ds"] if table.by_day else None
            measured = Measured(row["value"], row["value_text"], row["sample_fraction"])
            found.setdefault(ds, {}).setdefault(row["column_name"], {})[row["metric"]] = measured
    return found


def _computed(project: Project, table: TableDays, day: date | None) -> Days:
    """The day at the tier standard, and rows and NULLs of those before it."""
    before = [one for one in table.days if day and one < day][-LOOKED_BACK:]
    states = {**scan_days(project, table, before, "footer"), **scan_days(project, table, [day], "standard")}
    found: Days = {}
    for ds, made in states.items():
        for one in statistics_of(made):
            measured = Measured(one.value, one.value_text, one.sample_fraction)
            found.setdefault(ds, {}).setdefault(one.column_name, {})[one.metric] = measured
    return found


def _summary(table: TableDays, day: date | None, found: Days, *, is_stored: bool) -> TableSummary:
    days: list[date | None] = [*sorted(ds for ds in found if ds)] or [None]
    of_table, columns = found[day].get("", {}), found[day]
    return TableSummary(
        table.name,
        day,
        {str(ds or ""): _value(found, ds, "", "row_count") for ds in days},
        tuple(
            ColumnSummary(name, metrics, tuple(_value(found, ds, name, "null_ratio") for ds in days))
            for name, metrics in columns.items()
            if name
        ),
        is_stored,
        "partition" if table.by_day else "table",
        _of(of_table, "row_count"),
        _of(of_table, "column_count"),
    )


def _value(found: Days, day: date | None, column: str, metric: str) -> float | None:
    return _of(found.get(day, {}).get(column, {}), metric)


def _of(metrics: Mapping[str, Measured], metric: str) -> float | None:
    return metrics[metric].value if metric in metrics else None


def summary_json(summary: TableSummary) -> dict[str, Any]:
    """The summary as plain values."""
    return {
        "table": summary.table,
        "day": str(summary.day) if summary.day else None,
        "grain": summary.grain,
        "stored": summary.is_stored,
        "rows": summary.row_count,
        "rows_by_day": dict(summary.rows),
        "restatements": [
            {"seen_at": str(one.seen_at), "rows": list(one.rows), "changes": list(one.changes)}
            for one in summary.restatements
        ],
        "columns": [
            {"column": column.name, "metrics": _plain(column.metrics.items()), "null_ratios": list(column.null_ratios)}
            for column in summary.columns
        ],
    }


def _plain(metrics: Iterable[tuple[str, Measured]]) -> dict[str, Any]:
    return {name: one.value if one.text is None else {"value": one.value, "text": one.text} for name, one in metrics}
