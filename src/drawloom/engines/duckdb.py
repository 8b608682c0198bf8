"""DuckDB over a folder of Parquet files: the engine that runs on one machine."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from drawloom.engines import quote
from drawloom.engines.base import Schemas, Staged, Visible
from drawloom.engines.connect import connect
from drawloom.engines.lake import Lake, file_version
from drawloom.engines.reader import Reader
from drawloom.engines.staging import Area
from drawloom.engines.task import DuckTask
from drawloom.model import Column, RunError

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    from drawloom.engines.sources import Source

MEMORY = "50%"  # the other half is for the rest of the machine


class DuckDB:
    """One in-memory DuckDB for a process; its tasks may run in threads side by side.

    A query uses ``threads`` threads; with one, it is deterministic, and tasks run in parallel all the same.
    """

    dialect = "duckdb"
    signs = True

    def __init__(
        self,
        lake: Lake,
        sources: Mapping[str, Source] | None = None,
        *,
        threads: int = 1,
        memory: str | None = None,
    ) -> None:
        self.lake = lake
        self.sources = {name.lower(): source for name, source in (sources or {}).items()}
        self.run = secrets.token_hex(6)
        self._area = self._open_area()
        self._settings = threads, memory or MEMORY
        folders = [lake.root, *(folder for source in self.sources.values() for folder in source.folders)]
        spill = self._area.path / "spill" if isinstance(self._area, Area) else None
        self._connection = connect(*self._settings, folders, (), spill)
        self._reader = Reader(lake, self.sources, self.cursor)
        self._numbers = itertools.count()
        self._tasks: set[DuckTask] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database and empty this process's staging folder."""
        self._connection.close()
        if isinstance(self._area, Area):
            self._area.close()

    @property
    def area(self) -> Area:
        """This process's folder in staging.

        Raises:
            RunError: the lake cannot be written to.
        """
        if isinstance(self._area, RunError):
            raise self._area
        return self._area

    def task(self, inputs: Visible, columns: Schemas | None = None) -> DuckTask:
        """A view in which exactly these days of these tables exist (None: all days there are).

        ``columns`` gives the columns of tables that have no partition yet.

        Raises:
            InputError: a table is neither in the lake nor a source, and its columns are not given.
            RunError: a file cannot be read.
        """
        look = partial(self._reader.see, inputs, columns or {})
        cursor = self.cursor()
        database = f"_drawloom_{next(self._numbers)}"
        cursor.execute(f"ATTACH ':memory:' AS {quote.name(database)}")
        cursor.execute(f"USE {quote.name(database)}")
        task = DuckTask(self, cursor, database, look)
        self._tasks.add(task)
        try:
            task.look()
        except BaseException:
            task.__exit__(None, None, None)
            raise
        return task

    def end(self, task: DuckTask) -> None:
        """Forget a task that is over."""
        self._tasks.discard(task)

    def interrupt(self) -> None:
        """Stop what all tasks run now; each raises RunError in its own thread."""
        for task in tuple(self._tasks):
            task.interrupt()

    def columns(self, table: str) -> tuple[Column, ...]:
        """The table's columns without ``ds``, empty when it has no partition; see ``Reader.columns``."""
        return self._reader.columns(table)

    def days(self, table: str) -> list[date]:
        """The days of the table that exist, in order."""
        return self._reader.days(table)

    def query(self, sql: str, tables: Visible | None = None) -> pa.Table:
        """The answer to one statement that only reads, over all days of the tables it mentions."""
        inputs = dict.fromkeys(self._reader.mentioned(sql)) if tables is None else tables
        with self.task(inputs) as task:
            return task.query(sql)

    def stored(self, table: str, ds: date) -> Staged | None:
        """A published partition as if it had just been staged; None where there is none."""
        from drawloom.engines.inspect import inspect

        return inspect(self, table, ds) if self.lake.stamp(table, ds) else None

    def publish(self, parts: Sequence[Staged]) -> list[str]:
        """Make each staged partition the partition, atomically; their stamps."""
        return [self._publish(staged) for staged in parts]

    def _publish(self, staged: Staged) -> str:
        version = file_version(staged.place)  # it keeps its version when it moves
        stamp = self.lake.publish(Path(staged.place), staged.table, staged.ds)
        self._reader.published(self.lake.path(staged.table, staged.ds), version, staged.columns)
        return stamp

    def sweep(self, tables: Iterable[str]) -> None:  # noqa: ARG002 - what it replaces is gone at once
        """Remove what dead runs left in staging."""
        self.lake.sweep()

    def drop(self, table: str, ds: date) -> None:
        """Remove a partition; nothing happens where there is none."""
        self.lake.drop(table, ds)

    def cursor(self) -> DuckDBPyConnection:
        """A connection of its own to the same database, for one thread."""
        return self._connection.cursor()

    def open(self, files: Sequence[Path | str]) -> DuckDBPyConnection:
        """Another DuckDB with the same limits, which may read these files besides writing to staging."""
        return connect(*self._settings, [self.area.path], files, self.area.path / "spill")

    def file_columns(self, path: Path | str) -> tuple[Column, ...]:
        """The columns of one Parquet file, as they are in it."""
        return self._reader.file_columns(path)

    def _open_area(self) -> Area | RunError:
        """Read-only lakes can be asked all the same: the error is kept for whoever wants to write."""
        try:
            self.lake.sweep()
            return self.lake.area(self.run)
        except RunError as error:
            return error
