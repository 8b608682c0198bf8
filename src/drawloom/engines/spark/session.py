"""One task's way to Spark: what it stages is a folder of its run, readable as a view for as long as the task lives."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from pyspark.sql import functions as F  # noqa: N812 - its usual name

from drawloom.engines.catalog.places import decoded
from drawloom.engines.catalog.store import Measured, Rows
from drawloom.engines.catalog.types import house_type
from drawloom.engines.spark.connect import is_remote
from drawloom.engines.spark.errors import spark_errors
from drawloom.engines.spark.hash import row_hash
from drawloom.engines.spark.names import quoted
from drawloom.model import KEY, Column

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

    from drawloom.engines.spark.engine import Spark


class Tags(NamedTuple):
    """What marks the jobs of a thread, and stops all jobs that are marked."""

    add: Callable[[str], object]
    remove: Callable[[str], object]
    stop: Callable[[str], object]


class SparkTask:
    """See ``catalog.store.Session``."""

    def __init__(self, engine: Spark) -> None:
        self._engine = engine
        self._tag = f"drawloom-{secrets.token_hex(6)}"
        self._names: list[str] = []
        self._frames: dict[str, DataFrame] = {}

    @property
    def _spark(self) -> SparkSession:
        return self._engine.spark

    def describe(self, sql: str) -> list[tuple[str, str]]:
        """The names of what a SELECT gives, and their types as DuckDB spells them."""
        with self._errors(sql):
            fields = self._spark.sql(sql).schema.fields
        return [(field.name, house_type(field.dataType.simpleString(), "spark")) for field in fields]

    def stage(self, rows: Rows) -> str:
        """Write the rows into a folder of their run, with a folder for each day."""
        name = self._name()
        root = self._engine.folder(rows.table.name, f"{rows.run}-{name[-6:]}")
        with self._errors(rows.select):
            frame = self._spark.sql(rows.select)
            if rows.table.cluster:
                frame = frame.sortWithinPartitions(KEY, *(quoted(key) for key in rows.table.cluster))
            frame.write.partitionBy(KEY).parquet(decoded(root))
            made = self._spark.read.schema(frame.schema).parquet(decoded(root))
            made.createOrReplaceTempView(name)
        self._frames[name] = made
        self._engine.staged[name] = root
        return name

    def measure(self, name: str, columns: Sequence[Column], ds: date | None = None) -> Measured:
        """Of each day: rows, the sum of their hashes, bytes."""
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
        """The answer to a SELECT."""
        with self._errors(sql):
            return self._spark.sql(sql).toArrow()

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a SELECT that gives few."""
        with self._errors(sql):
            return [tuple(row) for row in self._spark.sql(sql).collect()]

    def interrupt(self) -> None:
        """Stop what runs now."""
        self._tags().stop(self._tag)

    def close(self) -> None:
        """Drop the views; folders that were not published are swept later."""
        for name in self._names:
            self._spark.catalog.dropTempView(name)
            self._engine.staged.pop(name, None)

    def _name(self) -> str:
        self._names.append(f"drawloom_{secrets.token_hex(6)}")
        return self._names[-1]

    @contextmanager
    def _errors(self, sql: str) -> Iterator[None]:
        """Raise what Spark raises; meanwhile what runs has the task's tag, which a thread has by itself."""
        with spark_errors(sql, self._engine.address):
            tags = self._tags()
            tags.add(self._tag)
            try:
                yield
            finally:
                tags.remove(self._tag)

    def _tags(self) -> Tags:
        """A session's own tags are of one thread each, so that no other thread can stop what has them."""
        if is_remote(self._spark):
            return Tags(self._spark.addTag, self._spark.removeTag, self._spark.interruptTag)
        context = self._spark.sparkContext
        return Tags(context.addJobTag, context.removeJobTag, context.cancelJobsWithTag)
