"""The Trino engine: tables in the catalogs of a Trino."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Self

from drawloom.engines.base import CANONICAL_DIALECT, Measure, Schemas, Staged, Visible
from drawloom.engines.catalog.session import CatalogTable
from drawloom.engines.catalog.task import CatalogTask
from drawloom.engines.catalog.visible_days import mentioned_tables
from drawloom.engines.trino.catalog import quoted, split, text
from drawloom.engines.trino.client import Client
from drawloom.engines.trino.session import TrinoTaskSession
from drawloom.engines.trino.tables import Tables
from drawloom.model import Column, Record, RunError

if TYPE_CHECKING:
    import pyarrow as pa


class Trino:
    """Trino as a ``CatalogEngine``; tasks may run in parallel threads.

    Args:
        client: from ``connect``.
        location: the URI under which new tables are stored.
        lake_catalog: the Hive catalog in which files of the lake are registered; by default that of the client.

    Raises:
        RunError: the catalog does not exist, or has another connector.
    """

    dialect = "trino"
    stores_run_id = False
    copies_restaged = True
    has_persistent_catalog = True

    def __init__(self, client: Client, location: str, lake_catalog: str | None = None) -> None:
        self.client = client
        self.location = location.rstrip("/")
        self.run = secrets.token_hex(6)
        self.tables = Tables(client, self.location, lake_catalog)
        self._tasks: set[CatalogTask] = set()
        self._background = ThreadPoolExecutor(1, "drawloom-background")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Cancel running statements, and close the connections."""
        self.interrupt()
        self._background.shutdown()
        self.client.close()

    def session(self) -> TrinoTaskSession:
        """A session for one task."""
        return TrinoTaskSession(self.client, self.tables, self.in_background)

    def rows_session(self) -> TrinoTaskSession:
        """A session whose staged rows are gone when it is closed, as of any task that publishes nothing."""
        return self.session()

    def task(self, inputs: Visible, columns: Schemas | None = None) -> CatalogTask:
        """A view in which exactly these days of these tables exist (None: all days).

        Raises:
            InputError: a table is in no catalog, and its columns are not given.
        """
        self.in_background(self.tables.check_staging)
        task = CatalogTask(self, inputs, columns or {}, self.run)
        self._tasks.add(task)
        return task

    def remove_task(self, task: object) -> None:
        """Remove a task that has ended, so that it is not interrupted any more."""
        self._tasks.discard(task)

    def interrupt(self) -> None:
        """Cancel the statements of all tasks and of publications; each raises RunError in its own thread."""
        for task in tuple(self._tasks):
            task.interrupt()
        for one in self.tables.connectors:
            one.catalog.statements.cancel()

    def columns(self, table: str) -> tuple[Column, ...]:
        """The table's columns without ``ds``; empty where it does not exist."""
        return self.tables.columns(table)

    def days(self, table: str) -> list[date]:
        """The days of the table's partitions, in order.

        Raises:
            RunError: it is not partitioned by ``ds``.
        """
        return self.tables.connector_of(table).days(table)

    def find_table(self, table: str) -> CatalogTable | None:
        """The table in one of the catalogs; None where it does not exist.

        Raises:
            RunError: it is not partitioned by ``ds``.
        """
        return self.tables.find_table(table)

    def query(self, sql: str, tables: Visible | None = None) -> pa.Table:
        """The result of one statement that only reads, over all days of the tables it mentions."""
        with self.task(mentioned_tables(sql, CANONICAL_DIALECT, self.columns) if tables is None else tables) as task:
            return task.query(sql)

    def find_partition(self, table: str, ds: date) -> Staged | None:
        """A published partition, described like a staged one; None where it does not exist."""
        if ds not in self.days(table):
            return None
        with self.task({table: [ds]}) as task:
            return task.inspect(table, ds)

    def publish(self, parts: Sequence[Staged]) -> list[str]:
        """Publish staged partitions of one table; returns the ids of the queries.

        On Hive a query that reads the old partition may fail, but never sees a mixture; on Iceberg it continues.
        """
        table = parts[0].table
        done = self.tables.connector_of(table).publish(table, parts)
        return [f"{done[part.ds]} {part.ds}" for part in parts]

    def drop(self, table: str, ds: date) -> None:
        """Remove a partition, if it exists."""
        if ds in self.days(table):
            self.tables.connector_of(table).drop(table, ds)

    def restage(self, record: Record, columns: Sequence[Column], table: str) -> Staged:
        """A recorded partition, staged as one of another table; its rows are copied when it is published."""
        place = self.tables.place(record.table)
        measure = Measure(record.rows, record.bytes, record.content)
        return Staged(table, record.ds, place, record.run, tuple(columns), measure)

    def drop_table(self, table: str) -> None:
        """Remove a table, if it exists, and its schema where that is empty then."""
        self.tables.drop_table(table)

    def attach(self, table: str, columns: Sequence[Column], folders: Mapping[date | None, str]) -> None:
        """Register folders (URIs) of Parquet files as partitions of a table; under None, as a table without days."""
        self.tables.attach(table, columns, folders)

    def sweep(self, tables: Iterable[str], sharing: Mapping[str, Sequence[str]] | None = None) -> None:  # noqa: ARG002 - all tables have one staging schema
        """Drop tables in the staging schema that dead runs left and that are older than a day."""
        self.tables.sweep()

    def forget(self, table: str) -> None:
        """Make the server forget what it has cached of a table, such as statistics that have been changed elsewhere."""
        catalog = self.tables.connector_of(table).catalog
        schema, name = split(table)
        given = f"schema_name => {text(schema)}, table_name => {text(name)}"
        with suppress(RunError):  # it caches nothing, or does not allow it
            catalog.run(f"CALL {quoted(catalog.name)}.system.flush_metadata_cache({given})")

    def in_background(self, work: Callable[[], object]) -> None:
        """Run work in one background thread, in order; only ``close`` waits for it, and no work starts after that."""
        with suppress(RuntimeError):
            self._background.submit(work)
