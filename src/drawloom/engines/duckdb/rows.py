"""DuckDB over rows that are given to it, in memory: no lake, no files. Unit tests of specs run on it."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from drawloom.engines import quote
from drawloom.engines.base import Measure, Schemas, Staged, Visible
from drawloom.engines.columns import OutputColumn, order_by
from drawloom.engines.duckdb.connection import connect, engine_errors
from drawloom.engines.duckdb.files import select_no_rows
from drawloom.engines.duckdb.reader import InputFiles
from drawloom.engines.duckdb.task import DuckTask, opened
from drawloom.engines.duckdb.write import Target, measure_days
from drawloom.model import KEY, Column, refuse

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

MEMORY = "50%"  # of the machine
_ADDED = "_drawloom_added"
STORE = "_drawloom_rows"  # the database of the tables; what begins like this is refused in the SQL of steps


@dataclass(frozen=True, slots=True)
class RowsTable:
    """One table: its columns without ``ds``, and whether it has days."""

    columns: tuple[Column, ...]
    dated: bool


class DuckRows:
    """A ``base.StepEngine`` whose tables are rows that are given to it, and those that steps add. Its tasks are used one by one."""

    dialect = "duckdb"
    stores_run_id = True

    def __init__(self) -> None:
        self._connection = connect(1, MEMORY, (), (), None)
        self._connection.execute(f"ATTACH ':memory:' AS {quote.name(STORE)}")
        self._tables: dict[str, RowsTable] = {}
        self._types: dict[str, Any] = {}
        self._numbers = itertools.count()
        self._tasks: set[DuckTask] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def add_table(self, table: str, columns: Sequence[Column], select: str, *, dated: bool = True) -> None:
        """Give it a table: the rows of a SELECT of constants, with these columns and, where dated, ``ds``.

        Raises:
            RunError: the SELECT fails.
        """
        with engine_errors():
            self._connection.execute(f"CREATE OR REPLACE TABLE {_place(table)} AS {select}")
        self._tables[table.lower()] = RowsTable(tuple(columns), dated)

    def clear(self) -> None:
        """Remove all tables."""
        for table in self._tables:
            self._connection.execute(f"DROP TABLE {_place(table)}")
        self._tables.clear()

    def columns(self, table: str) -> tuple[Column, ...]:
        """The table's columns without ``ds``; empty for an unknown table."""
        found = self._tables.get(table.lower())
        return found.columns if found else ()

    def has(self, table: str) -> bool:
        """Whether there is such a table."""
        return table.lower() in self._tables

    def is_dated(self, table: str) -> bool:
        """Whether a table that there is has days."""
        return self._tables[table.lower()].dated

    def add_rows(self, table: str, columns: Sequence[Column], data: pa.Table) -> None:
        """Add rows with ``ds`` to a table, which is created if there is none; their types become those of the columns.

        Raises:
            RunError: a value does not fit.
        """
        items = [f"CAST({quote.name(c.name)} AS {c.type}) AS {quote.name(c.name)}" for c in columns]
        with engine_errors():
            self._connection.register(_ADDED, data)
            try:
                self._add(table, tuple(columns), f"SELECT {', '.join([*items, KEY])} FROM {_ADDED}")
            finally:
                self._connection.unregister(_ADDED)

    def all_rows(self, table: str) -> pa.Table:
        """All rows of a table, with ``ds`` where it has days."""
        return self.arrow(f"SELECT * FROM {_place(table)}")

    def arrow(self, select: str) -> pa.Table:
        """The rows of a SELECT of constants.

        Raises:
            RunError: it fails.
        """
        with engine_errors():
            return self._connection.sql(select).to_arrow_table()

    def types(self, columns: Sequence[Column]) -> list[Any]:
        """DuckDB's types of columns.

        Raises:
            RunError: a type is not known to DuckDB.
        """
        with engine_errors():
            for name in {column.type for column in columns} - self._types.keys():
                self._types[name] = self._connection.type(name)
        return [self._types[column.type] for column in columns]

    def task(self, inputs: Visible, columns: Schemas | None = None) -> DuckTask:
        """A view in which exactly these days of these tables exist (None: all days).

        Raises:
            InputError: a table was not given, and its columns are not known.
        """
        cursor = self._connection.cursor()
        database = f"_drawloom_{next(self._numbers)}"
        find = partial(self._select_rows, inputs, columns or {})
        return opened(RowsTask(cursor, database, find, on_exit=self._tasks.discard), self._tasks)

    def publish(self, parts: Sequence[Staged]) -> list[str]:
        """Add staged partitions to their table, while their task is open."""
        for part in parts:
            self._publish(part)
        return [part.run for part in parts]

    def _publish(self, part: Staged) -> None:
        names = ", ".join(quote.name(column.name) for column in part.columns)
        with engine_errors():
            if self.has(part.table):
                self._connection.execute(f"DELETE FROM {_place(part.table)} WHERE {KEY} = {quote.day(part.ds)}")
            self._add(part.table, part.columns, f"SELECT {names}, {KEY} FROM ({part.location}) AS part")

    def _add(self, table: str, columns: tuple[Column, ...], rows: str) -> None:
        if self.has(table):
            self._connection.execute(f"INSERT INTO {_place(table)} BY NAME {rows}")
        else:
            self._connection.execute(f"CREATE TABLE {_place(table)} AS {rows}")
            self._tables[table.lower()] = RowsTable(columns, True)

    def interrupt(self) -> None:
        """Cancel the running statements of all tasks; each raises RunError in its own thread."""
        for task in tuple(self._tasks):
            task.interrupt()

    def _select_rows(self, inputs: Visible, given: Schemas) -> InputFiles:
        return InputFiles(
            {table: self._select(table, days, given.get(table, ())) for table, days in inputs.items()}, {}
        )

    def _select(self, table: str, days: Sequence[date] | None, given: Sequence[Column]) -> str:
        found = self._tables.get(table.lower())
        if found is None:
            if given:
                return select_no_rows(given)
            raise refuse("unknown-table", f"the columns of {table} are not known.", None, "Declare its columns.")
        names = [quote.name(column.name) for column in found.columns]
        if not found.dated:
            return f"SELECT {', '.join(names)} FROM {_place(table)}"
        listed = ", ".join(quote.day(ds) for ds in sorted(set(days or ()))) or "NULL"
        where = "" if days is None else f" WHERE {KEY} IN ({listed})"
        return f"SELECT {', '.join([*names, KEY])} FROM {_place(table)}{where}"


class RowsTask(DuckTask):
    """A task whose staged rows stay in its database."""

    def __init__(
        self,
        cursor: DuckDBPyConnection,
        database: str,
        find_files: Callable[[], InputFiles],
        *,
        on_exit: Callable[[DuckTask], None],
    ) -> None:
        super().__init__(cursor, database, find_files, run=secrets.token_hex(6), new_file=Path, on_exit=on_exit)

    def _write_each_day(
        self, relation: str, outputs: Sequence[OutputColumn], targets: Sequence[Target]
    ) -> list[Staged]:
        """Nothing is written: the rows are sorted, measured, and stay where they are."""
        if targets[0].table.cluster:
            sorting = order_by(targets[0].table, outputs, KEY)
            relation = self._materialize(f"SELECT * FROM {relation}{sorting}", "sorted")
        columns = tuple(output.column for output in outputs)
        measured = measure_days(self._cursor, relation, columns, targets)
        made = [_staged(target, relation, columns, measured[target.ds]) for target in targets]
        self._row_sql = {staged.location: staged.location for staged in made}
        return made


def _staged(target: Target, relation: str, columns: tuple[Column, ...], measured: Measure) -> Staged:
    location = f"SELECT * FROM {relation} WHERE {KEY} = {quote.day(target.ds)}"
    return Staged(target.table.name, target.ds, location, target.run, columns, measured)


def _place(table: str) -> str:
    return quote.dotted((STORE, "main", table.lower()))
