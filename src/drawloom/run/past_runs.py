"""What ran, as far as the registry knows: writes that followed each other closely, whoever started them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from drawloom.model import Record
from drawloom.run.plan import Key
from drawloom.run.spans import same_on_days

GAP = timedelta(seconds=60)  # between writes of one run there is less
PREFIX = "written-"
Records = Mapping[str, Mapping[date, Record]]


@dataclass(frozen=True, slots=True)
class Write:
    """One partition that was written or failed: when that began and ended."""

    table: str
    ds: date
    began: datetime
    ended: datetime
    seconds: float = 0.0
    rows: int = 0
    landed: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True)
class TableWrites:
    """What a run wrote of one table."""

    table: str
    first: date
    last: date
    written: int
    failed: int
    rows: int
    seconds: float


@dataclass(frozen=True)
class PastRun:
    """Writes that followed each other closely, in the order of their ends."""

    writes: Sequence[Write]

    @property
    def id(self) -> str:
        """Names it as long as its first write is the newest of that partition; later ones sort behind earlier ones."""
        return f"{PREFIX}{self.writes[0].ended:%Y%m%d-%H%M%S-%f}"

    @cached_property
    def began(self) -> datetime:
        """When the first write began."""
        return min(write.began for write in self.writes)

    @property
    def ended(self) -> datetime:
        """When the last write ended."""
        return self.writes[-1].ended

    @property
    def landed(self) -> bool:
        """Whether all of it was landed from raw files."""
        return all(write.landed for write in self.writes)

    @cached_property
    def written(self) -> int:
        """How many partitions it wrote."""
        return sum(write.error is None for write in self.writes)

    @property
    def failed(self) -> int:
        """How many partitions failed."""
        return len(self.writes) - self.written

    @cached_property
    def tables(self) -> list[TableWrites]:
        """What it did, by table, in the order in which they were first written."""
        by_table: dict[str, list[Write]] = {}
        for write in self.writes:
            by_table.setdefault(write.table, []).append(write)
        return [_of_table(table, writes) for table, writes in by_table.items()]

    @property
    def failures(self) -> list[tuple[str, Sequence[date], str]]:
        """Each error with its table and all days that have it."""
        failed = [(write.table, write.ds, write.error) for write in self.writes if write.error is not None]
        return [(table, sorted(days), text) for table, days, text in same_on_days(failed)]


@dataclass(frozen=True, slots=True)
class Window:
    """A run that is known otherwise: what it wrote of its tables in this time is its own."""

    began: datetime
    ended: datetime
    tables: frozenset[str]


def find_past_runs(
    records: Records,
    failures: Mapping[Key, str],
    failed_at: Mapping[Key, datetime],
    known: Iterable[Window] = (),
) -> list[PastRun]:
    """All runs that the registry still shows, the newest first: it keeps the last write of each partition.

    Args:
        records: of all partitions.
        failures: the last error of each partition that was not written since.
        failed_at: when that was.
        known: runs that are known otherwise, and left out.
    """
    writes = [*_written(records), *_failed(failures, failed_at)]
    writes.sort(key=lambda write: (write.ended, write.table, write.ds))
    windows = sorted(known, key=lambda window: window.began)
    return [PastRun(group) for group in _group(_left_over(writes, windows))][::-1]


def _written(records: Records) -> Iterator[Write]:
    """All writes. Days that one pass wrote share its seconds: it began that long before the first of them was noted."""
    passes: dict[str, float] = defaultdict(float)
    for days in records.values():
        for record in days.values():
            passes[record.run] += record.seconds
    for table, days in records.items():
        for ds, record in days.items():
            if record.at:
                began = record.at - timedelta(seconds=passes[record.run])
                yield Write(table, ds, began, record.at, record.seconds, record.rows, record.is_landed)


def _failed(failures: Mapping[Key, str], failed_at: Mapping[Key, datetime]) -> Iterator[Write]:
    for (table, ds), error in failures.items():
        if at := failed_at.get((table, ds)):
            yield Write(table, ds, at, at, error=error)


def _left_over(writes: Iterable[Write], windows: Sequence[Window]) -> Iterator[Write]:
    """The writes of no window. Both are in the order of time, so only the windows that may still hold one are kept."""
    open_windows: list[Window] = []
    at = 0
    for write in writes:
        while at < len(windows) and windows[at].began <= write.ended:
            open_windows.append(windows[at])
            at += 1
        if open_windows:
            open_windows = [window for window in open_windows if window.ended >= write.ended]
        if not any(write.table in window.tables for window in open_windows):
            yield write


def _group(writes: Iterable[Write]) -> Iterator[list[Write]]:
    group: list[Write] = []
    for write in writes:
        if group and write.began - group[-1].ended > GAP:
            yield group
            group = []
        group.append(write)
    if group:
        yield group


def _of_table(table: str, writes: Sequence[Write]) -> TableWrites:
    days = [write.ds for write in writes]
    failed = sum(write.error is not None for write in writes)
    rows, seconds = sum(write.rows for write in writes), sum(write.seconds for write in writes)
    return TableWrites(table, min(days), max(days), len(writes) - failed, failed, rows, seconds)
