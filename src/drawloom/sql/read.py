"""Read a text: what it reads day by day, and what it writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

from sqlglot import exp

from drawloom.model import Days, Read, Schedule, Where
from drawloom.sql.catalog import Catalog
from drawloom.sql.constant import Folder
from drawloom.sql.dayset import Probed
from drawloom.sql.deep import deeply
from drawloom.sql.dialect import check_dialect
from drawloom.sql.effects import Effects
from drawloom.sql.fit import Measured, fit
from drawloom.sql.names import context
from drawloom.sql.parse import refuse_other, too_deep
from drawloom.sql.probes import Point, around, dense, probes
from drawloom.sql.query import Workshop
from drawloom.sql.sandbox import Clock, clock
from drawloom.sql.scope import Builder
from drawloom.sql.script import Occurrence, Script, Write
from drawloom.sql.shards import unite_shards
from drawloom.sql.template import Rendered, Template
from drawloom.sql.values import Moving, parse_time
from drawloom.sql.variants import Variant, variants

_MOST_DATES = 6


def read(
    text: str,
    *,
    dialect: str = "duckdb",
    keys: Sequence[str] = ("ds",),
    catalog: Catalog | None = None,
    schedule: Schedule | None = None,
    target: str | None = None,
    params: Mapping[str, Any] | None = None,
    file: str | None = None,
) -> Script:
    """What a text reads, with the days of each table, and what it writes.

    Args:
        text: SQL with Jinja, one statement or several.
        dialect: whose SQL it is.
        keys: the partition columns of tables that the catalog does not know, the day's first.
        catalog: tables with their keys and columns.
        schedule: how often it runs.
        target: the table that it fills, for ``{{ this }}``.
        params: the values of ``params``.
        file: its file, for places in errors.

    Raises:
        InputError: with one problem: ``not-sql``, ``template-error``, ``syntax-error`` or ``refused``.
    """
    # A byte order mark counts as white space; places stay the same.
    text = f" {text[1:]}" if text.startswith("\ufeff") else text
    names = tuple(key.lower() for key in keys)
    reader = _Reader(text, check_dialect(dialect), names, catalog or {}, schedule or Schedule(), target, params, file)
    try:
        return deeply(reader.script)
    except (RecursionError, MemoryError) as error:
        raise too_deep(file) from error


@dataclass(frozen=True, slots=True)
class _Look:
    """What one variant of a text was found to do, at its runs."""

    variant: Variant
    effects: Effects
    probed: Probed


@dataclass(slots=True)
class _Reader:
    text: str
    dialect: str
    keys: tuple[str, ...]
    catalog: Catalog
    schedule: Schedule
    target: str | None
    params: Mapping[str, Any] | None
    file: str | None

    def script(self) -> Script:
        refuse_other(self.text, self.file)
        template = Template(self.text, Where(self.file))
        runs = probes(self.schedule)
        looks = self._looks(template, runs)
        first = looks[0]
        measured = self._measured(looks, runs)
        others = _Later(self, template, lambda: around(_fixed_dates(first.variant), self.schedule))
        every = _Later(self, template, lambda: dense(self.schedule))
        reads = [
            fit(table, days, [] if template.still else others.of(table), partial(every.of, table))
            for table, days in measured.items()
        ]
        reads = _named(reads, looks)
        return Script(
            source=self.text,
            dialect=self.dialect,
            rendered=first.variant.rendered,
            day=runs[0].day,
            statements=first.variant.statements,
            keys=self.keys,
            schedule=self.schedule,
            catalog=self.catalog,
            target=self.target,
            file=self.file,
            reads=tuple(sorted(reads, key=lambda one: one.table.lower())),
            writes=_writes(looks),
            occurrences=tuple(self._occurrences(first, runs)),
        )

    def measure(self, template: Template, runs: Sequence[Point]) -> dict[str, Measured]:
        """For each table, the offsets that are read on some run days."""
        return self._measured(self._looks(template, runs), runs) if runs else {}

    def _looks(self, template: Template, runs: Sequence[Point]) -> list[_Look]:
        found = variants(self._texts(template, runs), self.dialect, self.file)
        looks = [self._look(variant, runs) for variant in found]
        unite_shards([look.effects.places for look in looks], [look.probed for look in looks])
        return looks

    def _texts(self, template: Template, runs: Sequence[Point]) -> list[Rendered]:
        if template.still:
            return [template.render({})] * len(runs)
        running = clock.set(Clock())
        try:
            return [template.render(self._names(run)) for run in runs]
        finally:
            clock.reset(running)

    def _names(self, run: Point) -> dict[str, Any]:
        return context(run.day, run.hour, self.schedule, self.params, {"target": self.target})

    def _look(self, variant: Variant, runs: Sequence[Point]) -> _Look:
        days = [runs[index].day for index in variant.runs]
        probed = Probed(days, [runs[index].hour for index in variant.runs])
        folder = Folder(self.dialect, variant.rendered.text, variant.moved, Moving(days))
        effects = Effects(Workshop(folder, probed, Builder(self.catalog, self.keys, self.dialect)))
        effects.run(variant.statements)
        return _Look(variant, effects, probed)

    def _measured(self, looks: Sequence[_Look], runs: Sequence[Point]) -> dict[str, Measured]:
        """For each table, the offsets that are read on each run day."""
        found: dict[str, dict[int, Days]] = {}
        for look in looks:
            sets: dict[str, list[Any]] = {}
            for place in look.effects.places:
                sets.setdefault(place.table.lower(), []).append(place.days)
            for table, days in sets.items():
                each = look.probed.either(days).at(look.probed.ordinals)
                found.setdefault(table, {}).update(zip(look.variant.runs, each, strict=True))
        return {table: _by_day(days, runs) for table, days in found.items()}

    def _occurrences(self, look: _Look, runs: Sequence[Point]) -> list[Occurrence]:
        found = []
        for place in look.effects.places:
            each = dict(zip(look.variant.runs, place.days.at(look.probed.ordinals), strict=True))
            measured = _by_day(each, [runs[index] for index in look.variant.runs], look.variant.runs)
            found.append(Occurrence(place.node, fit(place.table, measured, [], list)))
        return found


class _Later:
    """The days of tables on more runs, looked at once and only if asked for."""

    def __init__(self, reader: _Reader, template: Template, runs: Callable[[], Sequence[Point]]) -> None:
        self.reader = reader
        self.template = template
        self.runs = runs
        self.measured: dict[str, Measured] | None = None

    def of(self, table: str) -> Measured:
        """What is read of a table."""
        if self.measured is None:
            self.measured = self.reader.measure(self.template, self.runs())
        return self.measured.get(table, [])


def _fixed_dates(variant: Variant) -> list[date]:
    """The days in the text that do not move, a few of them."""
    found: set[date] = set()
    for statement in variant.statements:
        for literal in statement.find_all(exp.Literal):
            moment = parse_time(literal.this) if literal.meta.get("start") not in variant.moved else None
            if moment is not None:
                found.add(date(moment.year, moment.month, moment.day))
    some = sorted(found)
    return some if len(some) <= _MOST_DATES else [*some[: _MOST_DATES // 2], *some[-_MOST_DATES // 2 :]]


def _by_day(days: Mapping[int, Days], runs: Sequence[Point], indices: Sequence[int] | None = None) -> Measured:
    """Runs of the same day (the hours of an hourly schedule) count as one: what any of them reads."""
    found: dict[Any, Days] = {}
    for index, run in zip(indices or range(len(runs)), runs, strict=True):
        found[run.day] = found.get(run.day, Days()) | days.get(index, Days())
    return list(found.items())


def _named(reads: Sequence[Read], looks: Sequence[_Look]) -> list[Read]:
    """The reads with each table as the user first wrote it."""
    written: dict[str, str] = {}
    for look in looks:
        for place in look.effects.places:
            written.setdefault(place.table.lower(), place.table)
    return [replace(one, table=written[one.table]) for one in reads]


def _writes(looks: Sequence[_Look]) -> tuple[Write, ...]:
    """The writes of the first variant, and those that only others do."""
    writes = list(looks[0].effects.writes)
    for look in looks[1:]:
        for write in look.effects.writes:
            if not any((write.table, write.mode) == (known.table, known.mode) for known in writes):
                writes.append(write)
    return tuple(writes)
