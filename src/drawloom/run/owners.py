"""Which steps fill which tables, on which days of the project's history, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter

from drawloom.model import Pipeline, Schedule, Step, refuse
from drawloom.run.day_reads import Reads


@dataclass(frozen=True, slots=True)
class History:
    """The project's first day, and the last one that may be filled. Days before ``filled_from`` are only read."""

    start: date
    end: date
    filled_from: date | None = None


@dataclass(frozen=True, slots=True)
class TableOwner:
    """Who fills a table, on which days of its history, and which of them are kept.

    ``latest`` is the newest day that its schedule has so far, whether or not it is still in its history.
    """

    pipeline: Pipeline
    step: Step
    days: tuple[date, ...]
    kept: frozenset[date]
    latest: date | None = None


def find_owners(pipelines: Iterable[Pipeline], history: History) -> dict[str, TableOwner]:
    """Who fills each table, and on which days."""
    owners: dict[str, TableOwner] = {}
    for pipeline in pipelines:
        first = max(pipeline.start or history.start, history.start)
        last = min(pipeline.until or history.end, history.end)
        days = _list_run_days(pipeline.schedule, first, last)
        latest = pipeline.schedule.last_run_day(history.end)
        for step in pipeline.steps:
            keep = step.into.keep
            oldest = history.end - timedelta(days=keep - 1) if keep else date.min
            kept = _kept_days(days, oldest, step.into.keep_month_ends)
            if history.filled_from:
                kept = frozenset(ds for ds in kept if ds >= history.filled_from)
            owners[step.into.name] = TableOwner(pipeline, step, days, kept, latest)
    return owners


@lru_cache
def _list_run_days(schedule: Schedule, first: date, last: date) -> tuple[date, ...]:
    """Most pipelines of a project have the same days: they share them."""
    return tuple(schedule.run_days(first, last))


@lru_cache
def _kept_days(days: tuple[date, ...], oldest: date, month_ends: bool) -> frozenset[date]:
    return frozenset(ds for ds in days if ds >= oldest or (month_ends and (ds + timedelta(days=1)).day == 1))


def in_run_order(owners: Mapping[str, TableOwner], reads: Mapping[str, Reads]) -> list[tuple[TableOwner, date]]:
    """Table by table; day by day where tables read earlier days of each other."""
    try:
        tables = _sort_tables(owners, reads, same_day=False)
    except CycleError:
        return _day_by_day(owners, reads)
    return [(owners[table], ds) for table in tables for ds in owners[table].days]


def _day_by_day(owners: Mapping[str, TableOwner], reads: Mapping[str, Reads]) -> list[tuple[TableOwner, date]]:
    try:
        tables = _sort_tables(owners, reads, same_day=True)
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        where = owners[error.args[1][0]].step.where
        fix = "Let one of them read an earlier day."
        raise refuse("cycle", f"tables == {circle}, must not wait for each other in a circle.", where, fix) from error
    days = sorted({ds for owner in owners.values() for ds in owner.days})
    run_days = {table: frozenset(owner.days) for table, owner in owners.items()}
    return [(owners[table], ds) for ds in days for table in tables if ds in run_days[table]]


def _sort_tables(owners: Mapping[str, TableOwner], reads: Mapping[str, Reads], *, same_day: bool) -> list[str]:
    """The tables after those they read on any day; with ``same_day`` reads of earlier days only do not count."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for table, owner in sorted(owners.items()):
        sorter.add(table)
        for read in reads[table]:
            earlier_only = read.how == "offset" and 0 not in read.days
            if read.table in owners and read.table != table and not (same_day and earlier_only):
                sorter.add(table, read.table)
        for ranged in owner.step.backfill_reads or ():
            if ranged.table in owners and ranged.table != table and not (same_day and ranged.is_before_range):
                sorter.add(table, ranged.table)
    return list(sorter.static_order())
