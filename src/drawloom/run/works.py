"""Units of work: what is run in one go, and what each must come after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from graphlib import CycleError, TopologicalSorter
from itertools import groupby

from drawloom.run.needs import UNDATED
from drawloom.run.plan import Cell, Key

LONGEST = 92  # days of backfill SQL in one pass: bounds memory, and what a failure costs
MONTH = 31  # days whose own SELECTs are run together


@dataclass(frozen=True, slots=True)
class Work:
    """One cell, or several of a step that are filled in one pass."""

    cells: tuple[Cell, ...]

    @property
    def together(self) -> bool:
        """Whether the SELECTs of several days are run as one; if that fails, each may be run by itself."""
        return len(self.cells) > 1 and not self.first.step.backfill_sql

    @property
    def since(self) -> date | None:
        """The first day of the range that backfill SQL computes; None where the days' own SQL is run."""
        return self.first.since or (self.first.ds if len(self.cells) > 1 and self.first.step.backfill_sql else None)

    @property
    def first(self) -> Cell:
        """The earliest day."""
        return self.cells[0]

    @property
    def keys(self) -> frozenset[Key]:
        """The partitions that this work writes."""
        return frozenset(cell.key for cell in self.cells)

    @property
    def needs(self) -> Iterator[Key]:
        """The partitions that should be made before, if they are to be made at all."""
        for cell in self.cells:
            yield from ((table, ds) for table, days in cell.needs.seen.items() for ds in days if ds is not None)
            yield from cell.after


def schedule_works(todo: Sequence[Cell], jobs: int) -> tuple[list[Work], TopologicalSorter[int]]:
    """The works of a plan, enough of them for this many jobs, and a prepared sorter over their numbers.

    Ranges that would wait for each other in a circle (two tables that read each other's yesterday) are run day by day.
    """
    works = list(_ranges(todo, jobs))
    sorter = _sorter(works)
    try:
        sorter.prepare()
    except CycleError:
        works = [Work((cell,)) for cell in todo]
        sorter = _sorter(works)
        sorter.prepare()
    return works, sorter


def predecessors(works: Sequence[Work]) -> list[set[int]]:
    """For each work the numbers of those it must come after."""
    owner = {key: number for number, work in enumerate(works) for key in work.keys}
    return [
        {owner[key] for key in work.needs if key in owner and owner[key] != number} for number, work in enumerate(works)
    ]


def _sorter(works: Sequence[Work]) -> TopologicalSorter[int]:
    return TopologicalSorter(dict(enumerate(predecessors(works))))


def _ranges(todo: Sequence[Cell], jobs: int) -> Iterator[Work]:
    for step, group in groupby(todo, key=lambda cell: cell.step):
        cells = tuple(group)
        if step.backfill_sql:
            for run in _contiguous(cells):
                yield from _cut(run, LONGEST)
        else:
            yield from _cut(cells, max(1, min(_most(cells[0]), len(cells) // (2 * jobs))))


def _cut(cells: tuple[Cell, ...], length: int) -> Iterator[Work]:
    return (Work(cells[n : n + length]) for n in range(0, len(cells), length))


def _most(cell: Cell) -> int:
    """How many days in a row can be computed side by side.

    What a day reads must not depend on which other days can be seen, nor on those that are filled just before.
    """
    step = cell.step
    reads = [*step.reads, *(read for check in step.checks for read in check.reads)]
    if step.call or step.past or not all(read.exact or cell.needs.seen[read.table] == UNDATED for read in reads):
        return 1
    return min([MONTH, *(-(read.days.last or 0) for read in reads if read.table == step.into.name)])


def _contiguous(cells: Iterable[Cell]) -> Iterator[tuple[Cell, ...]]:
    run: list[Cell] = []
    for cell in cells:
        if run and ((cell.ds - run[-1].ds).days != 1 or cell.alone or cell.since != run[-1].since or run[-1].alone):
            yield tuple(run)
            run = []
        run.append(cell)
    if run:
        yield tuple(run)
