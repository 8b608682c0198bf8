"""The engine: tables in Spark's catalog, partitions that are swapped by their place."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Self

from drawloom.engines.base import HOUSE, Schemas, Staged, Visible
from drawloom.engines.catalog.one import mentioned
from drawloom.engines.catalog.store import Found
from drawloom.engines.catalog.task import CatalogTask
from drawloom.engines.spark.connect import is_remote
from drawloom.engines.spark.session import SparkTask
from drawloom.engines.spark.tables import RUNS, Tables
from drawloom.model import KEY, Column

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession


class Spark:
    """Spark as a ``CatalogEngine``; tasks may run in threads side by side.

    Args:
        session: what ``connect`` gives; it is left open at the end, as a process has one.
        location: the URI under which tables are kept.
    """

    dialect = "spark"
    signs = False

    def __init__(self, session: SparkSession, location: str, address: str = "spark") -> None:
        self.spark = session
        self.address = address
        self.location = location.rstrip("/")
        self.run = secrets.token_hex(6)
        self.staged: dict[str, str] = {}
        self._tables = Tables(session, self.location, address)
        self._tasks: set[CatalogTask] = set()

    @property
    def lasting(self) -> bool:
        """Whether its catalog outlives the session."""
        return self.spark.conf.get("spark.sql.catalogImplementation", "in-memory") != "in-memory"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop what still runs; the session stays, as a process has one."""
        self.interrupt()

    def session(self) -> SparkTask:
        """A way to Spark for one task."""
        return SparkTask(self)

    def task(self, inputs: Visible, columns: Schemas | None = None) -> CatalogTask:
        """A view in which exactly these days of these tables exist (None: all days there are).

        Raises:
            InputError: a table is not in the catalog, and its columns are not given.
        """
        self._tables.refresh(inputs)
        task = CatalogTask(self, inputs, columns or {}, self.run)
        self._tasks.add(task)
        return task

    def end(self, task: object) -> None:
        """Forget a task that is over."""
        self._tasks.discard(task)

    def interrupt(self) -> None:
        """Stop what all tasks run now; each raises RunError in its own thread."""
        for task in tuple(self._tasks):
            task.interrupt()

    def columns(self, table: str) -> tuple[Column, ...]:
        """The table's columns without ``ds``; empty where there is no such table."""
        return self._tables.columns(table)

    def days(self, table: str) -> list[date]:
        """The days of the table that exist, in order."""
        return self._tables.days(table)

    def look(self, table: str) -> Found | None:
        """The table as Spark's catalog has it."""
        return self._tables.look(table)

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
        """Make each staged partition the partition, by one change in the catalog; the folders they are in."""
        table = parts[0].table
        self._tables.ensure(table, parts[0].columns)
        folders = {part.ds: f"{self.staged[part.place]}/{KEY}={part.ds}" for part in parts}
        for part in parts:
            if not part.rows:
                self._tables.write_empty(folders[part.ds], part.columns)
        self._tables.point(table, folders)
        return [folders[part.ds] for part in parts]

    def drop(self, table: str, ds: date) -> None:
        """Remove a partition; nothing happens where there is none."""
        self._tables.drop(table, ds)

    def attach(self, table: str, columns: Sequence[Column], folders: Mapping[date | None, str]) -> None:
        """Make folders (URIs) of Parquet files the partitions of a table, or under None the table without days."""
        if None in folders:
            self._tables.place(table, columns, folders[None])
        else:
            self._tables.ensure(table, columns)
            self._tables.point(table, {ds: place for ds, place in folders.items() if ds})

    def sweep(self, tables: Iterable[str]) -> None:
        """Remove folders of runs of these tables that no partition is in any more, when they are a day old."""
        if self.lasting and not is_remote(self.spark):
            self._tables.sweep(tables)

    def folder(self, table: str, run: str) -> str:
        """The folder of a run of a table."""
        return f"{self._tables.folder(table)}/{RUNS}/{run}"
