"""A task of the DuckDB engine: a database of its own in the shared DuckDB, with a view for each input."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from drawloom.engines import quote
from drawloom.engines.base import CANONICAL_DIALECT, Explanation, Metas, Staged
from drawloom.engines.columns import OutputColumn, QuerySchema, check_arrow, order_by, output_columns
from drawloom.engines.duckdb.connection import bind_select, engine_errors, extract_select, without_semicolon
from drawloom.engines.duckdb.guard import check_reads
from drawloom.engines.duckdb.reader import InputFiles
from drawloom.engines.duckdb.write import OutputQuery, Target, write, write_days
from drawloom.model import KEY, Column, DrawloomError, Problem, RunError, SliceRead, Table, refuse
from drawloom.sql.translate.portable import expand_portable_functions

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection, Statement


T = TypeVar("T")
D = TypeVar("D", bound="DuckTask")
STAGED = "staged"
RETRY_SECONDS = 30.0  # seconds
IN_MEMORY_BYTES = 2**20  # bytes of input up to which a day's rows are held in memory before they are written
IN_MEMORY_BATCH_BYTES = 16 * IN_MEMORY_BYTES  # the same for a batch of days
_ARROW = "_drawloom_arrow"


def opened(task: D, tasks: set[DuckTask]) -> D:
    """A task with its database and the views of its inputs, among those that can be interrupted."""
    task.attach()
    tasks.add(task)
    try:
        task.refresh_views()
    except BaseException:
        task.__exit__(None, None, None)
        raise
    return task


class DuckTask:
    """A cursor whose catalog has one view for each input; see ``base.Task``.

    ``retry_seconds`` is how long a query is retried while other processes replace its files.
    """

    def __init__(
        self,
        cursor: DuckDBPyConnection,
        database: str,
        find_files: Callable[[], InputFiles],
        *,
        run: str,
        new_file: Callable[[], Path],
        on_exit: Callable[[DuckTask], None],
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._run = run
        self._new_file = new_file
        self._on_exit = on_exit
        self._retry_seconds = retry_seconds
        self._cursor = cursor
        self._database = database
        self._find_files = find_files
        self._files = InputFiles({}, {})
        self._limits: dict[str, SliceRead] = {}
        self._row_sql: dict[str, str] = {}
        self._tables: set[str] = {_ARROW}
        self._own_files: set[str] = set()
        self._readers: set[DuckDBPyConnection] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._on_exit(self)
        self._cursor.execute("USE memory")
        self._cursor.execute(f"DETACH {quote.name(self._database)}")
        self._cursor.close()

    def attach(self) -> None:
        """Make its database, which its cursor then uses."""
        self._cursor.execute(f"ATTACH ':memory:' AS {quote.name(self._database)}")
        self._cursor.execute(f"USE {quote.name(self._database)}")

    def refresh_views(self) -> None:
        """Find the current files of all inputs, and create the views over them."""
        found = self._find_files()
        selects = {table: self._limited(table, select) for table, select in found.selects.items()}
        self._files = replace(found, selects=selects)
        for table, select in selects.items():
            self.create_view(table, select)

    def limit_rows(self, read: SliceRead) -> None:
        """Make only these slices of a table of the task readable."""
        self._limits[read.table] = read
        select = self._limited(read.table, self._files.selects[read.table])
        self._files = replace(self._files, selects={**self._files.selects, read.table: select})
        self.create_view(read.table, select)

    def _limited(self, table: str, select: str) -> str:
        """The SELECT of a table's files, without the rows of slices that are not read."""
        read = self._limits.get(table)
        if read is None:
            return select
        values = ", ".join(map(quote.value, read.values))
        return f"SELECT * FROM ({select}) WHERE {quote.name(read.column)} IN ({values})"

    def create_view(self, table: str, select: str) -> None:
        """Create a view with the name of a table."""
        parts = table.split(".")
        self._tables.add(table.lower())
        with engine_errors():
            if len(parts) > 1:
                self._cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {quote.name(parts[0])}")
            self._cursor.execute(f"CREATE OR REPLACE VIEW {quote.dotted(parts)} AS {select}")

    def stage(
        self,
        table: Table,
        ds: date,
        sql: str,
        meta: Mapping[str, str],
        known: Sequence[Column] = (),
        dialect: str = CANONICAL_DIALECT,  # noqa: ARG002 - there is no other
    ) -> Staged:
        """Stage the result of a SELECT as the partition ``ds`` of the table.

        ``known`` are the columns that the table's partitions have so far; see ``columns.output_columns``.

        Raises:
            InputError: the text is not one SELECT, or its columns cannot be stored.
            RunError: DuckDB refuses or fails (code engine-error), or a row has a different ``ds`` (wrong-day).
        """
        target = self._target(table, ds, meta)
        text = expand_portable_functions(sql)
        return self._retry_until_inputs_stable(lambda: self._write(target, text, known))

    def stage_range(
        self,
        table: Table,
        sql: str,
        metas: Metas,
        known: Sequence[Column] = (),
        dialect: str = CANONICAL_DIALECT,  # noqa: ARG002
    ) -> list[Staged]:
        """Stage all days of ``metas`` from one SELECT that projects ``ds``; days without rows become empty partitions.

        Raises:
            InputError: as ``stage``, or the SELECT does not project ``ds``.
            RunError: as ``stage``, or a row's ``ds`` is not one of the days (wrong-day).
        """
        targets = self._targets(table, metas)
        text = expand_portable_functions(sql)
        return self._retry_until_inputs_stable(lambda: self._write_range(table, targets, text, known))

    def stage_days(
        self,
        table: Table,
        texts: Mapping[date, str],
        metas: Metas,
        known: Sequence[Column] = (),
        dialect: str = CANONICAL_DIALECT,  # noqa: ARG002
    ) -> list[Staged]:
        """Stage these days in one pass, each from its own SELECT.

        The texts differ by dates only, and each reads the same rows of the task's views as it would on its own.

        Raises:
            InputError: as ``stage``.
            RunError: as ``stage``, or the inputs are too large or have different columns (code apart).
        """
        targets = self._targets(table, metas)
        expanded = {ds: expand_portable_functions(text) for ds, text in texts.items()}
        return self._retry_until_inputs_stable(lambda: self._write_days(table, targets, expanded, known))

    def _write(self, target: Target, sql: str, known: Sequence[Column]) -> Staged:
        query = self._bind(target.table, sql, known)
        if self._files.bytes <= IN_MEMORY_BYTES:
            rows = self._materialize(query.union_of_days(target.table.name, {target.ds: query.text}))
            return self._write_each_day(rows, query.outputs, [target])[0]
        select = query.for_day(target.table.name, target.ds)
        return write(self._cursor, select + order_by(target.table, query.outputs), query.columns, target)

    def _write_range(self, table: Table, targets: Sequence[Target], sql: str, known: Sequence[Column]) -> list[Staged]:
        query = self._bind(table, sql, known)
        if not query.found.key:
            raise refuse("bad-columns", f"the SELECT for {table.name} has no ds, must project it to fill many days.")
        whole = self._materialize(query.by_day + f" ORDER BY {KEY}")
        self._check_days([target.ds for target in targets], whole, table)
        return self._write_each_day(whole, query.outputs, targets)

    def _write_days(
        self, table: Table, targets: Sequence[Target], texts: Mapping[date, str], known: Sequence[Column]
    ) -> list[Staged]:
        if not self._files.is_uniform or self._files.bytes > IN_MEMORY_BATCH_BYTES:
            raise RunError(
                Problem("apart", "error", f"The days of {table.name} cannot be run in one batch; run them one by one.")
            )
        for name, select in self._files.selects.items():
            self.create_view(name, f"SELECT * FROM {self._materialize(select, name)}")
        first = self._bind(table, texts[targets[0].ds], known)
        select = first.union_of_days(table.name, {target.ds: without_semicolon(texts[target.ds]) for target in targets})
        self._check(select)
        rows = self._materialize(select)
        return self._write_each_day(rows, first.outputs, targets)

    def _materialize(self, select: str, name: str = "days") -> str:
        """Store the rows of a SELECT for the lifetime of the task; returns the name of the relation."""
        relation = quote.dotted((self._database, "main", f"_drawloom {name}"))
        with engine_errors(shift=1):
            self._cursor.execute(f"CREATE OR REPLACE TABLE {relation} AS {select}")
        return relation

    def _write_each_day(
        self, relation: str, outputs: Sequence[OutputColumn], targets: Sequence[Target]
    ) -> list[Staged]:
        made = write_days(self._cursor, relation, outputs, targets)
        self._row_sql = {
            staged.location: f"SELECT * FROM {relation} WHERE {KEY} = {quote.day(staged.ds)}" for staged in made
        }
        return made

    def stage_arrow(
        self, table: Table, ds: date, data: pa.Table, meta: Mapping[str, str], known: Sequence[Column] = ()
    ) -> Staged:
        """Stage Arrow data as the partition ``ds`` of the table.

        Raises:
            InputError: it is not an Arrow table, or its columns cannot be stored.
            RunError: as ``stage``.
        """
        check_arrow(table.name, data)
        with engine_errors():
            self._cursor.register(_ARROW, data)
        try:
            return self.stage(table, ds, f"SELECT * FROM {_ARROW}", meta, known)
        finally:
            self._cursor.unregister(_ARROW)

    def partition_sql(self, staged: Staged) -> str:
        """A SELECT of the rows of one partition, staged or published, with ``ds``."""
        path = quote.value(staged.location)
        self._own_files.add(staged.location)
        file = f"SELECT *, {quote.day(staged.ds)} AS {KEY} FROM read_parquet({path}, hive_partitioning=false)"
        return self._row_sql.get(staged.location, file)

    def add_view(self, staged: Staged, name: str = STAGED) -> None:
        """Make one partition, staged or published, readable under this table name."""
        self.create_view(name, self.partition_sql(staged))

    def add_query(self, name: str, sql: str, columns: Sequence[Column]) -> None:  # noqa: ARG002
        """Make the result of a SELECT over the task's tables readable under a table name."""
        self.create_view(name, sql)

    def query(self, sql: str, dialect: str = CANONICAL_DIALECT) -> pa.Table:  # noqa: ARG002
        """The result of one SELECT over the task's tables."""
        text = expand_portable_functions(sql)
        return self._retry_until_inputs_stable(lambda: self._run_query(text))

    def batches(self, sql: str, rows: int) -> Iterator[pa.Table]:
        """The result of one SELECT over the task's tables, so many rows at a time, at least one table.

        Other queries of the task can run meanwhile.

        Raises:
            RunError: also where an input is replaced before all rows were read: they are not read again, as the first of
                them were handed out already.
        """
        text = expand_portable_functions(sql)
        statement = extract_select(self._cursor, text)
        self._check(text)
        cursor = self._cursor.cursor()
        self._readers.add(cursor)
        try:
            yield from _tables(cursor, self._database, statement, rows)
        finally:
            self._readers.discard(cursor)
            cursor.close()
        if not self._files.unchanged:
            tables = ", ".join(self._files.selects)
            raise RunError(
                Problem("engine-io", "error", f"files of {tables} were replaced while they were read; try again.")
            )

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a small result; cheaper than ``query``, which binds the text twice."""
        text = expand_portable_functions(sql)
        return self._retry_until_inputs_stable(lambda: self._fetch(text))

    def explain(self, sql: str, dialect: str = CANONICAL_DIALECT) -> Explanation:  # noqa: ARG002
        """Run one SELECT over the task's tables, and tell how DuckDB did it."""
        from drawloom.engines.duckdb.explain import read_profile

        text = f"EXPLAIN (ANALYZE, FORMAT JSON) {expand_portable_functions(sql)}"
        return read_profile(str(self._retry_until_inputs_stable(lambda: self._fetch(text, explain=True))[0][1]))

    def interrupt(self) -> None:
        """Cancel the running statement, which raises RunError in its own thread."""
        for cursor in (self._cursor, *self._readers):
            cursor.interrupt()

    def _retry_until_inputs_stable(self, work: Callable[[], T]) -> T:
        """The result of the work, repeated until no input file was replaced while it ran."""
        until = time.monotonic() + self._retry_seconds
        while time.monotonic() < until:
            try:
                result = work()
            except DrawloomError as error:
                if self._files.unchanged or error.problems[0].code == "interrupted":
                    raise
            else:
                if self._files.unchanged:
                    return result
            self.refresh_views()
        tables = ", ".join(self._files.selects)
        message = f"files of {tables} kept changing while they were read; try again."
        raise RunError(Problem("engine-io", "error", message))

    def _run_query(self, sql: str) -> pa.Table:
        statement = extract_select(self._cursor, sql, explain=True)
        self._check(sql, show=True)
        relation = bind_select(self._cursor, statement, sql)
        with engine_errors():
            return relation.to_arrow_table()

    def _fetch(self, sql: str, *, explain: bool = False) -> list[tuple[Any, ...]]:
        statement = extract_select(self._cursor, sql, explain=explain)
        self._check(sql)
        with engine_errors():
            return self._cursor.execute(statement).fetchall()

    def _bind(self, table: Table, sql: str, known: Sequence[Column]) -> OutputQuery:
        statement = extract_select(self._cursor, sql)
        self._check(sql)
        relation = bind_select(self._cursor, statement, sql)
        found = QuerySchema(tuple(relation.columns), tuple(relation.types))
        return OutputQuery(without_semicolon(sql), found, output_columns(table.name, found, table.columns, known))

    def _check(self, sql: str, *, show: bool = False) -> None:
        """Check that a statement reads the task's tables and nothing else; see ``guard``."""
        with engine_errors():  # an interrupt may come while it is checked
            check_reads(self._cursor, sql, self._tables, self._own_files, self._database, show=show)

    def _check_days(self, days: Sequence[date], relation: str, table: Table) -> None:
        with engine_errors():
            found = self._cursor.execute(f"SELECT DISTINCT {KEY} FROM {relation} ORDER BY {KEY}").fetchall()
        wrong = [day for (day,) in found if day not in set(days)]
        if wrong:
            shown = f"== {wrong[0]}" if wrong[0] else "is missing or no day"
            message = f"{table.name}.ds {shown}, must be a day from {min(days)} to {max(days)}, on every row."
            raise RunError(Problem("wrong-day", "error", message))

    def _targets(self, table: Table, metas: Metas) -> list[Target]:
        return [self._target(table, day, meta) for day, meta in sorted(metas.items())]

    def _target(self, table: Table, ds: date, meta: Mapping[str, str]) -> Target:
        return Target(table, ds, self._new_file(), meta.get("run", self._run), meta)


def _tables(cursor: DuckDBPyConnection, database: str, statement: Statement, rows: int) -> Iterator[pa.Table]:
    """The result of a statement in a database, about so many rows at a time."""
    import pyarrow as pa

    with engine_errors():
        cursor.execute(f"USE {quote.name(database)}")
        reader = cursor.sql(statement).to_arrow_reader(rows)
    empty = True
    while (batch := _next_batch(reader)) is not None:
        empty = False
        yield pa.Table.from_batches([batch])
    if empty:
        yield reader.schema.empty_table()


def _next_batch(reader: pa.RecordBatchReader) -> pa.RecordBatch | None:
    try:
        return next(reader, None)
    except (OSError, ValueError) as error:  # Arrow hands on DuckDB's errors as errors of its own
        raise RunError(Problem("engine-error", "error", str(error))) from error
