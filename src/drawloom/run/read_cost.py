"""What a run would read: partitions, rows and bytes, as the registry recorded them. No table is read for that."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import TYPE_CHECKING

from drawloom.model import DateSpan, Read, Record, Schedule
from drawloom.model.days import covers

if TYPE_CHECKING:
    from drawloom.run.owners import History


@dataclass(frozen=True, slots=True)
class ReadCost:
    """What is read of one table.

    ``days`` are the spans that are read. ``missing`` is how many of their days within the history have no partition yet. ``rows`` and ``bytes`` are None where nothing of the table is recorded, as others
    write it.
    """

    table: str
    days: tuple[DateSpan, ...]
    partitions: int
    missing: int
    rows: int | None
    bytes: int | None


Records = Mapping[str, Mapping[date, Record]]


def cost_of_day(reads: Iterable[Read], day: date, records: Records, history: History) -> list[ReadCost]:
    """What the run of a day reads, by table."""
    spans: dict[str, tuple[DateSpan, ...]] = {}
    for read in reads:
        spans[read.table] = (*spans.get(read.table, ()), *read.on(day))
    return [_cost(table, found, records.get(table), history) for table, found in spans.items()]


def cost_of_days(
    reads: Iterable[Read], schedule: Schedule, start: date, end: date, records: Records
) -> tuple[int, int, int]:
    """The rows and bytes that the runs of a range read if each runs by itself, and how many runs there are."""
    rows = size = 0
    days = schedule.run_days(start, end)
    for read in reads:
        sums = _Sums(records.get(read.table, {}))
        for day in days:
            more_rows, more_bytes = sums.of(read.on(day))
            rows, size = rows + more_rows, size + more_bytes
    return rows, size, len(days)


def _cost(table: str, spans: tuple[DateSpan, ...], records: Mapping[date, Record] | None, history: History) -> ReadCost:
    if records is None:
        return ReadCost(table, spans, 0, 0, None, None)
    read = [record for ds, record in records.items() if covers(spans, ds)]
    closed = [(max(a or history.start, history.start), min(b, history.end)) for a, b in spans if b]
    wanted = {date.fromordinal(n) for a, b in closed for n in range(a.toordinal(), b.toordinal() + 1)}
    missing = len(wanted - {record.ds for record in read})
    return ReadCost(table, spans, len(read), missing, sum(one.rows for one in read), sum(one.bytes for one in read))


class _Sums:
    """Rows and bytes of one table up to each day, so that a span costs two look-ups."""

    def __init__(self, records: Mapping[date, Record]) -> None:
        self._days = sorted(records)
        self._rows = [0, *accumulate(records[day].rows for day in self._days)]
        self._bytes = [0, *accumulate(records[day].bytes for day in self._days)]

    def of(self, spans: Iterable[DateSpan]) -> tuple[int, int]:
        """The rows and bytes of some spans."""
        rows = size = 0
        for first, last in spans:
            a = 0 if first is None else bisect_left(self._days, first)
            b = len(self._days) if last is None else bisect_right(self._days, last)
            rows += self._rows[max(a, b)] - self._rows[a]
            size += self._bytes[max(a, b)] - self._bytes[a]
        return rows, size
