"""Units of work: what is run in one go, and what each must come after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import groupby

from drawloom.run.plan import Cell, Key

LONGEST = 92  # days in one pass: bounds memory, and what a failure costs


@dataclass(frozen=True, slots=True)
class Work:
    """One cell, or a range of cells that the step's backfill SQL fills in one pass."""

    cells: tuple[Cell, ...]

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


def schedule_works(todo: Sequence[Cell]) -> tuple[list[Work], TopologicalSorter[int]]:
    """The works of a plan, and a prepared sorter over their numbers.

    Ranges that would wait for each other in a circle (two tables that read each other's yesterday) are run day by day.
    """
    works = list(_ranges(todo))
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


def _ranges(todo: Sequence[Cell]) -> Iterator[Work]:
    for step, cells in groupby(todo, key=lambda cell: cell.step):
        if not step.backfill_sql:
            yield from (Work((cell,)) for cell in cells)
            continue
        for run in _contiguous(cells):
            yield from (Work(run[n : n + LONGEST]) for n in range(0, len(run), LONGEST))


def _contiguous(cells: Iterable[Cell]) -> Iterator[tuple[Cell, ...]]:
    run: list[Cell] = []
    for cell in cells:
        if run and (cell.ds - run[-1].ds).days != 1:
            yield tuple(run)
            run = []
        run.append(cell)
    if run:
        yield tuple(run)
