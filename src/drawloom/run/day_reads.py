"""What a step reads on a day. Everything that plans, shows or waits for partitions asks here.

The reads of a step are rules, inferred from some runs. Where the analysis cannot be sure that they hold on every day
(``Step.days_vary``), the SQL is rendered and read for the very day, and what comes out decides: more days than the rule
has, fewer, or another table. Days are measured by quarters, all runs of one at once, whichever of them was asked for: so a
day's result is the same in a plan, in a run and on a worker of Airflow. Results are kept on disk, only where they differ
from the rule.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from drawloom.model import ALL, Days, InputError, Pipeline, Read, Schedule, Step
from drawloom.model.days import add_months, start_of
from drawloom.sql.catalog import Catalog

Reads = tuple[Read, ...]


class DayReads:
    """The reads of steps on any day. Without arguments, of steps that follow their rule.

    Args:
        pipelines: those of the steps; only their schedules are used.
        catalog: what is known about tables, as for the analysis of the steps.
        names: tables in lower case -> their names.
        cache: a folder for what was measured.
    """

    def __init__(
        self,
        pipelines: Iterable[Pipeline] = (),
        catalog: Catalog | None = None,
        names: Mapping[str, str] | None = None,
        cache: Path | None = None,
    ) -> None:
        self._schedules = {table: pipeline.schedule for pipeline in pipelines for table in pipeline.tables}
        self._catalog = catalog or {}
        self._names = names or {}
        self._cache = cache
        self._measured: dict[str, _MeasuredStep] = {}

    def on(self, step: Step, day: date) -> Reads:
        """What the run of this day reads."""
        if not step.days_vary:
            return step.reads
        measured = self._of(step)
        measured.extend([day])
        return measured.odd.get(day, step.reads)

    def prepare(self, step: Step, days: Iterable[date]) -> Reads:
        """Measure all of these days, which is quicker than day by day; the reads of the rule and those of odd days."""
        if not step.days_vary:
            return step.reads
        measured = self._of(step)
        wanted = list(days)
        measured.extend(wanted)
        odd = (measured.odd[day] for day in wanted if day in measured.odd)
        return tuple(dict.fromkeys([*step.reads, *(read for reads in dict.fromkeys(odd) for read in reads)]))

    def _of(self, step: Step) -> _MeasuredStep:
        table = step.into.name
        found = self._measured.get(table)
        if found is None or found.step is not step:
            found = _MeasuredStep(step, self._schedules[table], self._catalog, self._names, self._cache)
            self._measured[table] = found
        return found


@dataclass
class _MeasuredStep:
    """The quarters of one step that were measured, and the reads of the days in them that do not follow the rule."""

    step: Step
    schedule: Schedule
    catalog: Catalog
    names: Mapping[str, str]
    cache: Path | None
    odd: dict[date, Reads] = field(default_factory=dict)
    quarters: set[date] = field(default_factory=set)

    def extend(self, days: Iterable[date]) -> None:
        """Measure the quarters of these days that are not known yet."""
        missing = self._missing(days)
        if missing and not self.quarters:
            self._load()
            missing = self._missing(missing)
        if missing:
            for quarter in sorted(missing):
                self._measure(quarter)
            self._store()

    def _missing(self, days: Iterable[date]) -> set[date]:
        return {start_of("quarter", day) for day in days} - self.quarters

    def _measure(self, quarter: date) -> None:
        days = self.schedule.run_days(quarter, add_months(quarter, 3) - timedelta(days=1))
        self.quarters.add(quarter)
        for day, offsets in self._offsets(days).items():
            reads = self._reads(day, offsets)
            if reads is not None:
                self.odd[day] = reads

    def _offsets(self, days: Sequence[date]) -> dict[date, dict[str, Days] | None]:
        """What is read on each day by table; None where the text cannot be read for a day.

        A condition that cannot be evaluated for one day counts for none of a quarter. Where that makes a read of all days
        out of one with bounds, the days are measured one by one.
        """
        try:
            found = self._read(days)
        except InputError:
            return {day: self._offsets_of_day(day) for day in days}
        bounded = [read.table.lower() for read in self.step.reads if read.how != "all"]
        if found and any(all(offsets.get(table) == ALL for offsets in found.values()) for table in bounded):
            return {day: self._offsets_of_day(day) for day in days}
        return dict(found)

    def _offsets_of_day(self, day: date) -> dict[str, Days] | None:
        try:
            return self._read([day])[day]
        except InputError:
            return None  # its run will say why

    def _read(self, days: Sequence[date]) -> dict[date, dict[str, Days]]:
        from drawloom.sql.script_reader import measure_days

        step = self.step
        return measure_days(
            step.sql or "",
            days,
            dialect=step.dialect,
            catalog=self.catalog,
            schedule=self.schedule,
            target=step.into.name,
            params=step.params,
            macros=step.macros,
        )

    def _reads(self, day: date, offsets: Mapping[str, Days] | None) -> Reads | None:
        """The reads of a day; None where they are those of the rule."""
        if offsets is None:
            return tuple(Read(read.table) for read in self.step.reads)
        tables = {read.table.lower(): read for read in self.step.reads}
        same = all(_follows(read, day, offsets.get(table, Days())) for table, read in tables.items())
        if same and all(table in tables or not days for table, days in offsets.items()):
            return None
        known = {table: offsets.get(table, Days()) for table in tables}
        spelled = {**self.names, **{table: read.table for table, read in tables.items()}}
        return tuple(_exact(spelled.get(table, table), days) for table, days in {**known, **offsets}.items())

    @cached_property
    def _path(self) -> Path | None:
        from drawloom.sql.disk_cache import catalog_hash, entry_name, versions

        if self.cache is None:
            return None
        step = self.step
        tables = sorted({read.table.lower() for read in step.reads} | {one.name.lower() for one in step.families})
        rule = [repr(read) for read in step.reads]
        settings = [
            step.sql,
            step.macros,
            step.dialect,
            self.schedule.text,
            self.schedule.timezone,
            step.into.name,
            dict(step.params),
            rule,
            versions(),
        ]
        return self.cache / entry_name([*settings, catalog_hash(tables, self.catalog)], "days")

    def _load(self) -> None:
        if self._path is None:
            return
        with suppress(OSError, ValueError, KeyError, TypeError):  # no file, or a broken one
            content = json.loads(self._path.read_bytes())
            odd = dict(_odd_from_json(content["odd"]))
            self.quarters = set(map(date.fromisoformat, content["quarters"]))
            self.odd = odd

    def _store(self) -> None:
        from drawloom.sql.disk_cache import write

        if self._path is not None:
            content = {"quarters": sorted(day.isoformat() for day in self.quarters), "odd": _odd_to_json(self.odd)}
            with suppress(OSError):  # a folder that cannot be written is no error
                write(self._path, json.dumps(content).encode())


def _follows(read: Read, day: date, days: Days) -> bool:
    """Whether a rule says exactly these days."""
    if read.how in {"offset", "all"}:
        return read.days == days
    return read.on(day) == days.on(day)


def _exact(table: str, days: Days) -> Read:
    return Read(table) if days == ALL else Read(table, days, "offset")


def _odd_to_json(odd: Mapping[date, Reads]) -> list[Any]:
    """The days by what is read on them: many days have the same reads."""
    days_of: dict[Reads, list[str]] = {}
    for day in sorted(odd):
        days_of.setdefault(odd[day], []).append(day.isoformat())
    return [[[[read.table, str(read.days)] for read in reads], days] for reads, days in days_of.items()]


def _odd_from_json(content: Iterable[Any]) -> Iterator[tuple[date, Reads]]:
    for reads, days in content:
        found = tuple(_exact(table, Days.parse(text)) for table, text in reads)
        yield from ((date.fromisoformat(day), found) for day in days)
