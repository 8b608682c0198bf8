"""One step-run's view of the lake: a database of its own in the shared DuckDB, holding views only."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from drawloom.engines import quote
from drawloom.engines.base import HOUSE, Metas, Staged
from drawloom.engines.columns import Found, Output, check_arrow, outputs
from drawloom.engines.errors import engine_errors
from drawloom.engines.reader import Seen
from drawloom.engines.statement import bind, body, one_select
from drawloom.engines.write import Query, Target, day, order_by, write, write_days
from drawloom.model import KEY, Column, DrawloomError, Problem, RunError, Table, refuse
from drawloom.sql.portable.closed import expanded

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    from drawloom.engines.duckdb import DuckDB

T = TypeVar("T")
STAGED = "staged"
PATIENCE = 30.0
SMALL = 2**20  # bytes of input up to which a day's rows are kept in memory and written from there, not streamed
SMALL_TOGETHER = 16 * SMALL  # the same for many days
_ARROW = "_drawloom_arrow"


class DuckTask:
    """A cursor whose catalog holds one view for each input; see ``base.Task``.

    ``patience`` is the number of seconds in which a query must find its files at rest.
    """

    def __init__(
        self,
        engine: DuckDB,
        cursor: DuckDBPyConnection,
        database: str,
        look: Callable[[], Seen],
        patience: float = PATIENCE,
    ) -> None:
        self._patience = patience
        self._engine = engine
        self._cursor = cursor
        self._database = database
        self._look = look
        self._seen = Seen({}, {})
        self._kept: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.end(self)
        self._cursor.execute("USE memory")
        self._cursor.execute(f"DETACH {quote.name(self._database)}")
        self._cursor.close()

    def look(self) -> None:
        """Find the files as they are now, and make the views over them."""
        self._seen = self._look()
        for table, select in self._seen.selects.items():
            self.view(table, select)

    def view(self, table: str, select: str) -> None:
        """Make a table readable as this SELECT gives it."""
        parts = table.split(".")
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
        dialect: str = HOUSE,  # noqa: ARG002 - there is no other
    ) -> Staged:
        """Write what the SELECT gives as the partition ``ds`` of the table, aside.

        ``known`` are the columns that the table's partitions have so far; see ``columns.outputs``.

        Raises:
            InputError: the text is not one SELECT, or its columns cannot be stored.
            RunError: DuckDB refuses or fails (code engine-error), or a row has another ``ds`` (wrong-day).
        """
        target = self._target(table, ds, meta)
        text = expanded(sql)
        return self._steadily(lambda: self._write(target, text, known))

    def stage_range(
        self,
        table: Table,
        sql: str,
        metas: Metas,
        known: Sequence[Column] = (),
        dialect: str = HOUSE,  # noqa: ARG002
    ) -> list[Staged]:
        """Write all days of ``metas`` from one SELECT that projects ``ds``; days without rows are written empty.

        Raises:
            InputError: as ``stage``, or the SELECT does not project ``ds``.
            RunError: as ``stage``, or a row's ``ds`` is not one of the days (wrong-day).
        """
        targets = self._targets(table, metas)
        text = expanded(sql)
        return self._steadily(lambda: self._write_range(table, targets, text, known))

    def stage_days(
        self,
        table: Table,
        texts: Mapping[date, str],
        metas: Metas,
        known: Sequence[Column] = (),
        dialect: str = HOUSE,  # noqa: ARG002
    ) -> list[Staged]:
        """Write these days, each as its own SELECT gives it, in one pass.

        The texts differ by dates only, and each reads within the task's view only what it would read alone.

        Raises:
            InputError: as ``stage``.
            RunError: as ``stage``; the task sees too much, or files of unlike columns (code apart).
        """
        targets = self._targets(table, metas)
        said = {ds: expanded(text) for ds, text in texts.items()}
        return self._steadily(lambda: self._write_together(table, targets, said, known))

    def _write(self, target: Target, sql: str, known: Sequence[Column]) -> Staged:
        query = self._bind(target.table, sql, known)
        if self._seen.bytes <= SMALL:
            rows = self._keep(query.together(target.table.name, {target.ds: query.text}))
            return self._split(rows, query.outputs, [target])[0]
        select = query.of(target.table.name, target.ds)
        return write(self._cursor, select + order_by(target.table, query.outputs), query.columns, target)

    def _write_range(self, table: Table, targets: Sequence[Target], sql: str, known: Sequence[Column]) -> list[Staged]:
        query = self._bind(table, sql, known)
        if not query.found.key:
            raise refuse("bad-columns", f"the SELECT for {table.name} has no ds, must project it to fill many days.")
        whole = self._keep(query.by_day + f" ORDER BY {KEY}")
        self._check_days([target.ds for target in targets], whole, table)
        return self._split(whole, query.outputs, targets)

    def _write_together(
        self, table: Table, targets: Sequence[Target], texts: Mapping[date, str], known: Sequence[Column]
    ) -> list[Staged]:
        if not self._seen.alike or self._seen.bytes > SMALL_TOGETHER:
            raise RunError(Problem("apart", "error", f"days of {table.name} == together, must be run one by one."))
        for name, select in self._seen.selects.items():
            self.view(name, f"SELECT * FROM {self._keep(select, name)}")
        first = self._bind(table, texts[targets[0].ds], known)
        rows = self._keep(first.together(table.name, {target.ds: body(texts[target.ds]) for target in targets}))
        return self._split(rows, first.outputs, targets)

    def _keep(self, select: str, name: str = "days") -> str:
        """Keep the rows of a SELECT for as long as the task lives; the name of the relation."""
        relation = quote.dotted((self._database, "main", f"_drawloom {name}"))
        with engine_errors(shift=1):
            self._cursor.execute(f"CREATE OR REPLACE TABLE {relation} AS {select}")
        return relation

    def _split(self, relation: str, outputs: Sequence[Output], targets: Sequence[Target]) -> list[Staged]:
        made = write_days(self._cursor, relation, outputs, targets)
        self._kept = {staged.place: f"SELECT * FROM {relation} WHERE {KEY} = {day(staged.ds)}" for staged in made}
        return made

    def stage_arrow(
        self, table: Table, ds: date, data: pa.Table, meta: Mapping[str, str], known: Sequence[Column] = ()
    ) -> Staged:
        """Write Arrow data as the partition ``ds`` of the table, aside.

        Raises:
            InputError: it is no Arrow table, or its columns cannot be stored.
            RunError: as ``stage``.
        """
        check_arrow(table.name, data)
        with engine_errors():
            self._cursor.register(_ARROW, data)
        try:
            return self.stage(table, ds, f"SELECT * FROM {_ARROW}", meta, known)
        finally:
            self._cursor.unregister(_ARROW)

    def rows(self, staged: Staged) -> str:
        """The SELECT of one partition, staged or published, with its ``ds``."""
        path = quote.value(staged.place)
        file = f"SELECT *, {day(staged.ds)} AS {KEY} FROM read_parquet({path}, hive_partitioning=false)"
        return self._kept.get(staged.place, file)

    def show(self, staged: Staged, name: str = STAGED) -> None:
        """Make one partition, staged or published, readable as the table of this name."""
        self.view(name, self.rows(staged))

    def query(self, sql: str, dialect: str = HOUSE) -> pa.Table:  # noqa: ARG002
        """The answer to one SELECT over the task's tables."""
        text = expanded(sql)
        return self._steadily(lambda: self._ask(text))

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a small answer; it costs half of ``query``, which binds the text twice."""
        text = expanded(sql)
        return self._steadily(lambda: self._fetch(text))

    def interrupt(self) -> None:
        """Stop what the task runs now; it raises RunError in its own thread."""
        self._cursor.interrupt()

    def _steadily(self, work: Callable[[], T]) -> T:
        """What the work gives when no file was published under its hands; it is done again until then."""
        until = time.monotonic() + self._patience
        while time.monotonic() < until:
            try:
                done = work()
            except DrawloomError as error:
                if self._seen.steady or error.problems[0].code == "interrupted":
                    raise
            else:
                if self._seen.steady:
                    return done
            self.look()
        tables = ", ".join(self._seen.selects)
        message = f"files of {tables} == published again and again while they were read, must rest for a moment."
        raise RunError(Problem("engine-io", "error", message))

    def _ask(self, sql: str) -> pa.Table:
        relation = bind(self._cursor, sql, explain=True)
        with engine_errors():
            return relation.to_arrow_table()

    def _fetch(self, sql: str) -> list[tuple[Any, ...]]:
        statement = one_select(self._cursor, sql)
        with engine_errors():
            return self._cursor.execute(statement).fetchall()

    def _bind(self, table: Table, sql: str, known: Sequence[Column]) -> Query:
        relation = bind(self._cursor, sql)
        found = Found(tuple(relation.columns), tuple(relation.types))
        return Query(body(sql), found, outputs(table.name, found, table.columns, known))

    def _check_days(self, days: Sequence[date], relation: str, table: Table) -> None:
        with engine_errors():
            found = self._cursor.execute(f"SELECT DISTINCT {KEY} FROM {relation} ORDER BY {KEY}").fetchall()
        wrong = [day for (day,) in found if day not in set(days)]
        if wrong:
            message = f"{table.name}.ds == {wrong[0]}, must be a day from {min(days)} to {max(days)}, on every row."
            raise RunError(Problem("wrong-day", "error", message))

    def _targets(self, table: Table, metas: Metas) -> list[Target]:
        return [self._target(table, day, meta) for day, meta in sorted(metas.items())]

    def _target(self, table: Table, ds: date, meta: Mapping[str, str]) -> Target:
        return Target(table, ds, self._engine.area.file(), meta.get("run", self._engine.run), meta)
