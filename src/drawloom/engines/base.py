"""What every engine can do: give a task its view of the lake, stage one partition, publish it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from drawloom.model import Column, Table

if TYPE_CHECKING:
    import pyarrow as pa

Visible = Mapping[str, Sequence[date] | None]
Schemas = Mapping[str, Sequence[Column]]
Metas = Mapping[date, Mapping[str, str]]
HOUSE = "duckdb"  # the dialect in which texts are given to every engine


@dataclass(frozen=True, slots=True)
class Measure:
    """How many rows there are, how many bytes their files have, and the hash of the rows whatever their order."""

    rows: int
    bytes: int
    content: str


@dataclass(frozen=True, slots=True)
class Staged:
    """A partition that is written and synced, and that no reader sees before it is published.

    ``place`` is the file, folder or table that holds it, ``columns`` are those of its files (without ``ds``), ``run`` is
    the id of the run that wrote it. What is in it may still be measured while it is checked: then ``rows``, ``bytes`` and
    ``content`` wait, and raise RunError where it cannot be measured.
    """

    table: str
    ds: date
    place: str
    run: str
    columns: tuple[Column, ...]
    measure: Measure | Future[Measure]

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return self.measured.rows

    @property
    def bytes(self) -> int:
        """The size of its files."""
        return self.measured.bytes

    @property
    def content(self) -> str:
        """The hash of its rows, whatever their order."""
        return self.measured.content

    @property
    def measured(self) -> Measure:
        """What it has been measured to be."""
        return self.measure.result() if isinstance(self.measure, Future) else self.measure


class Task(Protocol):
    """One step-run's isolated view of the lake; a context manager, used by one thread at a time."""

    def __enter__(self) -> Self:
        """The task itself."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Forget the view; what was staged and not published stays until the staging area is swept."""
        ...

    def stage(
        self,
        table: Table,
        ds: date,
        sql: str,
        meta: Mapping[str, str],
        known: Sequence[Column] = (),
        dialect: str = HOUSE,
    ) -> Staged:
        """Write what the SELECT gives as the partition ``ds`` of the table, aside."""
        ...

    def stage_range(
        self, table: Table, sql: str, metas: Metas, known: Sequence[Column] = (), dialect: str = HOUSE
    ) -> list[Staged]:
        """Write all days of ``metas`` from one SELECT that projects ``ds``; days without rows are written empty."""
        ...

    def stage_days(
        self,
        table: Table,
        texts: Mapping[date, str],
        metas: Metas,
        known: Sequence[Column] = (),
        dialect: str = HOUSE,
    ) -> list[Staged]:
        """Write these days, each as its own SELECT gives it, in one pass.

        The texts differ by dates only, and each reads within the task's view only what it would read alone.

        Raises:
            RunError: the task sees too much, or files of unlike columns: run the days one by one (code apart).
        """
        ...

    def stage_arrow(
        self, table: Table, ds: date, data: pa.Table, meta: Mapping[str, str], known: Sequence[Column] = ()
    ) -> Staged:
        """Write Arrow data as the partition ``ds`` of the table, aside."""
        ...

    def rows(self, staged: Staged) -> str:
        """The SELECT of one partition, staged or published, with its ``ds``."""
        ...

    def show(self, staged: Staged, name: str = "staged") -> None:
        """Make one partition, staged or published, readable as the table of this name."""
        ...

    def query(self, sql: str, dialect: str = HOUSE) -> pa.Table:
        """The answer to one SELECT over the task's tables."""
        ...

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of one SELECT that has few."""
        ...

    def interrupt(self) -> None:
        """Stop what the task runs now; it raises RunError in its own thread."""
        ...


class Engine(Protocol):
    """A store of partitioned tables and the SQL engine over it.

    Texts are given to it and to its tasks in DuckDB's dialect, or in its own where ``dialect`` says so.
    """

    @property
    def dialect(self) -> str:
        """The name of its SQL dialect, as sqlglot has it."""
        ...

    @property
    def signs(self) -> bool:
        """Whether a published partition says which run wrote it; else whoever publishes forgets the old one first."""
        ...

    def task(self, inputs: Visible, columns: Schemas | None = None) -> Task:
        """A view in which exactly these days of these tables exist (None: all days there are).

        ``columns`` gives the columns of tables that have no partition yet.
        """
        ...

    def columns(self, table: str) -> tuple[Column, ...]:
        """The table's columns without ``ds``; empty when nothing is known of it."""
        ...

    def days(self, table: str) -> list[date]:
        """The days of the table that exist, in order."""
        ...

    def query(self, sql: str, tables: Visible | None = None) -> pa.Table:
        """The answer to one statement that only reads, over all days of any table."""
        ...

    def stored(self, table: str, ds: date) -> Staged | None:
        """A published partition as if it had just been staged; None where there is none."""
        ...

    def publish(self, parts: Sequence[Staged]) -> list[str]:
        """Make each staged partition of one table the partition, atomically; their stamps, which change every time."""
        ...

    def drop(self, table: str, ds: date) -> None:
        """Remove a partition; nothing happens where there is none."""
        ...

    def interrupt(self) -> None:
        """Stop what all tasks run now; each raises RunError in its own thread."""
        ...

    def sweep(self, tables: Iterable[str]) -> None:
        """Remove what dead runs left behind, and what was replaced in these tables and nobody reads any more."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class CatalogEngine(Engine, Protocol):
    """An engine whose tables are in a catalog, which can be shown files that DuckDB has written."""

    @property
    def lasting(self) -> bool:
        """Whether its catalog outlives the process."""
        ...

    def attach(self, table: str, columns: Sequence[Column], folders: Mapping[date | None, str]) -> None:
        """Make folders (URIs) of Parquet files the partitions of a table, or under None the table without days."""
        ...
