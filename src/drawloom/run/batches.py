"""Batches: the partitions that are written in one pass, and the order of the passes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from graphlib import CycleError, TopologicalSorter
from itertools import groupby

from drawloom.run.plan import UNDATED, Key, PlannedPartition

MAX_BACKFILL_DAYS = 92  # in one pass of backfill SQL: bounds memory, and what a failure costs
MAX_SELECT_DAYS = 31  # whose own SELECTs are run as one query


@dataclass(frozen=True, slots=True)
class Batch:
    """One partition, or several of one step that are written in one pass."""

    partitions: tuple[PlannedPartition, ...]

    @property
    def first(self) -> PlannedPartition:
        """The earliest partition."""
        return self.partitions[0]

    @property
    def is_multi_day(self) -> bool:
        """Whether the SELECTs of several days are run as one query; if that fails, they can be run one by one."""
        return len(self.partitions) > 1 and not self.first.step.backfill_sql

    @property
    def range_start(self) -> date | None:
        """The first day of the range that backfill SQL computes; None where the SQL of each day is run."""
        if self.first.range_start:
            return self.first.range_start
        return self.first.ds if len(self.partitions) > 1 and self.first.step.backfill_sql else None

    @property
    def keys(self) -> frozenset[Key]:
        """The partitions that this batch writes."""
        return frozenset(partition.key for partition in self.partitions)

    @property
    def run_after(self) -> Iterator[Key]:
        """The partitions to write before it, if they are to be written at all."""
        for partition in self.partitions:
            yield from ((table, ds) for table, days in partition.needs.visible.items() for ds in days if ds is not None)
            yield from partition.run_after


def schedule_batches(todo: Sequence[PlannedPartition], jobs: int) -> tuple[list[Batch], TopologicalSorter[int]]:
    """The batches of a plan, enough of them for this many jobs, and a prepared sorter of their numbers.

    Ranges that would wait for each other in a circle (two tables that read each other's yesterday) are run day by day.
    """
    batches = list(_make_batches(todo, jobs))
    sorter = _sorter(batches)
    try:
        sorter.prepare()
    except CycleError:
        batches = [Batch((partition,)) for partition in todo]
        sorter = _sorter(batches)
        sorter.prepare()
    return batches, sorter


def predecessors(batches: Sequence[Batch]) -> list[set[int]]:
    """For each batch the numbers of those that must run before it."""
    owner = {key: number for number, batch in enumerate(batches) for key in batch.keys}
    return [
        {owner[key] for key in batch.run_after if key in owner and owner[key] != number}
        for number, batch in enumerate(batches)
    ]


def _sorter(batches: Sequence[Batch]) -> TopologicalSorter[int]:
    return TopologicalSorter(dict(enumerate(predecessors(batches))))


def _make_batches(todo: Sequence[PlannedPartition], jobs: int) -> Iterator[Batch]:
    for step, group in groupby(todo, key=lambda partition: partition.step):
        partitions = tuple(group)
        if step.backfill_sql:
            for days in _contiguous(partitions):
                yield from _split(days, MAX_BACKFILL_DAYS)
        else:
            enough_for_all_jobs = max(1, len(partitions) // (2 * jobs))
            for length, alike in groupby(partitions, key=_max_select_days):
                yield from _split(tuple(alike), min(length, enough_for_all_jobs))


def _split(partitions: tuple[PlannedPartition, ...], length: int) -> Iterator[Batch]:
    return (Batch(partitions[n : n + length]) for n in range(0, len(partitions), length))


def _max_select_days(partition: PlannedPartition) -> int:
    """How many days in a row, each as this one, can be computed in one query.

    What a day reads must not depend on which other days are visible, nor on those that are written just before.
    """
    step = partition.step
    reads = [*partition.needs.reads, *(read for check in step.checks for read in check.reads)]
    independent = all(read.exact or partition.needs.visible[read.table] == UNDATED for read in reads)
    if step.call or step.reads_own_past or not independent:
        return 1
    own_past = [-(read.days.last or 0) for read in reads if read.table == step.into.name]
    return max(1, min([MAX_SELECT_DAYS, *own_past]))


def _contiguous(partitions: Iterable[PlannedPartition]) -> Iterator[tuple[PlannedPartition, ...]]:
    """Ranges of consecutive days that one pass of backfill SQL can compute."""
    days: list[PlannedPartition] = []
    for partition in partitions:
        if days and not _continues(days[-1], partition):
            yield tuple(days)
            days = []
        days.append(partition)
    if days:
        yield tuple(days)


def _continues(last: PlannedPartition, partition: PlannedPartition) -> bool:
    if last.unbatchable or partition.unbatchable:
        return False
    return (partition.ds - last.ds).days == 1 and partition.range_start == last.range_start
