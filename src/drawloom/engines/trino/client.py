"""A client that runs each statement on its own connection, so that another thread can cancel it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from trino.dbapi import Connection
from trino.exceptions import TrinoQueryError

from drawloom.engines.trino.errors import CancelledError, trino_errors

PAGE = 20_000  # rows per fetch

Rows = list[Sequence[Any]]
ColumnTypes = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class StatementResult:
    """The result of a statement: columns (name, type), rows in JSON values, query id, bytes written."""

    columns: ColumnTypes
    rows: Rows
    query: str
    written: int


@dataclass(slots=True, eq=False)
class RunningStatement:
    """A running statement, which another thread may cancel."""

    connection: Connection
    is_cancelled: bool = False
    cursor: Any = None

    def __post_init__(self) -> None:
        self.cursor = self.connection.cursor(legacy_primitive_types=True, stats_callback=self._check_cancelled)

    def _check_cancelled(self, _: object) -> None:
        """Called by the client whenever the server reports progress."""
        if self.is_cancelled:
            raise CancelledError

    def cancel(self) -> None:
        """Cancel it on the server; its own thread raises when it notices."""
        self.is_cancelled = True
        with suppress(Exception):  # there may be no query yet, or it has ended
            self.cursor.cancel()

    def pages(self, sql: str) -> Iterator[Rows]:
        """The rows, page by page."""
        self.cursor.execute(sql)
        while page := self.cursor.fetchmany(PAGE):
            yield page
        self._check_cancelled(None)


@dataclass(frozen=True, slots=True)
class RunningStatements:
    """The running statements of one task, or of one catalog."""

    statements: set[RunningStatement] = field(default_factory=set)

    def cancel(self) -> None:
        """Cancel them; each raises RunError in its own thread."""
        for statement in tuple(self.statements):
            statement.cancel()


class Client:
    """A Trino server with a default catalog; used by many threads.

    Args:
        address: ``host:port``, for messages.
        catalog: the catalog of table names that have none.
        connect: opens a connection with session properties.
    """

    def __init__(self, address: str, catalog: str, connect: Callable[[Mapping[str, str]], Connection]) -> None:
        self.address = address
        self.catalog = catalog
        self.connector_names: Mapping[str, str] = {}
        self._connect = connect
        self._idle: deque[Connection] = deque()

    def run(
        self,
        sql: str,
        statements: RunningStatements | None = None,
        *,
        shown: str | None = None,
        shift: int = 0,
        properties: Mapping[str, str] | None = None,
        on_page: Callable[[ColumnTypes, Rows], None] | None = None,
    ) -> StatementResult:
        """Run one statement.

        Args:
            statements: the set in which it is registered while it runs, so that it can be cancelled.
            shown: the text that error messages quote; it begins ``shift`` lines into the statement.
            properties: session properties of this statement.
            on_page: called with each page of rows, which are then not collected.

        Raises:
            RunError: Trino refuses or fails, is cancelled, or does not answer.
        """
        with (
            trino_errors(sql if shown is None else shown, self.address, shift),
            self._connection(properties) as connection,
        ):
            statement = RunningStatement(connection)
            with _registered(statement, statements):
                return _collect(statement, sql, on_page)

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            _close(self._idle.pop())

    @contextmanager
    def _connection(self, properties: Mapping[str, str] | None) -> Iterator[Connection]:
        """A connection for exclusive use; one that has failed is not used again."""
        try:
            connection = self._connect(properties) if properties else self._idle.pop()
        except IndexError:
            connection = self._connect({})
        try:
            yield connection
        except BaseException as error:
            if not isinstance(error, TrinoQueryError):
                _close(connection)
                raise
            self._release(connection, properties)
            raise
        self._release(connection, properties)

    def _release(self, connection: Connection, properties: Mapping[str, str] | None) -> None:
        if properties:
            _close(connection)
        else:
            self._idle.append(connection)


@contextmanager
def _registered(statement: RunningStatement, statements: RunningStatements | None) -> Iterator[None]:
    """Register a running statement; an exception in our process, such as Ctrl-C, cancels it on the server."""
    registered = statements or RunningStatements()
    registered.statements.add(statement)
    try:
        yield
    except TrinoQueryError:
        raise
    except BaseException:
        statement.cancel()
        raise
    finally:
        registered.statements.discard(statement)


def _collect(
    statement: RunningStatement, sql: str, on_page: Callable[[ColumnTypes, Rows], None] | None
) -> StatementResult:
    rows: Rows = []
    column_types: ColumnTypes = ()
    for page in statement.pages(sql):
        column_types = column_types or _column_types(statement.cursor)
        if on_page:
            on_page(column_types, page)
        else:
            rows += page
    stats = statement.cursor.stats or {}
    written = int(stats.get("physicalWrittenBytes") or 0)
    return StatementResult(
        column_types or _column_types(statement.cursor), rows, statement.cursor.query_id or "", written
    )


def _close(connection: Any) -> None:
    connection.close()


def _column_types(cursor: Any) -> ColumnTypes:
    return [(column.name, column.type_code) for column in cursor.description or ()]
