"""The session of one Spark task: stages rows in a folder of the run, under a temporary view; hashes rows."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from pyspark.sql import functions as F  # noqa: N812 - its usual name

from drawloom.engines.catalog.partitions import decode_uri
from drawloom.engines.catalog.session import Measured, StageQuery
from drawloom.engines.catalog.types import canonical_type, duckdb_type
from drawloom.engines.spark.catalog_types import quoted
from drawloom.engines.spark.connect import is_remote
from drawloom.engines.spark.errors import spark_errors
from drawloom.model import KEY, Column

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession


class Tags(NamedTuple):
    """Functions that add a tag to the jobs of this thread, remove it, and cancel all jobs with it."""

    add: Callable[[str], object]
    remove: Callable[[str], object]
    cancel: Callable[[str], object]


class SparkTaskSession:
    """See ``catalog.session.TaskSession``.

    ``run_folder`` returns the folder of a run of a table; ``staged`` maps the views of all tasks to their folders.
    """

    def __init__(
        self, spark: SparkSession, address: str, run_folder: Callable[[str, str], str], staged: dict[str, str]
    ) -> None:
        self._spark = spark
        self._address = address
        self._run_folder = run_folder
        self._staged = staged
        self._tag = f"drawloom-{secrets.token_hex(6)}"
        self._names: list[str] = []
        self._frames: dict[str, DataFrame] = {}

    def describe(self, sql: str) -> list[tuple[str, str]]:
        """The names and DuckDB types of a SELECT's columns."""
        with self._errors(sql):
            fields = self._spark.sql(sql).schema.fields
        return [(field.name, canonical_type(field.dataType.simpleString(), "spark")) for field in fields]

    def stage(self, rows: StageQuery) -> str:
        """Write the rows into a folder of the run, with a folder for each day."""
        name = self._name()
        root = self._run_folder(rows.table.name, f"{rows.run}-{name[-6:]}")
        with self._errors(rows.select):
            frame = self._spark.sql(rows.select)
            if rows.table.cluster:
                frame = frame.sortWithinPartitions(KEY, *(quoted(key) for key in rows.table.cluster))
            frame.write.partitionBy(KEY).parquet(decode_uri(root))
            made = self._spark.read.schema(frame.schema).parquet(decode_uri(root))
            made.createOrReplaceTempView(name)
        self._frames[name] = made
        self._staged[name] = root
        return name

    def measure(self, name: str, columns: Sequence[Column], ds: date | None = None) -> Measured:
        """(rows, sum of their hashes, bytes) of each day."""
        with self._errors(""):
            frame = self._frames[name] if name in self._frames else self._spark.table(name)
            frame = frame.where(f"{KEY} = DATE '{ds}'") if ds else frame
            files = frame.selectExpr(
                KEY, f"{row_hash(columns)} AS h", "_metadata.file_path AS f", "_metadata.file_size AS s"
            )
            sizes = F.collect_set(F.struct("f", "s"))
            found = files.groupBy(KEY).agg(F.count("*"), F.sum("h"), sizes).collect()
        return {row[0]: (row[1], str(row[2]), sum(size for _, size in row[3])) for row in found}

    def upload(self, data: pa.Table) -> str:
        """Make Arrow data readable as a view."""
        name = self._name()
        with self._errors(""):
            self._spark.createDataFrame(data).createOrReplaceTempView(name)
        return name

    def arrow(self, sql: str) -> pa.Table:
        """The result of a SELECT."""
        with self._errors(sql):
            return self._spark.sql(sql).toArrow()

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a SELECT whose result is small."""
        with self._errors(sql):
            return [tuple(row) for row in self._spark.sql(sql).collect()]

    def interrupt(self) -> None:
        """Cancel the running statement."""
        self._tags().cancel(self._tag)

    def close(self) -> None:
        """Drop the views; folders that were not published are swept later."""
        for name in self._names:
            self._spark.catalog.dropTempView(name)
            self._staged.pop(name, None)

    def _name(self) -> str:
        self._names.append(f"drawloom_{secrets.token_hex(6)}")
        return self._names[-1]

    @contextmanager
    def _errors(self, sql: str) -> Iterator[None]:
        """Raise Spark's errors as RunError; jobs that run meanwhile have the task's tag."""
        with spark_errors(sql, self._address):
            tags = self._tags()
            tags.add(self._tag)
            try:
                yield
            finally:
                tags.remove(self._tag)

    def _tags(self) -> Tags:
        """The functions for tags; in-process, tags of a session are per thread, so that only job tags can be cancelled."""
        if is_remote(self._spark):
            return Tags(self._spark.addTag, self._spark.removeTag, self._spark.interruptTag)
        context = self._spark.sparkContext
        return Tags(context.addJobTag, context.removeJobTag, context.cancelJobsWithTag)


class SparkRowsSession(SparkTaskSession):
    """A session whose staged rows are held by the session, as a view: no file is written. For few rows."""

    def stage(self, rows: StageQuery) -> str:
        """Compute the rows, and make them readable."""
        name = self._name()
        with self._errors(rows.select):
            frame = self._spark.sql(rows.select)
            made = self._spark.createDataFrame(frame.toArrow(), schema=frame.schema)
            made.createOrReplaceTempView(name)
        return name

    def measure(self, name: str, columns: Sequence[Column], ds: date | None = None) -> Measured:
        """(rows, sum of their hashes, no bytes) of each day."""
        with self._errors(""):
            frame = self._spark.table(name)
            frame = frame.where(f"{KEY} = DATE '{ds}'") if ds else frame
            hashes = frame.selectExpr(KEY, f"{row_hash(columns)} AS h")
            found = hashes.groupBy(KEY).agg(F.count("*"), F.sum("h")).collect()
        return {row[0]: (row[1], str(row[2]), 0) for row in found}


def row_hash(columns: Sequence[Column]) -> str:
    """The expression of a row's hash, as a decimal that can be summed exactly.

    xxhash64 ignores NULLs at every depth, so whether a value is NULL is hashed separately; it does not accept maps.
    """
    by_name = sorted(columns, key=lambda column: column.name)
    values = [(quoted(c.name), duckdb_type(c.type)) for c in by_name]
    parts = [part for value, kind in values for part in (_hashable(value, kind), f"{value} IS NULL")]
    return f"CAST(xxhash64({', '.join(parts)}) AS DECIMAL(38, 0))"


def _hashable(value: str, kind: Any, depth: int = 0) -> str:
    """The expression that is hashed for a value: the value itself, or for a nested one the hashes of its elements."""
    x = f"x{depth}"
    match kind.id:
        case "list" | "array":
            return f"transform({value}, {x} -> {_hash(x, kind.children[0][1], depth + 1)})"
        case "struct":
            return f"xxhash64({', '.join(_members(value, kind, depth))})"
        case "map":
            key, item = (
                _hash(f"{x}.{name}", kind.children[n][1], depth + 1) for n, name in enumerate(("key", "value"))
            )
            return f"array_sort(transform(map_entries({value}), {x} -> xxhash64({key}, {item})))"
    return value


def _hash(value: str, kind: Any, depth: int) -> str:
    return f"xxhash64({_hashable(value, kind, depth)}, {value} IS NULL)"


def _members(value: str, kind: Any, depth: int) -> list[str]:
    return [_hash(f"{value}.{quoted(n)}", one, depth) for n, one in kind.children]
