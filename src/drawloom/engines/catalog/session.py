"""The protocols that Spark and Trino implement for ``CatalogTask``, which is the same for both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

from drawloom.model import Column, Table

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlglot import exp

Measured = Mapping[date | None, tuple[int, str, int]]


@dataclass(frozen=True, slots=True)
class CatalogTable:
    """A table in the catalog: its name in SQL, its columns without ``ds``, and the DuckDB type of ``ds``.

    ``key`` is None for a table without days. ``base_table`` is set where ``identifier`` is a view of the table.
    """

    identifier: exp.Table
    columns: tuple[Column, ...]
    key: str | None
    base_table: str | None = None

    @property
    def name(self) -> str:
        """The dotted name, without quotes."""
        return ".".join(part.name for part in self.identifier.parts)


@dataclass(frozen=True, slots=True)
class StageQuery:
    """A SELECT in the engine's dialect of rows to stage, with ``ds`` as a date, and the columns to store.

    ``shift`` is the number of lines before the user's text.
    """

    table: Table
    columns: tuple[Column, ...]
    select: str
    run: str
    shift: int = 0


class TaskSession(Protocol):
    """The connection of one task to its engine.

    It is used by the task's thread and by one that measures in the background; any thread may interrupt it.
    """

    def describe(self, sql: str) -> list[tuple[str, str]]:
        """The names and DuckDB types of a SELECT's columns; does not run it.

        Raises:
            RunError: the engine refuses it.
        """
        ...

    def stage(self, rows: StageQuery) -> str:
        """Write the rows to staging; returns the name under which they can be read."""
        ...

    def measure(self, name: str, columns: Sequence[Column], ds: date | None = None) -> Measured:
        """(rows, hash of the rows in any order, bytes) of each day under a name, or of one day."""
        ...

    def upload(self, data: pa.Table) -> str:
        """Make Arrow data readable; returns the name."""
        ...

    def arrow(self, sql: str) -> pa.Table:
        """The result of a SELECT."""
        ...

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a SELECT whose result is small."""
        ...

    def interrupt(self) -> None:
        """Cancel the running statement, which raises RunError in its own thread."""
        ...

    def close(self) -> None:
        """Drop the task's temporary tables and views."""
        ...


class TaskEngine(Protocol):
    """The part of an engine that a task uses."""

    @property
    def dialect(self) -> str:
        """The name of its SQL dialect."""
        ...

    def session(self) -> TaskSession:
        """A session for one task."""
        ...

    def find_table(self, table: str) -> CatalogTable | None:
        """The table in the catalog; None where it does not exist."""
        ...

    def remove_task(self, task: object) -> None:
        """Remove a task that has ended, so that it is not interrupted any more."""
        ...
