"""The Spark engine: tables in Spark's catalog, whose partitions are published by changing their location."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Self

from drawloom.engines.base import CANONICAL_DIALECT, Measure, Schemas, Staged, Visible
from drawloom.engines.catalog.session import CatalogTable
from drawloom.engines.catalog.task import CatalogTask
from drawloom.engines.catalog.visible_days import mentioned_tables
from drawloom.engines.spark.connect import is_remote
from drawloom.engines.spark.session import SparkRowsSession, SparkTaskSession
from drawloom.engines.spark.tables import RUNS, Tables
from drawloom.model import KEY, Column, Record

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession


class Spark:
    """Spark as a ``CatalogEngine``; tasks may run in parallel threads.

    Args:
        session: from ``connect``; it stays open, as a process has only one.
        location: the URI under which tables are stored.
        address: the url for messages.
    """

    dialect = "spark"
    stores_run_id = False
    copies_restaged = False

    def __init__(self, session: SparkSession, location: str, address: str = "spark") -> None:
        self.spark = session
        self.address = address
        self.location = location.rstrip("/")
        self.run = secrets.token_hex(6)
        self._staged: dict[str, str] = {}
        self._tables = Tables(session, self.location, address)
        self._tasks: set[CatalogTask] = set()

    @property
    def has_persistent_catalog(self) -> bool:
        """Whether its catalog outlives the session."""
        return self.spark.conf.get("spark.sql.catalogImplementation", "in-memory") != "in-memory"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Cancel running statements; the session stays open, as a process has only one."""
        self.interrupt()

    def session(self) -> SparkTaskSession:
        """A session for one task."""
        return SparkTaskSession(self.spark, self.address, self.run_folder, self._staged)

    def rows_session(self) -> SparkRowsSession:
        """A session whose staged rows are gone when it is closed."""
        return SparkRowsSession(self.spark, self.address, self.run_folder, self._staged)

    def task(self, inputs: Visible, columns: Schemas | None = None) -> CatalogTask:
        """A view in which exactly these days of these tables exist (None: all days).

        Raises:
            InputError: a table is not in the catalog, and its columns are not given.
        """
        self._tables.refresh(inputs)
        task = CatalogTask(self, inputs, columns or {}, self.run)
        self._tasks.add(task)
        return task

    def remove_task(self, task: object) -> None:
        """Remove a task that has ended, so that it is not interrupted any more."""
        self._tasks.discard(task)

    def interrupt(self) -> None:
        """Cancel the running statements of all tasks; each raises RunError in its own thread."""
        for task in tuple(self._tasks):
            task.interrupt()

    def columns(self, table: str) -> tuple[Column, ...]:
        """The table's columns without ``ds``; empty where it does not exist."""
        return self._tables.columns(table)

    def days(self, table: str) -> list[date]:
        """The days of the table's partitions, in order."""
        return self._tables.days(table)

    def find_table(self, table: str) -> CatalogTable | None:
        """The table in Spark's catalog; None where it does not exist."""
        return self._tables.find_table(table)

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
        """Publish staged partitions, each by one change in the catalog; returns their folders."""
        table = parts[0].table
        self._tables.ensure(table, parts[0].columns)
        folders = {part.ds: f"{self._staged[part.location]}/{KEY}={part.ds}" for part in parts}
        for part in parts:
            if not part.rows:
                self._tables.write_empty(folders[part.ds], part.columns)
        self._tables.set_locations(table, folders)
        return [folders[part.ds] for part in parts]

    def restage(self, record: Record, columns: Sequence[Column], table: str) -> Staged:
        """A recorded partition, staged as one of another table: the same folder, which both then have."""
        root, _, day = record.stamp.rpartition("/")
        assert day == f"{KEY}={record.ds}", record.stamp
        self._staged[record.stamp] = root
        measure = Measure(record.rows, record.bytes, record.content)
        return Staged(table, record.ds, record.stamp, record.run, tuple(columns), measure)

    def drop(self, table: str, ds: date) -> None:
        """Remove a partition, if it exists."""
        self._tables.drop(table, ds)

    def drop_table(self, table: str) -> None:
        """Remove a table, if it exists, and its schema where that is empty then; its folders are swept later."""
        self._tables.drop_table(table)

    def attach(self, table: str, columns: Sequence[Column], folders: Mapping[date | None, str]) -> None:
        """Register folders (URIs) of Parquet files as partitions of a table; under None, as a table without days."""
        if None in folders:
            self._tables.register_folder(table, columns, folders[None])
        else:
            self._tables.ensure(table, columns)
            self._tables.set_locations(table, {ds: place for ds, place in folders.items() if ds})

    def sweep(self, tables: Iterable[str], sharing: Mapping[str, Sequence[str]] | None = None) -> None:
        """Remove folders of runs of these tables that no partition uses any more, and that are older than a day."""
        if self.has_persistent_catalog and not is_remote(self.spark):
            self._tables.sweep(tables, sharing or {})

    def run_folder(self, table: str, run: str) -> str:
        """The folder into which a run writes a table."""
        return f"{self._tables.folder(table)}/{RUNS}/{run}"
