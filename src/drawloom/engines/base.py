"""The protocols of an engine and its tasks: read the declared days of tables, stage partitions, publish them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from drawloom.model import Column, Record, SliceRead, Slices, Table

if TYPE_CHECKING:
    import pyarrow as pa

    from drawloom.engines.catalog.session import TaskSession

# The days of each table that a task can see; None for all days.
Visible = Mapping[str, Sequence[date] | None]
# The columns of tables by name.
Schemas = Mapping[str, Sequence[Column]]
# The metadata to store with each partition, by day.
Metas = Mapping[date, Mapping[str, str]]
CANONICAL_DIALECT = "duckdb"  # the dialect of framework SQL, whatever the engine


@dataclass(frozen=True, slots=True)
class Measure:
    """The number of rows, the size of their files in bytes, and the content hash, which does not depend on order.

    ``slices`` has the content hashes of the parts of a sliced table, where the engine takes them.
    """

    rows: int
    bytes: int
    content: str
    slices: Slices | None = None


@dataclass(frozen=True, slots=True)
class Staged:
    """A partition that is written and synced; readers do not see it before it is published.

    ``location`` is the file, folder or table that holds it, ``columns`` are those of its files (without ``ds``), ``run`` is
    the id of the run that wrote it. It may be measured in the background while it is checked: then ``rows``, ``bytes`` and
    ``content`` wait for the measure, and raise RunError where it fails.
    """

    table: str
    ds: date
    location: str
    run: str
    columns: tuple[Column, ...]
    measure: Measure | Future[Measure]

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self.measured.rows

    @property
    def bytes(self) -> int:
        """The size of its files in bytes."""
        return self.measured.bytes

    @property
    def content(self) -> str:
        """The content hash."""
        return self.measured.content

    @property
    def slices(self) -> Slices | None:
        """The content hashes of its slices."""
        return self.measured.slices

    @property
    def measured(self) -> Measure:
        """The measure; waits for it where it is still being taken."""
        return self.measure.result() if isinstance(self.measure, Future) else self.measure


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of a plan that ran: how deep it is under the result, its rows and seconds, and what it did."""

    depth: int
    name: str
    rows: int
    seconds: float
    detail: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """How an engine ran a query: ``text`` is its own plan, ``operators`` and ``bytes_read`` are told by DuckDB only."""

    text: str
    operators: tuple[Operator, ...] = ()
    bytes_read: int | None = None


def content_hash(columns: Sequence[Column], rows: int, total: int | str | None) -> str:
    """The content hash of a partition, 16 hex digits.

    ``total`` is the engine's hash of the rows, which does not depend on their order. The hash also covers names and types
    of the columns, but not their order.
    """
    names = sorted(f"{column.name}\0{column.type}" for column in columns)
    text = "\0\0".join([*names, str(rows), str(total or 0)])
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


class Task(Protocol):
    """One run of a step: an isolated view of its input tables, and the partitions that it stages.

    A context manager, used by one thread at a time.
    """

    def __enter__(self) -> Self:
        """The task itself."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop the view; what was staged and not published stays until the staging area is swept."""
        ...

    def stage(
        self,
        table: Table,
        ds: date,
        sql: str,
        meta: Mapping[str, str],
        known: Sequence[Column] = (),
        dialect: str = CANONICAL_DIALECT,
    ) -> Staged:
        """Stage the result of a SELECT as the partition ``ds`` of the table.

        ``known`` are the columns that the table's partitions have so far.
        """
        ...

    def stage_range(
        self, table: Table, sql: str, metas: Metas, known: Sequence[Column] = (), dialect: str = CANONICAL_DIALECT
    ) -> list[Staged]:
        """Stage all days of ``metas`` from one SELECT that projects ``ds``; days without rows become empty partitions."""
        ...

    def stage_days(
        self,
        table: Table,
        texts: Mapping[date, str],
        metas: Metas,
        known: Sequence[Column] = (),
        dialect: str = CANONICAL_DIALECT,
    ) -> list[Staged]:
        """Stage these days in one pass, each from its own SELECT.

        The texts differ by dates only, and each reads the same rows of the task's tables as it would on its own.

        Raises:
            RunError: the inputs are too large or have different columns; run the days one by one (code apart).
        """
        ...

    def stage_arrow(
        self, table: Table, ds: date, data: pa.Table, meta: Mapping[str, str], known: Sequence[Column] = ()
    ) -> Staged:
        """Stage Arrow data as the partition ``ds`` of the table."""
        ...

    def partition_sql(self, staged: Staged) -> str:
        """A SELECT of the rows of one partition, staged or published, with ``ds``."""
        ...

    def add_view(self, staged: Staged, name: str = "staged") -> None:
        """Make one partition, staged or published, readable under this table name."""
        ...

    def add_query(self, name: str, sql: str, columns: Sequence[Column]) -> None:
        """Make the result of a SELECT over the task's tables readable under a table name; ``columns`` are without ``ds``."""
        ...

    def limit_rows(self, read: SliceRead) -> None:
        """Make only these slices of a table of the task readable."""
        ...

    def query(self, sql: str, dialect: str = CANONICAL_DIALECT) -> pa.Table:
        """The result of one SELECT over the task's tables."""
        ...

    def batches(self, sql: str, rows: int) -> Iterator[pa.Table]:
        """The result of one SELECT over the task's tables, so many rows at a time, at least one table.

        Raises:
            RunError: also where an input is replaced before all rows were read.
        """
        ...

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of one SELECT whose result is small."""
        ...

    def explain(self, sql: str, dialect: str = CANONICAL_DIALECT) -> Explanation:
        """Run one SELECT over the task's tables, and tell how the engine did it."""
        ...

    def interrupt(self) -> None:
        """Cancel the running statement, which raises RunError in its own thread."""
        ...


class StepEngine(Protocol):
    """What running a step needs of an engine.

    It and its tasks accept SQL in the canonical dialect, or in their own where ``dialect`` names it.
    """

    @property
    def dialect(self) -> str:
        """The name of its SQL dialect in sqlglot."""
        ...

    @property
    def stores_run_id(self) -> bool:
        """Whether a published partition stores the id of the run that wrote it.

        Where it does not, the record of the old partition is removed before the new one is published.
        """
        ...

    def task(self, inputs: Visible, columns: Schemas | None = None) -> Task:
        """A view in which exactly these days of these tables exist (None: all days).

        ``columns`` gives the columns of tables that have no partition yet.
        """
        ...

    def publish(self, parts: Sequence[Staged]) -> list[str]:
        """Publish staged partitions of one table, each atomically; returns a stamp of each, which every publication changes."""
        ...

    def interrupt(self) -> None:
        """Cancel the running statements of all tasks; each raises RunError in its own thread."""
        ...


class Engine(StepEngine, Protocol):
    """A store of partitioned tables and the SQL engine over it."""

    @property
    def copies_restaged(self) -> bool:
        """Whether a partition that is restaged for another table is copied, as its files cannot be shared."""
        ...

    def columns(self, table: str) -> tuple[Column, ...]:
        """The table's columns without ``ds``; empty for an unknown table."""
        ...

    def days(self, table: str) -> list[date]:
        """The days of the table's partitions, in order."""
        ...

    def query(self, sql: str, tables: Visible | None = None) -> pa.Table:
        """The result of one statement that only reads, over all days of any table."""
        ...

    def find_partition(self, table: str, ds: date) -> Staged | None:
        """A published partition, described like a staged one; None where it does not exist."""
        ...

    def restage(self, record: Record, columns: Sequence[Column], table: str) -> Staged:
        """A recorded partition, staged as one of another table without computing it again.

        Its files are shared where the engine can do that (a hard link, a location), else copied when it is published.
        The partition itself stays as it is.
        """
        ...

    def drop(self, table: str, ds: date) -> None:
        """Remove a partition, if it exists."""
        ...

    def drop_table(self, table: str) -> None:
        """Remove a table with all of its partitions, if it exists, and its schema where that is empty then."""
        ...

    def sweep(self, tables: Iterable[str], sharing: Mapping[str, Sequence[str]] | None = None) -> None:
        """Remove what dead runs left behind, and files of these tables that were replaced and are no longer read.

        ``sharing`` names other tables that read files in the folders of these, such as those of environments.
        """
        ...

    def close(self) -> None:
        """Release its connections and files."""
        ...


class CatalogEngine(Engine, Protocol):
    """An engine with a catalog of tables, in which Parquet files written by DuckDB can be registered."""

    @property
    def has_persistent_catalog(self) -> bool:
        """Whether its catalog outlives the process."""
        ...

    def attach(self, table: str, columns: Sequence[Column], folders: Mapping[date | None, str]) -> None:
        """Register folders (URIs) of Parquet files as partitions of a table; under None, as a table without days."""
        ...

    def rows_session(self) -> TaskSession:
        """A session whose staged rows are gone when it is closed: nothing is written into the places of tables."""
        ...
