"""What a plan would cost: partitions, what they read as the registry recorded it, and seconds as earlier runs took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drawloom.run.as_json import by_table
from drawloom.run.spans import Span, find_spans

if TYPE_CHECKING:
    from drawloom.run.plan import Plan
    from drawloom.run.snapshot import WarehouseSnapshot

NEWEST = 30  # partitions of a table whose seconds are taken for those to come


@dataclass(frozen=True, slots=True)
class TableCost:
    """The partitions of one table that would be written.

    ``replaced`` of them exist. ``seconds`` is what they would take one after the other; None where none was written yet.
    """

    table: str
    count: int
    replaced: int
    spans: Sequence[Span]
    seconds: float | None


@dataclass(frozen=True, slots=True)
class ReadCost:
    """The partitions of one table that would be read, each counted once.

    ``made`` of them are written by the plan itself, so their rows are not known yet, nor are those of ``unrecorded`` ones,
    which others write.
    """

    table: str
    partitions: int
    made: int
    unrecorded: int
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class PlanCost:
    """What a plan would write and read."""

    tables: Sequence[TableCost]
    reads: Sequence[ReadCost]

    @property
    def partitions(self) -> int:
        """How many partitions would be written."""
        return sum(one.count for one in self.tables)

    @property
    def replaced(self) -> int:
        """How many of them exist."""
        return sum(one.replaced for one in self.tables)

    @property
    def seconds(self) -> float:
        """What it would take one after the other, as far as that is known."""
        return sum(one.seconds or 0.0 for one in self.tables)

    @property
    def unknown(self) -> list[str]:
        """The tables of which nothing was written yet, so that their seconds are not known."""
        return [one.table for one in self.tables if one.seconds is None]

    @property
    def read(self) -> ReadCost:
        """All that would be read."""
        sums = (sum(getattr(one, name) for one in self.reads) for name in ReadCost.__slots__[1:])
        return ReadCost("", *sums)


def cost_of(plan: Plan, snapshot: WarehouseSnapshot) -> PlanCost:
    """What a plan would write and read."""
    todo = plan.todo
    written = {partition.key for partition in todo}
    reads: list[ReadCost] = []
    for table, days in sorted(plan.reads.items()):
        records = snapshot.records.get(table, {})
        made = sum((table, ds) in written for ds in days)
        known = [records[ds] for ds in days if ds in records and (table, ds) not in written]
        others = len(days) - made - len(known)
        rows, size = sum(record.rows for record in known), sum(record.bytes for record in known)
        reads.append(ReadCost(table, len(days), made, others, rows, size))
    costs = []
    for table, partitions in by_table(todo):
        records = snapshot.records.get(table, {})
        replaced = sum(partition.ds in records for partition in partitions)
        seconds = _mean_seconds(snapshot, table)
        spans, count = find_spans(partitions), len(partitions)
        costs.append(TableCost(table, count, replaced, spans, None if seconds is None else seconds * count))
    return PlanCost(costs, reads)


def _mean_seconds(snapshot: WarehouseSnapshot, table: str) -> float | None:
    records = snapshot.records.get(table, {})
    newest = [records[ds].seconds for ds in sorted(records)[-NEWEST:]]
    return sum(newest) / len(newest) if newest else None
