"""The engine: tables in the catalogs of a Trino."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Self

from drawloom.engines.base import HOUSE, Schemas, Staged, Visible
from drawloom.engines.catalog.one import mentioned
from drawloom.engines.catalog.store import Found
from drawloom.engines.catalog.task import CatalogTask
from drawloom.engines.trino.client import Client
from drawloom.engines.trino.session import TrinoTask
from drawloom.engines.trino.tables import Tables
from drawloom.model import Column

if TYPE_CHECKING:
    import pyarrow as pa


class Trino:
    """Trino as a ``CatalogEngine``; tasks may run in threads side by side.

    Args:
        client: what ``connect`` gives.
        location: the URI under which new tables are kept.
        lake_catalog: the Hive catalog in which files of the lake are shown; that of the client otherwise.

    Raises:
        RunError: there is no such catalog, or it is of another connector.
    """

    dialect = "trino"
    signs = False
    lasting = True

    def __init__(self, client: Client, location: str, lake_catalog: str | None = None) -> None:
        self.client = client
        self.location = location.rstrip("/")
        self.run = secrets.token_hex(6)
        self.tables = Tables(client, self.location, lake_catalog)
        self._tasks: set[CatalogTask] = set()
        self._aside = ThreadPoolExecutor(1, "drawloom-aside")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop what still runs, and close the connections."""
        self.interrupt()
        self._aside.shutdown()
        self.client.close()

    def session(self) -> TrinoTask:
        """A way to Trino for one task."""
        return TrinoTask(self)

    def task(self, inputs: Visible, columns: Schemas | None = None) -> CatalogTask:
        """A view in which exactly these days of these tables exist (None: all days there are).

        Raises:
            InputError: a table is in no catalog, and its columns are not given.
        """
        self.aside(self.tables.look_for_staging)
        task = CatalogTask(self, inputs, columns or {}, self.run)
        self._tasks.add(task)
        return task

    def end(self, task: object) -> None:
        """Forget a task that is over."""
        self._tasks.discard(task)

    def interrupt(self) -> None:
        """Stop what all tasks run now, and what is being published; each raises RunError in its own thread."""
        for task in tuple(self._tasks):
            task.interrupt()
        for one in self.tables.catalogs:
            one.catalog.watch.stop()

    def columns(self, table: str) -> tuple[Column, ...]:
        """The table's columns without ``ds``; empty where there is no such table."""
        return self.tables.columns(table)

    def days(self, table: str) -> list[date]:
        """The days of the table that exist, in order.

        Raises:
            RunError: it is partitioned otherwise.
        """
        return self.tables.home(table).days(table)

    def look(self, table: str) -> Found | None:
        """The table as one of the catalogs has it.

        Raises:
            RunError: it is partitioned otherwise.
        """
        return self.tables.look(table)

    def query(self, sql: str, tables: Visible | None = None) -> pa.Table:
        """The answer to one statement that only reads, over all days of the tables it mentions."""
        with self.task(mentioned(sql, HOUSE, self.columns) if tables is None else tables) as task:
            return task.query(sql)

    def stored(self, table: str, ds: date) -> Staged | None:
        """A published partition as if it had just been staged; None where there is none."""
        if ds not in self.days(table):
            return None
        with self.task({table: [ds]}) as task:
            return task.inspect(table, ds)

    def publish(self, parts: Sequence[Staged]) -> list[str]:
        """Make each staged partition of one table the partition; the ids of the queries that did it.

        On Hive a reader of the old partition may fail in that moment, but sees no mixture; on Iceberg it goes on.
        """
        table = parts[0].table
        done = self.tables.home(table).publish(table, parts)
        return [f"{done[part.ds]} {part.ds}" for part in parts]

    def drop(self, table: str, ds: date) -> None:
        """Remove a partition; nothing happens where there is none."""
        if ds in self.days(table):
            self.tables.home(table).drop(table, ds)

    def attach(self, table: str, columns: Sequence[Column], folders: Mapping[date | None, str]) -> None:
        """Make folders (URIs) of Parquet files the partitions of a table, or under None the table without days."""
        self.tables.attach(table, columns, folders)

    def sweep(self, tables: Iterable[str]) -> None:  # noqa: ARG002 - one place has what is staged of all tables
        """Drop what dead runs left in the staging schema, when it is a day old."""
        self.tables.sweep()

    def aside(self, work: Callable[[], object]) -> None:
        """Do what nobody waits for but ``close``: after what was given before, and not after the end."""
        with suppress(RuntimeError):
            self._aside.submit(work)
