"""What exists: the content of every partition that a step may read, and the records of those we made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from drawloom.model import DateSpan, Inputs, Record

Contents = dict[date | None, str]


@dataclass(slots=True)
class World:
    """Partitions by table.

    ``contents`` maps table -> day (None for a table without days) -> content hash, for the lake and the sources.
    ``records`` are those of the lake whose files are there and unchanged. ``failures`` maps (table, day) -> error.
    ``gone`` are records whose files are not there any more, such as those of expired partitions.
    ``odd`` says what is wrong with the files of partitions that were recorded and do not count any more.
    ``settled`` is the newest day of a source that is complete, where its lateness is not over for later ones.
    ``gapless`` are the sources whose missing days count as days without rows.
    """

    contents: dict[str, Contents] = field(default_factory=dict)
    records: dict[str, dict[date, Record]] = field(default_factory=dict)
    failures: Mapping[tuple[str, date], str] = field(default_factory=dict)
    odd: Mapping[tuple[str, date], str] = field(default_factory=dict)
    settled: Mapping[str, date] = field(default_factory=dict)
    gapless: frozenset[str] = frozenset()
    gone: Mapping[str, Mapping[date, Record]] = field(default_factory=dict)

    def days(self, table: str) -> list[date]:
        """The days of a table that exist and are settled, in order."""
        last = self.settled.get(table, date.max)
        return sorted(day for day in self.contents.get(table, ()) if day is not None and day <= last)

    def holds(self, table: str, ds: date | None) -> bool:
        """Whether a partition exists and is settled."""
        if ds is not None and ds > self.settled.get(table, date.max):
            return False
        return ds in self.contents.get(table, {})

    def undated(self, table: str) -> bool:
        """Whether this is a table without days, such as a file of airports."""
        return None in self.contents.get(table, ())

    def inputs(self, needs: Mapping[str, tuple[date | None, ...]]) -> Inputs:
        """The content of those needed partitions that exist, in the form that a record keeps."""
        return {
            table: {day.isoformat() if day else "": held[day] for day in days if day in held}
            for table, days in needs.items()
            if (held := self.contents.get(table, {})) is not None
        }

    def produced(self, record: Record) -> None:
        """Take in a partition that was just made."""
        self.records.setdefault(record.table, {})[record.ds] = record
        self.contents.setdefault(record.table, {})[record.ds] = record.content

    def dropped(self, table: str, ds: date) -> None:
        """Take in that a partition is not there any more."""
        self.contents.get(table, {}).pop(ds, None)
        if record := self.records.get(table, {}).pop(ds, None):
            self.gone = {**self.gone, table: {**self.gone.get(table, {}), ds: record}}


def clip(span: DateSpan, first: date, last: date) -> tuple[date, date]:
    """A span with its open ends closed; it may come out empty (first after last)."""
    return (max(span[0], first) if span[0] else first, min(span[1], last) if span[1] else last)
