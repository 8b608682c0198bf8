"""Steps: a SELECT, or a Python function, and the table it fills."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, Protocol

from drawloom.model.days import ALL, Bound, DateSpan, Days
from drawloom.model.problem import Where
from drawloom.model.table import Table

if TYPE_CHECKING:
    import pyarrow as pa

How = Literal["offset", "fixed", "calendar", "all"]


@dataclass(frozen=True, slots=True)
class Read:
    """Which days of a table a step reads, and how that was known.

    offset: ``days`` from the run's day. fixed: the same ``dates`` on every run. calendar: by the rules in
    ``calendar``; where no rule fits, ``days`` is a hull of what was measured. all: no bound could be read.
    ``measured`` holds the spans at the probe days of a calendar read.
    """

    table: str
    days: Days = ALL
    how: How = "all"
    dates: tuple[DateSpan, ...] = ()
    calendar: tuple[tuple[Bound | None, Bound | None], ...] = ()
    measured: tuple[tuple[date, tuple[DateSpan, ...]], ...] = ()

    def on(self, day: date) -> tuple[DateSpan, ...]:
        """The spans of dates that the run of this day reads; a None end is open."""
        if self.how == "fixed":
            return self.dates
        if self.how == "calendar" and self.calendar:
            return Days.union((_offset(a, day), _offset(b, day)) for a, b in self.calendar).on(day)
        return self.days.on(day)

    @property
    def offsets(self) -> Days:
        """The days that are read on every run, counted from its day: all of an offset read, none or some of a calendar."""
        if self.how != "calendar":
            return self.days if self.how == "offset" else Days()
        steady = ((a, b) for a, b in self.calendar if a and b and a.steady and b.steady)
        return Days.union((a.days, b.days) for a, b in steady)

    @property
    def exact(self) -> bool:
        """Whether the days can be listed ahead of time: they have both ends on every run."""
        spans: tuple[tuple[Any, Any], ...] = self.dates or self.calendar or self.days.spans
        return self.how != "all" and all(a is not None and b is not None for a, b in spans)


@dataclass(frozen=True, slots=True)
class Edge:
    """One end of the days that backfill SQL reads: so many days from the range's start or from its end, or from the
    start of the month (or another unit) that it is in."""

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
    first: Edge | None = None
    last: Edge | None = None

    def on(self, start: date, end: date) -> DateSpan:
        """The span of dates for a range."""
        return (
            self.first.on(start, end) if self.first else None,
            self.last.on(start, end) if self.last else None,
        )

    @property
    def before(self) -> bool:
        """Whether it ends before the range starts, so that it stands for everything that came before."""
        return self.last is not None and self.last.of == "start" and self.last.bound.before


@dataclass(frozen=True, slots=True)
class Wait:
    """What must exist before a step may start: these days of a table, counted from the run's day."""

    table: str
    days: Days


@dataclass(frozen=True, slots=True)
class Check:
    """A test of the staged partition before it is published: SQL over the table ``staged`` that must return no rows.

    ``sql`` is a template over ``ds``; ``{{ staged }}`` names the staged partition. ``reads`` are the
    tables the check looks at besides. A failing check of severity warn is reported and lets the partition pass.
    ``by_row`` says that the rows it finds in several days at once are those that it finds in each.
    """

    name: str
    sql: str
    severity: Literal["error", "warn"] = "error"
    reads: tuple[Read, ...] = ()
    by_row: bool = False


class StepContext(Protocol):
    """What a Python step is given: the day to fill, and the declared reads as Arrow tables."""

    @property
    def ds(self) -> date:
        """The day to fill."""
        ...

    def read(self, table: str) -> pa.Table:
        """The declared days of a declared table."""
        ...

    def query(self, sql: str) -> pa.Table:
        """The answer to a SELECT over the declared tables."""
        ...


Call = Callable[[StepContext], "pa.Table"]


@dataclass(frozen=True, slots=True)
class Step:
    """A SELECT (a template over ``ds``) or a Python function, and the table whose partition it fills.

    ``reads`` are read out of the SQL, or declared for a Python step. ``backfill_sql`` is a template over
    ``start`` and ``end`` that projects ``ds`` and fills that range in one pass; ``backfill_reads`` is what it reads,
    None where that is what the days read one by one.
    ``depends_on`` overrides what the SQL says of a table: other days to wait for, or None not to wait at all.
    ``fingerprint`` changes when what the step computes may change.
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

    @property
    def past(self) -> bool:
        """Whether the step reads earlier days of the table it fills ("depends on yesterday")."""
        return any(read.table == self.into.name for read in self.reads)

    @property
    def resumes_from(self) -> tuple[str, ...]:
        """The tables from whose partitions before the range its backfill SQL goes on."""
        return tuple(dict.fromkeys(read.table for read in self.backfill_reads or () if read.before))


def _offset(bound: Bound | None, day: date) -> int | None:
    return None if bound is None else (bound.on(day) - day).days
