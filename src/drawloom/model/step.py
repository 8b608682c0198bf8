"""Steps: a SELECT or a Python function, the table it fills, what it reads, and its checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from drawloom.model.days import ALL, Bound, DateSpan, Days
from drawloom.model.family import Family
from drawloom.model.problem import Where
from drawloom.model.slices import SliceRead
from drawloom.model.table import Table

if TYPE_CHECKING:
    import pyarrow as pa

ReadKind = Literal["offset", "fixed", "calendar", "all"]


@dataclass(frozen=True, slots=True)
class Read:
    """Which days of a table a step reads: the rule that people are shown, and that holds on every day or is measured.

    Where ``Step.days_vary``, the run of a day reads what its text says on that very day, which may be other days.
    ``how`` is the kind of rule. offset: ``days`` from the run's day. fixed: the same ``dates`` on every run.
    calendar: by the rules in ``calendar``; where no rule fits, ``days`` is a hull of what was measured. all: no bound
    was found. ``measured`` holds the spans at the probe days of a calendar read. ``within``: the rule of a calendar read
    holds from a fixed date on, until one, or between two; outside of them nothing is read. All days since a launch are
    ``calendar`` up to the run's day, within that date and no end.
    """

    table: str
    days: Days = ALL
    how: ReadKind = "all"
    dates: tuple[DateSpan, ...] = ()
    calendar: tuple[tuple[Bound | None, Bound | None], ...] = ()
    measured: tuple[tuple[date, tuple[DateSpan, ...]], ...] = ()
    within: DateSpan = (None, None)

    def on(self, day: date) -> tuple[DateSpan, ...]:
        """The spans of dates that the run of this day reads; a None end is open."""
        if self.how == "fixed":
            return self.dates
        if self.how == "calendar" and self.calendar:
            found = Days.union((_offset(a, day), _offset(b, day)) for a, b in self.calendar)
            return (found & self._allowed(day)).on(day) if self.is_clipped else found.on(day)
        return self.days.on(day)

    def _allowed(self, day: date) -> Days:
        first, last = ((end - day).days if end else None for end in self.within)
        return Days.span(first, last)

    @property
    def is_clipped(self) -> bool:
        """Whether its rule holds only from a fixed date on, or until one."""
        return self.within != (None, None)

    @property
    def offsets(self) -> Days:
        """The offsets that are read on every run: all of an offset read, none or some of a calendar read."""
        if self.how != "calendar" or self.is_clipped:
            return self.days if self.how == "offset" else Days()
        fixed = ((a, b) for a, b in self.calendar if a and b and a.is_fixed_offset and b.is_fixed_offset)
        return Days.union((a.days, b.days) for a, b in fixed)

    @property
    def exact(self) -> bool:
        """Whether the days can be listed before the run: they have both ends on every run."""
        spans: tuple[tuple[Any, Any], ...] = self.dates or self.calendar or self.days.spans
        has_first, has_last = (end is not None for end in self.within)
        ends = [(a is not None or has_first, b is not None or has_last) for a, b in spans]
        return self.how != "all" and all(map(all, ends))


@dataclass(frozen=True, slots=True)
class RangeBound:
    """One end of the days that backfill SQL reads, counted from the start or the end of the range it fills.

    ``bound`` may also count from the start of the month (or another unit) that this day is in.
    """

    of: Literal["start", "end"]
    bound: Bound = Bound()

    def on(self, start: date, end: date) -> date:
        """The date for a range."""
        return self.bound.on(start if self.of == "start" else end)


@dataclass(frozen=True, slots=True)
class RangeRead:
    """Days of a table that the backfill SQL of a step reads for a range of days; an end that is None is open.

    Days that are not in one span are several of these.
    """

    table: str
    first: RangeBound | None = None
    last: RangeBound | None = None

    def on(self, start: date, end: date) -> DateSpan:
        """The span of dates for a range."""
        return (
            self.first.on(start, end) if self.first else None,
            self.last.on(start, end) if self.last else None,
        )

    @property
    def is_before_range(self) -> bool:
        """Whether it ends before the range starts, as a read of the state that the range continues from."""
        return self.last is not None and self.last.of == "start" and self.last.bound.is_before_day


@dataclass(frozen=True, slots=True)
class Wait:
    """What must exist before a step may start: these days of a table, counted from the run's day."""

    table: str
    days: Days


@dataclass(frozen=True, slots=True)
class Check:
    """A test of the staged partition before it is published: SQL over the table ``staged`` that must return no rows.

    ``sql`` is a template over ``ds``; ``{{ staged }}`` names the staged partition. ``reads`` are the
    tables that the check reads besides. A failing check of severity warn is reported and lets the partition pass.
    ``by_row`` checks can be run on several days at once: they find the same rows as one run for each day.
    ``where`` is its place in the spec; that of the step where it has none of its own.
    """

    name: str
    sql: str
    severity: Literal["error", "warn"] = "error"
    reads: tuple[Read, ...] = ()
    by_row: bool = False
    where: Where = Where()


class StepContext(Protocol):
    """The argument of a Python step: the day to fill, the step's parameters, and the declared reads as Arrow tables."""

    @property
    def folder(self) -> Path:
        """The project's folder."""
        ...

    @property
    def ds(self) -> date:
        """The day to fill."""
        ...

    @property
    def params(self) -> Mapping[str, Any]:
        """The parameters of the step."""
        ...

    @property
    def is_preview(self) -> bool:
        """Whether its rows are only looked at: nobody else must learn of them."""
        ...

    def exists(self, table: str) -> bool:
        """Whether a declared table has a partition among the declared days; one without rows counts."""
        ...

    def content(self, table: str) -> str:
        """The hash of what the declared days of a declared table hold; '' where there is nothing."""
        ...

    def previous(self) -> pa.Table | None:
        """The rows that the partition has now, which those of this run replace; None where there is none yet."""
        ...

    def read(self, table: str) -> pa.Table:
        """The declared days of a declared table."""
        ...

    def query(self, sql: str) -> pa.Table:
        """The result of a SELECT over the declared tables."""
        ...

    def batches(self, sql: str, rows: int) -> Iterator[pa.Table]:
        """The same, so many rows at a time: the whole need not fit in memory. An empty result is one table without rows."""
        ...


Call = Callable[[StepContext], "pa.Table"]


@dataclass(frozen=True, slots=True)
class Step:
    """A SELECT (a template over ``ds``) or a Python function, and the table whose partition it fills.

    ``reads`` are inferred from the SQL, or declared for a Python step. ``backfill_sql`` is a template over
    ``start`` and ``end`` that projects ``ds`` and fills that range in one pass; ``backfill_reads`` is what it reads,
    None where there is no backfill SQL.
    ``depends_on`` overrides the days inferred for a table: other days to wait for, or None for no wait.
    ``fingerprint`` changes when what the step computes may change.
    ``landed``: its partitions cannot be computed again, such as a snapshot of a production table, or the receipt
    of something that was sent. A change of its code or inputs does not make them stale, and past days are filled only
    on request.
    ``families`` are the families it reads, each with the members it reads.
    ``days_vary``: ``reads`` are rules that its SQL may not follow on every day, so the days are measured for each run.
    ``macros`` are the definitions of the project's macros that its texts use.
    ``slices`` are the parts of other steps' tables that it reads, one of a table: it sees no other rows of these.
    ``slice_code`` is a fingerprint for each value of ``into.sliced_by`` of what computes its rows: where one has not changed, a
    plan knows before the run that its rows will not.
    ``probes`` are SELECTs that no run computes, over tables that the step reads: they are only bound, to find what is wrong with
    SQL of the spec that is used later.
    """

    name: str
    into: Table
    sql: str | None = None
    call: Call | None = None
    reads: tuple[Read, ...] = ()
    backfill_sql: str | None = None
    backfill_reads: tuple[RangeRead, ...] | None = None
    checks: tuple[Check, ...] = ()
    dialect: str = "duckdb"
    params: Mapping[str, Any] = field(default_factory=dict)
    depends_on: Mapping[str, Days | None] = field(default_factory=dict)
    fingerprint: str = ""
    where: Where = Where()
    landed: bool = False
    families: tuple[Family, ...] = ()
    days_vary: bool = False
    macros: str = ""
    slices: tuple[SliceRead, ...] = ()
    slice_code: Mapping[str, str] = field(default_factory=dict)
    probes: tuple[Check, ...] = ()

    @property
    def reads_own_past(self) -> bool:
        """Whether the step reads earlier days of the table it fills ("depends on yesterday")."""
        return any(read.table == self.into.name for read in self.reads)

    @property
    def tables(self) -> set[str]:
        """The table it fills and those that it and its checks read; on some days it may read others (``days_vary``)."""
        checks = {read.table for check in self.checks for read in check.reads}
        ranges = {ranged.table for ranged in self.backfill_reads or ()}
        return {self.into.name} | {read.table for read in self.reads} | ranges | checks

    @property
    def resumes_from(self) -> tuple[str, ...]:
        """The tables whose partitions before the range its backfill SQL continues from (its checkpoints)."""
        return tuple(dict.fromkeys(read.table for read in self.backfill_reads or () if read.is_before_range))


def _offset(bound: Bound | None, day: date) -> int | None:
    return None if bound is None else (bound.on(day) - day).days
