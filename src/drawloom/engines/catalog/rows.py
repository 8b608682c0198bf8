"""Spark or Trino over rows that are given: a step's inputs are uploaded under temporary names, and nothing is published."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from drawloom.engines.base import Schemas, Staged, Visible
from drawloom.engines.catalog.session import CatalogTable, TaskSession
from drawloom.engines.catalog.task import CatalogTask

if TYPE_CHECKING:
    from drawloom.engines.base import CatalogEngine
    from drawloom.engines.duckdb.rows import DuckRows


class CatalogRows:
    """A ``base.StepEngine`` that runs steps on an engine with a catalog, over the rows of a DuckDB in memory.

    No table of the catalog is read or written. Its tasks are used one after the other.

    Args:
        engine: what runs the SQL.
        store: the rows, to which those of published partitions are added.
    """

    stores_run_id = True

    def __init__(self, engine: CatalogEngine, store: DuckRows) -> None:
        self._engine = engine
        self._store = store
        self._session: TaskSession | None = None
        self._tasks: list[CatalogTask] = []

    @property
    def dialect(self) -> str:
        """The name of the engine's SQL dialect."""
        return self._engine.dialect

    def session(self) -> TaskSession:
        """A session for one task, into which its inputs are uploaded."""
        self._session = self._engine.rows_session()
        return self._session

    def find_table(self, table: str) -> CatalogTable | None:
        """The rows of a table, uploaded into the session of the task that asks; None where there are none."""
        if not self._store.has(table):
            return None
        assert self._session
        name = self._session.upload(self._store.all_rows(table))
        parts = [exp.to_identifier(part, quoted=True) for part in reversed(name.split("."))]
        identifier = exp.Table(**dict(zip(("this", "db", "catalog"), parts, strict=False)))
        return CatalogTable(identifier, self._store.columns(table), "DATE" if self._store.is_dated(table) else None)

    def task(self, inputs: Visible, columns: Schemas | None = None) -> CatalogTask:
        """A view in which exactly these days of these tables exist (None: all days).

        Raises:
            InputError: a table has no rows, and its columns are not given.
        """
        task = CatalogTask(self, inputs, columns or {}, secrets.token_hex(6))
        self._tasks.append(task)
        return task

    def remove_task(self, task: object) -> None:
        """Remove a task that has ended."""
        self._tasks = [one for one in self._tasks if one is not task]

    def publish(self, parts: Sequence[Staged]) -> list[str]:
        """Add the rows of staged partitions to the store, while their task is open."""
        task = self._tasks[-1]
        for part in parts:
            self._store.add_rows(part.table, part.columns, task.query(task.partition_sql(part)))
        return [part.run for part in parts]

    def interrupt(self) -> None:
        """Cancel the running statements of all tasks; each raises RunError in its own thread."""
        for task in tuple(self._tasks):
            task.interrupt()
