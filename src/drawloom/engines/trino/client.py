"""Statements: each runs on a connection of its own, and can be stopped from another thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from trino.dbapi import Connection
from trino.exceptions import TrinoQueryError

from drawloom.engines.trino.errors import StoppedError, trino_errors

PAGE = 20_000  # rows that are taken at once

Rows = list[Sequence[Any]]
Named = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a statement: columns (name, type), rows as they are in JSON, its id, the bytes it wrote."""

    columns: Named
    rows: Rows
    query: str
    written: int


@dataclass(slots=True, eq=False)
class Running:
    """A statement that runs."""

    connection: Connection
    stopped: bool = False
    cursor: Any = None

    def __post_init__(self) -> None:
        self.cursor = self.connection.cursor(legacy_primitive_types=True, stats_callback=self._look)

    def _look(self, _: object) -> None:
        """Called by the client whenever the server has told how far it is."""
        if self.stopped:
            raise StoppedError

    def stop(self) -> None:
        """End it on the server; its own thread finds out by itself."""
        self.stopped = True
        with suppress(Exception):  # there may be no query yet, or none any more
            self.cursor.cancel()

    def pages(self, sql: str) -> Iterator[Rows]:
        """The rows, page by page."""
        self.cursor.execute(sql)
        while page := self.cursor.fetchmany(PAGE):
            yield page
        self._look(None)


@dataclass(frozen=True, slots=True)
class Watch:
    """The statements that run on behalf of one task."""

    running: set[Running] = field(default_factory=set)

    def stop(self) -> None:
        """End them; each raises RunError in its own thread."""
        for one in tuple(self.running):
            one.stop()


class Client:
    """A Trino at an address, seen through one of its catalogs; used by many threads.

    Args:
        address: ``host:port``, for messages.
        catalog: in which names without a catalog are.
        connect: makes a connection with session properties.
    """

    def __init__(self, address: str, catalog: str, connect: Callable[[Mapping[str, str]], Connection]) -> None:
        self.address = address
        self.catalog = catalog
        self.kinds: Mapping[str, str] = {}
        self._connect = connect
        self._idle: deque[Connection] = deque()

    def run(
        self,
        sql: str,
        watch: Watch | None = None,
        *,
        shown: str | None = None,
        shift: int = 0,
        properties: Mapping[str, str] | None = None,
        take: Callable[[Named, Rows], None] | None = None,
    ) -> Answer:
        """Run one statement to its end.

        Args:
            watch: what can stop it.
            shown: the text that messages quote, which begins ``shift`` lines into the statement.
            properties: of the session, for this statement only.
            take: is given the rows page by page; they are not kept then.

        Raises:
            RunError: Trino refuses, fails, is stopped, or does not answer.
        """
        with trino_errors(sql if shown is None else shown, self.address, shift), self._connection(properties) as one:
            running = Running(one)
            with _watched(running, watch):
                return _collect(running, sql, take)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            _close(self._idle.pop())

    @contextmanager
    def _connection(self, properties: Mapping[str, str] | None) -> Iterator[Connection]:
        """A connection that nobody else uses meanwhile; one that has failed is not used again."""
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
def _watched(running: Running, watch: Watch | None) -> Iterator[None]:
    """Stoppable meanwhile; what ends in our own process, by Ctrl-C too, ends on the server."""
    held = watch or Watch()
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


def _collect(running: Running, sql: str, take: Callable[[Named, Rows], None] | None) -> Answer:
    rows: Rows = []
    named: Named = ()
    for page in running.pages(sql):
        named = named or _named(running.cursor)
        if take:
            take(named, page)
        else:
            rows += page
    stats = running.cursor.stats or {}
    written = int(stats.get("physicalWrittenBytes") or 0)
    return Answer(named or _named(running.cursor), rows, running.cursor.query_id or "", written)


def _close(connection: Any) -> None:
    connection.close()


def _named(cursor: Any) -> Named:
    return [(column.name, column.type_code) for column in cursor.description or ()]
