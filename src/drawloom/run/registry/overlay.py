"""The registry as an environment sees it: the records of its own partitions over those of production."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import TypeVar

from drawloom.engines.overlay import Overlay
from drawloom.model import Column, Inputs, Record
from drawloom.run.registry import Registry
from drawloom.run.registry.environments import Replaced

T = TypeVar("T")


class OverlayRegistry(Registry):
    """A registry in which the records of an environment lie over those of production.

    Records have the names of the tables; in the database those of the environment have the names of the tables that
    store them. Production's records are never written.
    """

    def __init__(self, url: str, overlay: Overlay) -> None:
        super().__init__(url)
        self.overlay = overlay

    def records(self, tables: Collection[str] | None = None) -> dict[str, dict[date, Record]]:
        """All partitions (of these tables); also finds out which of them are read from the environment from now on."""
        found = super().records(self._with_stored(tables))
        for one in self.overlay.tables.values():
            own = {ds: replace(record, table=one.name) for ds, record in found.pop(one.stored, {}).items()}
            if tables is not None and one.name not in tables:
                continue
            valid = {ds: record for ds, record in own.items() if record.code == one.code}
            self.overlay.set_days(one.name, valid)
            if valid:
                found[one.name] = {**found.get(one.name, {}), **valid}
        return found

    def record(self, table: str, ds: date) -> Record | None:
        """One partition with its inputs; None if it was never produced."""
        found = super().record(self.overlay.source(table, ds), ds)
        return replace(found, table=table) if found else None

    def inputs(self, table: str) -> dict[date, Inputs]:
        """The inputs of each partition of a table."""
        found = super().inputs(table)
        if one := self.overlay.find(table):
            own = super().inputs(one.stored)
            found |= {ds: inputs for ds, inputs in own.items() if self.overlay.has(table, ds)}
        return found

    def save(self, records: Iterable[Record], columns: Mapping[str, Iterable[Column]] | None = None) -> None:
        """Record partitions of the environment, and which ones of production they replace."""
        records = list(records)
        named = {self.overlay.target(table): found for table, found in (columns or {}).items()}
        known = self.environments.replaced(self.overlay.name)
        replaced = {key: self._replaced(key, known.get(key)) for key in ((r.table, r.ds) for r in records)}
        super().save([replace(r, table=self.overlay.target(r.table)) for r in records], named)
        self.environments.save_replaced(self.overlay.name, replaced)
        for record in records:
            self.overlay.add(record.table, record.ds)

    def _replaced(self, key: tuple[str, date], known: Replaced | None) -> Replaced:
        """What a partition replaces: where that is one of the environment's own, the way back stays that of the first."""
        found = super().record(*key)
        base = found.run if found else ""
        return replace(known, base=base) if known and known.promoted and known.promoted == base else Replaced(base)

    def restamp(self, records: Iterable[Record]) -> None:
        """Update the stamps of partitions whose files were moved."""
        super().restamp([replace(r, table=self.overlay.source(r.table, r.ds)) for r in records])

    def forget(self, table: str, days: Iterable[date]) -> None:
        """Delete the records of partitions of the environment."""
        super().forget(self.overlay.target(table), days)

    def columns(self, tables: Collection[str] | None = None) -> dict[str, tuple[Column, ...]]:
        """The columns of each table (of these), as the newest writes left them: the environment's where it has any."""
        found = super().columns(self._with_stored(tables))
        for one in self.overlay.tables.values():
            own = found.pop(one.stored, None)
            if own and (tables is None or one.name in tables):
                found[one.name] = own
        return found

    def fail(self, table: str, ds: date, error: str) -> None:
        """Record why a partition of the environment could not be written."""
        super().fail(self.overlay.target(table), ds, error)

    def failures(self) -> dict[tuple[str, date], str]:
        """The last error of each partition that failed and was not written since."""
        return dict(self._own(super().failures()))

    def failed_at(self) -> dict[tuple[str, date], datetime]:
        """When each of these partitions failed."""
        return dict(self._own(super().failed_at()))

    def _own(self, found: Mapping[tuple[str, date], T]) -> Iterator[tuple[tuple[str, date], T]]:
        """What belongs to the environment's tables, under their names, and to tables that it does not fill."""
        names = {one.stored: one.name for one in self.overlay.tables.values()}
        for (table, ds), value in found.items():
            if table in names or self.overlay.find(table) is None:
                yield (names.get(table, table), ds), value

    def _with_stored(self, tables: Collection[str] | None) -> Collection[str] | None:
        if tables is None:
            return None
        return {*tables, *(one.stored for table in tables if (one := self.overlay.find(table)))}
