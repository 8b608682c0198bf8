"""Pipelines: steps on one schedule, and the edges, waits and order that follow from what they read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from graphlib import CycleError, TopologicalSorter

from drawloom.model.days import Days
from drawloom.model.hashing import digest
from drawloom.model.problem import Where, refuse
from drawloom.model.schedule import Schedule
from drawloom.model.step import Read, Step, Wait


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Steps on one schedule. Reads, edges, waits, order and fingerprint are derived, never declared.

    ``start`` is the first day of its history, None for the project's. ``until`` is the last day that is
    scheduled, None for ever. ``alerts`` are addresses as the spec gives them, which are notified of failures and of
    runs that take longer than ``deadline``.
    """

    name: str
    kind: str
    steps: tuple[Step, ...]
    schedule: Schedule = Schedule()
    start: date | None = None
    until: date | None = None
    owner: str = ""
    description: str = ""
    retries: int = 2
    alerts: tuple[str, ...] = ()
    deadline: timedelta | None = None
    spec: Where = Where()
    on_success: Callable[..., object] | None = None
    on_failure: Callable[..., object] | None = None
    tags: tuple[str, ...] = ()

    @property
    def tables(self) -> dict[str, Step]:
        """The step that fills each table."""
        return {step.into.name: step for step in self.steps}

    @property
    def reads(self) -> tuple[Read, ...]:
        """What the steps read from outside this pipeline, and of their own past."""
        own = self.tables
        return tuple(r for step in self.steps for r in step.reads if r.table not in own or _reads_earlier_days(r))

    @property
    def edges(self) -> tuple[tuple[str, str], ...]:
        """Pairs (before, after) of step names: the later one reads what the earlier one fills on the same run."""
        own = self.tables
        pairs = {
            (own[read.table].name, step.name)
            for step in self.steps
            for read in step.reads
            if read.table in own and own[read.table] is not step and _reads_run_day(read)
        }
        return tuple(sorted(pairs))

    @property
    def waits(self) -> tuple[Wait, ...]:
        """One wait per outside table and own past, with the union of the days that the steps need."""
        own = self.tables
        waits: dict[str, Days] = {}
        for step in self.steps:
            for read in step.reads:
                days = read.offsets
                if read.table in own:  # today's partition is written by this very run
                    days -= Days.span(0, None)
                if days:
                    waits[read.table] = waits.get(read.table, Days()) | days
        return tuple(Wait(table, days) for table, days in sorted(waits.items()))

    @property
    def order(self) -> tuple[Step, ...]:
        """The steps, each after those it reads.

        Raises:
            InputError: they wait for each other in a circle.
        """
        by_name = {step.name: step for step in self.steps}
        return tuple(by_name[name] for name in sort_names(by_name, self.edges, self.spec))

    @property
    def fingerprint(self) -> str:
        """Changes when what any step computes may change."""
        return digest(step.name + step.into.name + step.fingerprint for step in self.steps)


def sort_names(names: Iterable[str], edges: Iterable[tuple[str, str]], where: Where) -> list[str]:
    """The names in an order in which each follows its predecessors, ties by name.

    Raises:
        InputError: there is a cycle.
    """
    sorter: TopologicalSorter[str] = TopologicalSorter({name: set() for name in names})
    for before, after in edges:
        sorter.add(after, before)
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise refuse(
            "cycle",
            f"steps == {circle}, must not wait for each other in a circle.",
            where,
            "Let one of them read an earlier day.",
        ) from error
    ordered: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered += ready
        sorter.done(*ready)
    return ordered


def _reads_earlier_days(read: Read) -> bool:
    return read.how != "offset" or any(first is None or first < 0 for first, _ in read.days.spans)


def _reads_run_day(read: Read) -> bool:
    return read.how != "offset" or 0 in read.days
