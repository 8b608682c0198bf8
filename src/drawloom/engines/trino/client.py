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
NamedTypes = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a statement: columns (name, type), rows in JSON values, query id, bytes written."""

    columns: NamedTypes
    rows: Rows
    query: str
    written: int


@dataclass(slots=True, eq=False)
class RunningStatement:
    """A running statement."""

    connection: Connection
    stopped: bool = False
    cursor: Any = None

    def __post_init__(self) -> None:
        self.cursor = self.connection.cursor(legacy_primitive_types=True, stats_callback=self._look)

    def _look(self, _: object) -> None:
        """Called by the client whenever the server reports progress."""
        if self.stopped:
            raise CancelledError

    def stop(self) -> None:
        """Cancel it on the server; its own thread raises when it notices."""
        self.stopped = True
        with suppress(Exception):  # there may be no query yet, or it has ended
            self.cursor.cancel()

    def pages(self, sql: str) -> Iterator[Rows]:
        """The rows, page by page."""
        self.cursor.execute(sql)
        while page := self.cursor.fetchmany(PAGE):
            yield page
        self._look(None)


@dataclass(frozen=True, slots=True)
class RunningStatements:
    """The running statements of one task."""

    running: set[RunningStatement] = field(default_factory=set)

    def stop(self) -> None:
        """Cancel them; each raises RunError in its own thread."""
        for one in tuple(self.running):
            one.stop()


class Client:
    """A Trino server with a default catalog; used by many threads.

    Args:
        address: ``host:port``, for messages.
        catalog: of names without a catalog.
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
        watch: RunningStatements | None = None,
        *,
        shown: str | None = None,
        shift: int = 0,
        properties: Mapping[str, str] | None = None,
        on_page: Callable[[NamedTypes, Rows], None] | None = None,
    ) -> Answer:
        """Run one statement.

        Args:
            watch: where it is registered, to be cancelled.
            shown: the text that messages quote; it begins ``shift`` lines into the statement.
            properties: session properties of this statement.
            on_page: called with each page of rows, which are then not collected.

        Raises:
            RunError: Trino refuses or fails, is cancelled, or does not answer.
        """
        with trino_errors(sql if shown is None else shown, self.address, shift), self._connection(properties) as one:
            running = RunningStatement(one)
            with _watched(running, watch):
                return _collect(running, sql, on_page)

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            _close(self._idle.pop())

    @contextmanager
    def _connection(self, properties: Mapping[str, str] | None) -> Iterator[Connection]:
        """A connection for exclusive use; one that has failed is not used again."""
        try:
            one = self._connect(properties) if properties else self._idle.pop()
        except IndexError:
            one = self._connect({})
        try:
            yield one
        except BaseException as error:
            if not isinstance(error, TrinoQueryError):
                _close(one)
                raise
            self._give_back(one, properties)
            raise
        self._give_back(one, properties)

    def _give_back(self, one: Connection, properties: Mapping[str, str] | None) -> None:
        if properties:
            _close(one)
        else:
            self._idle.append(one)


@contextmanager
def _watched(running: RunningStatement, watch: RunningStatements | None) -> Iterator[None]:
    """Register a running statement; an exception in our process, such as Ctrl-C, cancels it on the server."""
    held = watch or RunningStatements()
    held.running.add(running)
    try:
        yield
    except TrinoQueryError:
        raise
    except BaseException:
        running.stop()
        raise
    finally:
        held.running.discard(running)


def _collect(running: RunningStatement, sql: str, on_page: Callable[[NamedTypes, Rows], None] | None) -> Answer:
    rows: Rows = []
    named: NamedTypes = ()
    for page in running.pages(sql):
        named = named or _named(running.cursor)
        if on_page:
            on_page(named, page)
        else:
            rows += page
    stats = running.cursor.stats or {}
    written = int(stats.get("physicalWrittenBytes") or 0)
    return Answer(named or _named(running.cursor), rows, running.cursor.query_id or "", written)


def _close(connection: Any) -> None:
    connection.close()


def _named(cursor: Any) -> NamedTypes:
    return [(column.name, column.type_code) for column in cursor.description or ()]
