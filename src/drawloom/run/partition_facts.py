"""What is known of one partition: what it was made of and whether that has changed since, and what reads it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from drawloom.model import Inputs, SliceRead
from drawloom.run.plan import PlannedPartition
from drawloom.run.snapshot import FOREIGN, WarehouseSnapshot

Change = Literal["same", "changed", "gone", "unknown"]


@dataclass(frozen=True, slots=True)
class InputDay:
    """A partition that another one was made of: its content hash then and now.

    ``ds`` is None where the table has no days. ``change`` is unknown for a table of a catalog that we do not fill.
    """

    table: str
    ds: date | None
    then: str
    now: str | None

    @property
    def change(self) -> Change:
        """What happened to it since."""
        if self.now is None:
            return "gone"
        if self.now == FOREIGN:
            return "unknown"
        return "same" if self.now == self.then else "changed"


def compare_inputs(
    inputs: Inputs, snapshot: WarehouseSnapshot, slices: Iterable[SliceRead] = ()
) -> dict[str, list[InputDay]]:
    """What a partition was made of, by table and in the order of days, compared with what exists now."""
    parts = {one.table: one for one in slices}
    found: dict[str, list[InputDay]] = {}
    for table in sorted(inputs):
        days = {text: date.fromisoformat(text) if text else None for text in inputs[table]}
        contents = snapshot.contents.get(table, {})
        now = snapshot.of_slices(parts[table], days.values()) if table in parts else contents
        for text, then in sorted(inputs[table].items()):
            ds = days[text]
            found.setdefault(table, []).append(InputDay(table, ds, then, now.get(ds)))
    return found


def missing_needs(partition: PlannedPartition, snapshot: WarehouseSnapshot) -> list[tuple[str, date | None]]:
    """The partitions that it needs and that do not exist."""
    missing = {need for need in partition.needs.required if not snapshot.has(*need)}
    return sorted(missing, key=lambda need: (need[0], need[1] or date.min))


def find_readers(
    tables: Mapping[str, Sequence[PlannedPartition]], table: str, ds: date | None
) -> Iterator[PlannedPartition]:
    """The partitions whose runs read this one, table by table.

    Args:
        tables: all planned partitions, by table.
        table: the one that is read.
        ds: the day that is read; None for a table without days.
    """
    for partitions in tables.values():
        if partitions and table in _tables_read(partitions[0]):
            yield from (one for one in partitions if _contains(one.needs.visible.get(table, ()), ds))


def _tables_read(partition: PlannedPartition) -> set[str]:
    step = partition.step
    checks: Iterable[str] = (read.table for check in step.checks for read in check.reads)
    ranges = (read.table for read in step.backfill_reads or ())
    return {read.table for read in step.reads} | set(checks) | set(ranges)


def _contains(days: Sequence[date | None], ds: date | None) -> bool:
    if ds is None or not days or days[0] is None:
        return ds in days
    at = bisect_left(days, ds)  # type: ignore[type-var]
    return at < len(days) and days[at] == ds
