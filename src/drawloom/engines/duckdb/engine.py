"""The DuckDB engine, over the lake and external sources."""

from __future__ import annotations

import itertools
import secrets
import tempfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from drawloom.engines.base import Measure, Schemas, Staged, Visible
from drawloom.engines.duckdb.connection import connect
from drawloom.engines.duckdb.reader import Reader
from drawloom.engines.duckdb.task import DuckTask, opened
from drawloom.engines.duckdb.write import measure
from drawloom.engines.lake import Lake, file_version
from drawloom.engines.lake.staging import StagingFolder
from drawloom.model import Column, Record, RunError

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    from drawloom.engines.landing.source import Source

MEMORY = "50%"  # of the machine; the rest is for other processes


class DuckDB:
    """One in-memory DuckDB for a process; its tasks may run in parallel threads.

    A query uses ``threads`` threads. With one thread a query is deterministic; tasks run in parallel in any case.
    """

    dialect = "duckdb"
    stores_run_id = True
    copies_restaged = False

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
        self._read_only: RunError | None = None
        self._staging = self._open_staging()
        self._settings = threads, memory or MEMORY
        self._databases: list[tuple[set[Path], DuckDBPyConnection]] = []
        self._opening = threading.Lock()
        self.cursor().close()  # refuses bad settings
        self._reader = Reader(lake, self.sources, self.cursor)
        self._numbers = itertools.count()
        self._tasks: set[DuckTask] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database and remove this process's staging folder."""
        for _, connection in self._databases:
            connection.close()
        if isinstance(self._staging, StagingFolder):
            self._staging.close()

    @property
    def staging(self) -> StagingFolder:
        """This process's staging folder.

        Raises:
            RunError: none could be created.
        """
        if isinstance(self._staging, RunError):
            raise self._staging
        return self._staging

    def task(self, inputs: Visible, columns: Schemas | None = None) -> DuckTask:
        """A view in which exactly these days of these tables exist (None: all days).

        ``columns`` gives the columns of tables that have no partition yet.

        Raises:
            InputError: a table has no partition, is not a source, and its columns are not given.
            RunError: a file cannot be read.
        """
        find_files = partial(self._reader.find_files, inputs, columns or {})
        cursor = self.cursor()
        database = f"_drawloom_{next(self._numbers)}"
        task = DuckTask(
            cursor, database, find_files, run=self.run, new_file=self._new_file, on_exit=self._tasks.discard
        )
        return opened(task, self._tasks)

    def interrupt(self) -> None:
        """Cancel the running statements of all tasks; each raises RunError in its own thread."""
        for task in tuple(self._tasks):
            task.interrupt()

    def columns(self, table: str) -> tuple[Column, ...]:
        """The table's columns without ``ds``, empty where it has no partition; see ``Reader.columns``."""
        return self._reader.columns(table)

    def days(self, table: str) -> list[date]:
        """The days of the table's partitions, in order."""
        return self._reader.days(table)

    def query(self, sql: str, tables: Visible | None = None) -> pa.Table:
        """The result of one statement that only reads, over all days of the tables it mentions."""
        inputs = dict.fromkeys(self._reader.mentioned_tables(sql)) if tables is None else tables
        with self.task(inputs) as task:
            return task.query(sql)

    def find_partition(self, table: str, ds: date) -> Staged | None:
        """A published partition, described like a staged one; None where it does not exist."""
        return self.inspect(table, ds) if self.lake.stamp(table, ds) else None

    def inspect(self, table: str, ds: date) -> Staged:
        """A published partition as if it had just been staged: rows, content hash and columns, read from its file.

        Raises:
            RunError: the file does not exist or cannot be read.
        """
        path = self.lake.path(table, ds)
        columns = self.file_columns(path)
        meta = self.lake.read_meta(path)
        measured = measure(self.cursor(), columns, path, meta.get("sliced_by"))
        return Staged(table, ds, str(path), meta.get("run", ""), columns, measured)

    def publish(self, parts: Sequence[Staged]) -> list[str]:
        """Publish staged partitions, each atomically; returns their stamps.

        Raises:
            RunError: the lake is not writable.
        """
        if self._read_only:
            raise self._read_only
        for staged in parts:
            self.lake.refuse_foreign(staged.table, staged.ds)
        return [self._publish(staged) for staged in parts]

    def _publish(self, staged: Staged) -> str:
        version = file_version(staged.location)  # a move does not change it
        stamp = self.lake.publish(Path(staged.location), staged.table, staged.ds)
        self._reader.remember(self.lake.path(staged.table, staged.ds), version, staged.columns)
        return stamp

    def restage(self, record: Record, columns: Sequence[Column], table: str) -> Staged:
        """A recorded partition, staged as one of another table: its file under a second name."""
        place = self._new_file()
        self.lake.link(record.table, record.ds, place)
        measured = Measure(record.rows, record.bytes, record.content, record.slices)
        return Staged(table, record.ds, str(place), record.run, tuple(columns), measured)

    def drop_table(self, table: str) -> None:
        """Remove a table with all of its partitions, if it exists, and its schema where that is empty then."""
        for ds in self.lake.scan(table):
            self.lake.drop(table, ds)
        self.lake.remove_folder(table)

    def sweep(self, tables: Iterable[str], sharing: Mapping[str, Sequence[str]] | None = None) -> None:  # noqa: ARG002 - replaced files are deleted on publication
        """Remove the staging folders of dead processes."""
        self.lake.sweep()

    def drop(self, table: str, ds: date) -> None:
        """Remove a partition, if it exists."""
        self.lake.drop(table, ds)

    def cursor(self) -> DuckDBPyConnection:
        """A new connection to the same database, for one thread.

        The folders that a database may open are fixed, and a new schema has a new folder: then there is another database.
        """
        with self._opening:
            folders = self._folders()
            if not self._databases or not folders <= self._databases[-1][0]:
                spill = self._staging.path / "spill" if isinstance(self._staging, StagingFolder) else None
                self._databases.append((folders, connect(*self._settings, folders, (), spill)))
            return self._databases[-1][1].cursor()

    def open(self, files: Sequence[Path | str]) -> DuckDBPyConnection:
        """Another DuckDB with the same limits, which can read these files and write to staging."""
        return connect(*self._settings, [self.staging.path], files, self.staging.path / "spill")

    def file_columns(self, path: Path | str) -> tuple[Column, ...]:
        """The columns of one Parquet file, as they are in it."""
        return self._reader.file_columns(path)

    def _folders(self) -> set[Path]:
        """What the SQL of steps is read from: not the whole lake, for the registry lies beside the schemas."""
        staging = [self._staging.path] if isinstance(self._staging, StagingFolder) else []
        sources = [folder for source in self.sources.values() for folder in source.folders]
        return {*self.lake.schemas(), *staging, *sources}

    def _new_file(self) -> Path:
        return self.staging.file()

    def _open_staging(self) -> StagingFolder | RunError:
        """The staging folder; elsewhere where the lake is read-only, as a diff stages, too; the error if there is none."""
        try:
            self.lake.sweep()
            return self.lake.open_staging(self.run)
        except RunError as error:
            if error.problems[0].code == "read-only":
                self._read_only = error
                with suppress(OSError):
                    return StagingFolder(Path(tempfile.mkdtemp(prefix="drawloom-")), None)
            return error
