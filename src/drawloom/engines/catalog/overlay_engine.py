"""Spark or Trino as an environment sees it: its own partitions over those of production, which it never writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from drawloom.engines import quote
from drawloom.engines.base import CANONICAL_DIALECT, CatalogEngine, Schemas, Staged, Task, Visible
from drawloom.engines.catalog.visible_days import mentioned_tables
from drawloom.engines.columns import merge_schemas
from drawloom.engines.overlay import Overlay
from drawloom.model import KEY, Column, Record

if TYPE_CHECKING:
    import pyarrow as pa

    from drawloom.engines.catalog.session import TaskSession


class OverlayEngine:
    """A ``CatalogEngine`` whose tables are those of another one, under the partitions of an environment."""

    def __init__(self, engine: CatalogEngine, overlay: Overlay) -> None:
        self.production = engine
        self.overlay = overlay

    @property
    def dialect(self) -> str:
        """The name of its SQL dialect in sqlglot."""
        return self.production.dialect

    @property
    def stores_run_id(self) -> bool:
        """Whether a published partition stores the id of the run that wrote it."""
        return self.production.stores_run_id

    @property
    def copies_restaged(self) -> bool:
        """Whether a partition that is restaged for another table is copied."""
        return self.production.copies_restaged

    @property
    def has_persistent_catalog(self) -> bool:
        """Whether its catalog outlives the process."""
        return self.production.has_persistent_catalog

    def task(self, inputs: Visible, columns: Schemas | None = None) -> Task:
        """A view in which exactly these days of these tables exist, each from where it is stored."""
        shown: dict[str, Sequence[date] | None] = {}
        united: dict[str, list[str]] = {}
        for table, days in inputs.items():
            places = self._places(table, days)
            if table not in places or len(places) > 1:
                united[table] = list(places)
            shown |= places
        task = self.production.task(shown, columns)
        try:
            for table, parts in united.items():
                found = merge_schemas([self.production.columns(part) for part in parts])
                task.add_query(table, " UNION ALL ".join(self._select(part, found) for part in parts), found)
        except BaseException:
            task.__exit__(None, None, None)
            raise
        return task

    def _places(self, table: str, days: Sequence[date] | None) -> dict[str, Sequence[date] | None]:
        """The tables in which these days are stored, and which days each of them has; the environment's first."""
        one = self.overlay.find(table)
        if one is None or not self.overlay.days.get(table.lower()):
            return {table: days}
        wanted = self.days(table) if days is None else days
        own = [ds for ds in wanted if self.overlay.has(table, ds)]
        rest = [ds for ds in wanted if not self.overlay.has(table, ds)]
        if not own:
            return {table: rest}
        return {one.stored: own, **({table: rest} if rest and self.production.columns(table) else {})}

    def _select(self, part: str, columns: Sequence[Column]) -> str:
        have = {column.name.lower(): column for column in self.production.columns(part)}
        items = [_item(column, have.get(column.name.lower())) for column in columns]
        return f"SELECT {', '.join([*items, KEY])} FROM {quote.dotted(part.split('.'))}"

    def columns(self, table: str) -> tuple[Column, ...]:
        """The table's columns without ``ds``, the environment's first; empty for an unknown table."""
        one = self.overlay.find(table)
        own = self.production.columns(one.stored) if one and self.overlay.days.get(table.lower()) else ()
        return merge_schemas([own, self.production.columns(table)])

    def days(self, table: str) -> list[date]:
        """The days of the table's partitions, in order."""
        found = self.production.days(table)
        if one := self.overlay.find(table):
            own = self.production.days(one.stored)
            found = [ds for ds in found if not self.overlay.has(table, ds)]
            found += [ds for ds in own if self.overlay.has(table, ds)]
        return sorted(found)

    def query(self, sql: str, tables: Visible | None = None) -> pa.Table:
        """The result of one statement that only reads, over all days of any table."""
        with self.task(mentioned_tables(sql, CANONICAL_DIALECT, self.columns) if tables is None else tables) as task:
            return task.query(sql)

    def find_partition(self, table: str, ds: date) -> Staged | None:
        """A published partition, described like a staged one; None where it does not exist."""
        found = self.production.find_partition(self.overlay.source(table, ds), ds)
        return replace(found, table=table) if found else None

    def publish(self, parts: Sequence[Staged]) -> list[str]:
        """Publish staged partitions of one table into the environment; returns their stamps."""
        target = self.overlay.target(parts[0].table)
        stamps = self.production.publish([replace(part, table=target) for part in parts])
        for part in parts:
            self.overlay.add(part.table, part.ds)
        return stamps

    def restage(self, record: Record, columns: Sequence[Column], table: str) -> Staged:
        """A recorded partition, staged as one of another table; see ``Engine.restage``."""
        return self.production.restage(record, columns, table)

    def drop(self, table: str, ds: date) -> None:
        """Remove the environment's partition, if it exists."""
        self.production.drop(self.overlay.target(table), ds)
        self.overlay.remove(table, ds)

    def drop_table(self, table: str) -> None:
        """Remove the environment's table."""
        self.production.drop_table(self.overlay.target(table))

    def attach(self, table: str, columns: Sequence[Column], folders: Mapping[date | None, str]) -> None:
        """Register folders of Parquet files as partitions of the table that has each of them."""
        places: dict[str, dict[date | None, str]] = {}
        for ds, folder in folders.items():
            place = table if ds is None else self.overlay.source(table, ds)
            places.setdefault(place, {})[ds] = folder
        for place, some in places.items():
            self.production.attach(place, columns, some)

    def rows_session(self) -> TaskSession:
        """A session whose staged rows are gone when it is closed."""
        return self.production.rows_session()

    def interrupt(self) -> None:
        """Cancel the running statements of all tasks."""
        self.production.interrupt()

    def sweep(self, tables: Iterable[str], sharing: Mapping[str, Sequence[str]] | None = None) -> None:
        """Nothing: production's runs remove what nobody reads any more, and know all environments."""

    def close(self) -> None:
        """Release its connections and files."""
        self.production.close()


def _item(column: Column, found: Column | None) -> str:
    name = quote.name(column.name)
    if found and found.type == column.type:
        return name
    return f"CAST({name if found else 'NULL'} AS {column.type}) AS {name}"
