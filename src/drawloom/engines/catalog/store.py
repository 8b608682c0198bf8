"""What Spark and Trino each do in their own way; everything else about a task is the same for both."""

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
class Found:
    """A table in the catalog: how a text names it, its columns without ``ds``, and the type of ``ds`` as DuckDB spells it.

    ``key`` is None for a table without days. ``kept`` is the table itself where texts are shown a view of it.
    """

    named: exp.Table
    columns: tuple[Column, ...]
    key: str | None
    kept: str | None = None

    @property
    def name(self) -> str:
        """Its dotted name, without quotes."""
        return ".".join(part.name for part in self.named.parts)


@dataclass(frozen=True, slots=True)
class Rows:
    """A SELECT in the engine's dialect, what it stores, and whose partitions it fills: it projects ``ds`` as a date.

    ``shift`` is how many lines stand before the user's text in it.
    """

    table: Table
    columns: tuple[Column, ...]
    select: str
    run: str
    shift: int = 0


class Session(Protocol):
    """One task's way to the engine: used by one thread, which may let another one measure, and stopped by any."""

    def describe(self, sql: str) -> list[tuple[str, str]]:
        """The names of what a SELECT gives, and their types as DuckDB spells them; runs nothing.

        Raises:
            RunError: the engine refuses it.
        """
        ...

    def stage(self, rows: Rows) -> str:
        """Write the rows aside, and give them a name under which they can be read; the name."""
        ...

    def measure(self, name: str, columns: Sequence[Column], ds: date | None = None) -> Measured:
        """Of each day under a name (or of this one): how many rows, a hash that knows no order, bytes."""
        ...

    def upload(self, data: pa.Table) -> str:
        """Make Arrow data readable; the name."""
        ...

    def arrow(self, sql: str) -> pa.Table:
        """The answer to a SELECT."""
        ...

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a SELECT that gives few."""
        ...

    def interrupt(self) -> None:
        """Stop what runs now; it raises RunError in its own thread."""
        ...

    def close(self) -> None:
        """Remove what is only readable for the task."""
        ...


class Store(Protocol):
    """The engine as its tasks know it."""

    @property
    def dialect(self) -> str:
        """The name of its SQL dialect."""
        ...

    def session(self) -> Session:
        """A way to the engine for one task."""
        ...

    def look(self, table: str) -> Found | None:
        """The table as the catalog has it; None where there is no such table."""
        ...

    def end(self, task: object) -> None:
        """Forget a task that is over."""
        ...
