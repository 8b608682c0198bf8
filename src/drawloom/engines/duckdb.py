"""DuckDB over a folder of Parquet files: the engine that runs on one machine."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Self

from drawloom.engines import quote
from drawloom.engines.base import Schemas, Staged, Visible
from drawloom.engines.connect import connect
from drawloom.engines.errors import engine_errors
from drawloom.engines.external import External
from drawloom.engines.guess import guess_files
from drawloom.engines.lake import Lake, file_stamp
from drawloom.engines.staging import Area
from drawloom.engines.task import DuckTask
from drawloom.engines.views import Columns, no_rows, over_files, unite
from drawloom.model import KEY, Column, RunError, refuse

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
        self._columns = Columns(self._describe)
        self._external = External(self._columns, self._guess)
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
        selects = {table: self._select(table, days, (columns or {}).get(table, ())) for table, days in inputs.items()}
        cursor = self.cursor()
        database = f"_drawloom_{next(self._numbers)}"
        cursor.execute(f"ATTACH ':memory:' AS {quote.name(database)}")
        cursor.execute(f"USE {quote.name(database)}")
        task = DuckTask(self, cursor, database)
        self._tasks.add(task)
        try:
            for table, select in selects.items():
                task.view(table, select)
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
        """The table's columns without ``ds``, empty when it has no partition.

        They are read from at most three files: the one written last, the newest and the oldest day.
        """
        if source := self.sources.get(table.lower()):
            return self._external.columns(source)
        stamps = self.lake.scan(table)
        if not stamps:
            return ()
        last = max(stamps, key=lambda day: int(stamps[day].partition("-")[2]))
        days = dict.fromkeys((last, max(stamps), min(stamps)))
        return unite(self._columns.of(str(self.lake.path(table, day)), stamps[day]) for day in days)

    def days(self, table: str) -> list[date]:
        """The days of the table that exist, in order."""
        source = self.sources.get(table.lower())
        return source.days() if source else list(self.lake.scan(table))

    def query(self, sql: str, tables: Visible | None = None) -> pa.Table:
        """The answer to one statement that only reads, over all days of the tables it mentions."""
        inputs = self._mentioned(sql) if tables is None else tables
        with self.task(inputs) as task:
            return task.query(sql)

    def publish(self, staged: Staged) -> str:
        """Make the staged partition the partition, atomically; its stamp."""
        stamp = self.lake.publish(staged.path, staged.table, staged.ds)
        self._columns.put(str(self.lake.path(staged.table, staged.ds)), stamp, staged.columns)
        return stamp

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
        return self._columns.of(str(path), file_stamp(path) or "")

    @staticmethod
    def file_select(path: Path | str) -> str:
        """The SELECT of all columns of one Parquet file, as they are in it."""
        return f"SELECT * FROM read_parquet({quote.value(str(path))}, hive_partitioning=false)"

    def _guess(self, paths: Sequence[str], form: str) -> tuple[Column, ...]:
        return guess_files(self.cursor(), paths, form)

    def _open_area(self) -> Area | RunError:
        """Read-only lakes can be asked all the same: the error is kept for whoever wants to write."""
        try:
            self.lake.sweep()
            return self.lake.area(self.run)
        except RunError as error:
            return error

    def _mentioned(self, sql: str) -> dict[str, None]:
        tables = [*self.lake.tables(), *self.sources]
        text = sql.lower()
        found = [table for table in tables if table.rpartition(".")[2] in text]
        return dict.fromkeys(found or tables)

    def _select(self, table: str, days: Sequence[date] | None, given: Sequence[Column]) -> str:
        if source := self.sources.get(table.lower()):
            return self._external.select(source, days)
        stamps = self._stamps(table, days)
        files = [(str(self.lake.path(table, day)), stamp) for day, stamp in stamps.items()]
        schemas = [(path, self._columns.of(path, stamp)) for path, stamp in files]
        columns = unite([*(schema for _, schema in reversed(schemas)), given or (() if files else self.columns(table))])
        columns = tuple(column for column in columns if column.name.lower() != KEY)
        if files:
            return over_files(schemas, columns)
        if columns:
            return no_rows(columns)
        raise refuse(
            "unknown-table",
            f"table == {table}, must have a partition, or declared columns.",
            None,
            "Declare its columns (name and type), or fill a partition of it first.",
        )

    def _stamps(self, table: str, days: Sequence[date] | None) -> dict[date, str]:
        if days is None:
            return self.lake.scan(table)
        pairs = ((day, self.lake.stamp(table, day)) for day in sorted(set(days)))
        return {day: stamp for day, stamp in pairs if stamp}

    def _describe(self, path: str) -> tuple[Column, ...]:
        with engine_errors():
            relation = self.cursor().sql(self.file_select(path))
        return tuple(Column(name, str(kind)) for name, kind in zip(relation.columns, relation.types, strict=True))
