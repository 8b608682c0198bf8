"""Which partitions the run of a day must have, and which it may see."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from drawloom.model import DateSpan, Pipeline, RangeRead, Read, Step
from drawloom.run.world import World, clip

UNDATED = (None,)  # what is seen of a table without days


@dataclass(frozen=True, slots=True)
class Owner:
    """Who fills a table, and on which days of its history."""

    pipeline: Pipeline
    step: Step
    days: tuple[date, ...]
    kept: frozenset[date]


@dataclass(frozen=True, slots=True)
class Needs:
    """``required`` must exist before the run; ``seen`` is all it may read, required or not, by table in order."""

    required: tuple[tuple[str, date | None], ...]
    seen: Mapping[str, tuple[date | None, ...]]


class NeedsReader:
    """Answers what a step needs on a day, for one project's tables, sources and history.

    A read without bounds (or open at its end) sees the days up to the run's own: a run never looks past its day
    unless its SQL says so, and a rebuild then gives what the daily runs gave.
    """

    def __init__(self, owners: Mapping[str, Owner], world: World, start: date) -> None:
        self.owners = owners
        self._world = world
        self._start = start
        self._existing = {table: world.days(table) for table in world.contents if table not in owners}

    def of(self, step: Step, day: date) -> Needs:
        """The needs of one run."""
        required: list[tuple[str, date | None]] = []
        seen: dict[str, tuple[date | None, ...]] = {}
        for read in step.reads:
            must, may = self._of_read(step, read, day)
            required += [(read.table, ds) for ds in must]
            seen[read.table] = _in_order(seen.get(read.table, ()), must, may)
        for check in step.checks:
            for read in check.reads:
                _, may = self._of_read(step, read, day)
                seen[read.table] = _in_order(seen.get(read.table, ()), may)
        return Needs(tuple(required), seen)

    def of_range(self, step: Step, since: date, day: date) -> Needs:
        """The needs of one day that backfill SQL computes from ``since`` on."""
        required: list[tuple[str, date | None]] = []
        seen: dict[str, tuple[date | None, ...]] = {}
        for read in step.backfill_reads or ():
            must, may = self._of_span(step, read, since, day)
            required += [(read.table, ds) for ds in must]
            seen[read.table] = _in_order(seen.get(read.table, ()), must, may)
        return Needs(tuple(required), seen)

    def _of_span(
        self, step: Step, read: RangeRead, since: date, day: date
    ) -> tuple[list[date | None], list[date | None]]:
        if self._world.undated(read.table):
            return [None], []
        span = read.on(since, day)
        may = self._listed(read.table, [span], day)
        owner = self.owners.get(read.table)
        if read.table == step.into.name:
            may = [ds for ds in may if ds is not None and ds < since]
        if owner:
            return [ds for ds in may if ds in owner.kept], may
        return self._must(read.table, [span], day, exact=None not in span), may

    def after(self, step: Step, day: date) -> list[tuple[str, date]]:
        """Days that a check of this step compares with: run them first where they run at all."""
        reads = [read for check in step.checks for read in check.reads]
        return [
            (read.table, ds) for read in reads for ds in self._listed(read.table, read.on(day), day) if ds is not None
        ]

    def _of_read(self, step: Step, read: Read, day: date) -> tuple[list[date | None], list[date | None]]:
        if self._world.undated(read.table):
            return [None], []
        spans = read.on(day)
        owner = self.owners.get(read.table)
        must: list[date | None] = []
        may = self._listed(read.table, spans, day)
        if read.table in step.depends_on:
            wanted = step.depends_on[read.table]
            must = [] if wanted is None else self._must(read.table, wanted.on(day), day, exact=wanted.bounded)
        elif owner:
            must = [ds for ds in may if ds in owner.kept]
        else:
            must = self._must(read.table, spans, day, exact=read.exact)
        if read.table == step.into.name:
            must = [ds for ds in must if ds is not None and ds < day]
            may = [ds for ds in may if ds is not None and ds < day]
        return must, may

    def _must(self, table: str, spans: Iterable[DateSpan], day: date, *, exact: bool) -> list[date | None]:
        owner = self.owners.get(table)
        if owner:
            return [ds for ds in self._listed(table, spans, day) if ds in owner.kept]
        if not exact:
            spans = [(day, day)] if any(holds(span, day) for span in spans) else []
        wanted = (ds for span in spans for ds in _listed_days(*clip(span, self._start, _END)) if ds >= self._start)
        if table in self._world.gapless:
            existing = self._existing.get(table) or [self._start]
            held = set(existing)
            return [ds for ds in wanted if ds in held or ds > existing[-1]]
        return list(wanted)

    def _listed(self, table: str, spans: Iterable[DateSpan], day: date) -> list[date | None]:
        owner = self.owners.get(table)
        existing = owner.days if owner else self._existing.get(table, [])
        found: list[date | None] = []
        for span in spans:
            first, last = clip(span, date.min, day if span[1] is None else _END)
            found += _between(existing, first, last)
        return found


_END = date(9999, 12, 31)


def holds(span: DateSpan, day: date) -> bool:
    """Whether a day lies in a span."""
    return (span[0] is None or span[0] <= day) and (span[1] is None or day <= span[1])


def _listed_days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _in_order(*groups: Iterable[date | None]) -> tuple[date | None, ...]:
    days = set().union(*groups)
    return tuple(days) if len(days) < 2 else tuple(sorted(days, key=lambda ds: ds or date.min))


def _between(days: tuple[date, ...] | list[date], first: date, last: date) -> list[date]:
    return list(days[bisect_left(days, first) : bisect_right(days, last)])
