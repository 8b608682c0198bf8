"""Tables in Spark's catalog: made, widened, and pointed at the folders of their partitions."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from pyspark.errors import PySparkException
from sqlglot import exp

from drawloom.engines.catalog.days import iso_days
from drawloom.engines.catalog.errors import not_by_day
from drawloom.engines.catalog.places import decoded
from drawloom.engines.catalog.store import Found
from drawloom.engines.columns import widens
from drawloom.engines.spark.connect import is_remote
from drawloom.engines.spark.errors import spark_errors
from drawloom.engines.spark.kept import (
    Listed,
    declared,
    kept_type,
    known,
    listed,
    recast,
    with_comments,
    written_type,
)
from drawloom.engines.spark.names import quoted
from drawloom.model import KEY, Column, Fix, Problem, RunError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

RUNS = "_runs"
_ABSENT = ("TABLE_OR_VIEW_NOT_FOUND", "SCHEMA_NOT_FOUND")
_NO_PARTITION = ("PARTITIONS_NOT_FOUND",)
GRACE = 86400.0  # seconds for which a folder stays that nothing points at: queries that began before may still read it


class Tables:
    """The tables of one catalog, kept under one location."""

    def __init__(self, spark: SparkSession, location: str, address: str) -> None:
        self._spark = spark
        self._location = location
        self._address = address

    def columns(self, table: str) -> tuple[Column, ...]:
        """The columns without ``ds``; empty where there is no such table."""
        found = [known(one) for one in self._described(table)]
        return tuple(column for column in found if column.name.lower() != KEY)

    def look(self, table: str) -> Found | None:
        """The table as the catalog has it; None where there is no such table."""
        found = self._described(table)
        if not found:
            return None
        both = [(one, known(one)) for one in found]
        columns = tuple(column for one, column in both if one.name.lower() != KEY)
        key = next((column.type for one, column in both if one.is_key), None)
        if any(recast(one, column) for one, column in both):
            return Found(self._show(table, [column for _, column in both]), columns, key, table.lower())
        return Found(exp.to_table(table.lower()), columns, key)

    def _show(self, table: str, columns: Iterable[Column]) -> exp.Table:
        """A view of the table with the types that texts know."""
        view = f"drawloom_{table.lower().replace('.', '__')}"
        items = ", ".join(f"CAST({quoted(c.name)} AS {written_type(c)}) AS {quoted(c.name)}" for c in columns)
        self._run(f"CREATE OR REPLACE TEMPORARY VIEW {quoted(view)} AS SELECT {items} FROM {name(table)}")
        return exp.to_table(view)

    def days(self, table: str) -> list[date]:
        """The days that there are, in order.

        Raises:
            RunError: the table is not partitioned by ``ds``.
        """
        try:
            rows = self._run(f"SHOW PARTITIONS {name(table)}")
        except RunError:
            if self._by_day(table):  # it says so where it has other keys, or none
                raise
            return []
        said = [row[0].split("/") for row in rows]
        keys = sorted({part.partition("=")[0] for parts in said for part in parts})
        if said and keys != [KEY]:
            raise RunError(not_by_day(table, ", ".join(keys)))
        return iso_days(part.partition("=")[2] for part, *_ in said)

    def refresh(self, tables: Iterable[str]) -> None:
        """Forget which files these tables had: somebody else may have written them."""
        for table in tables:
            self._ask(f"REFRESH TABLE {name(table)}", _ABSENT)

    def ensure(self, table: str, columns: Sequence[Column]) -> None:
        """Have the table with these columns, and those that it has already.

        Raises:
            RunError: it is partitioned otherwise, or a column has a type that does not become the other.
        """
        found = self._by_day(table)
        if not found:
            self._create(table, columns, f"PARTITIONED BY ({KEY})", self.folder(table), f", {KEY} DATE")
            found = self._by_day(table)  # another writer may have made it first
        have = {one.name.lower(): known(one) for one in found if one.name.lower() != KEY}
        new = [column for column in columns if column.name.lower() not in have]
        if new:
            self._run(f"ALTER TABLE {name(table)} ADD COLUMNS ({_listed(new)})")
        self._widen(table, [c for c in columns if c.name.lower() in have], have)

    def place(self, table: str, columns: Sequence[Column], folder: str) -> None:
        """Have the table without days with these columns, out of one folder."""
        self._run(f"DROP TABLE IF EXISTS {name(table)}")
        self._create(table, columns, "", folder)

    def point(self, table: str, folders: Mapping[date, str]) -> None:
        """Have each day's partition in its folder; each is one change, and readers see the old or the new."""
        there = folders if len(folders) == 1 else self.days(table)  # to try one costs less than to ask
        new = [ds for ds, folder in sorted(folders.items()) if ds not in there or not self._move(table, ds, folder)]
        if new:
            places = " ".join(f"PARTITION ({KEY} = DATE '{ds}') LOCATION {_text(decoded(folders[ds]))}" for ds in new)
            self._run(f"ALTER TABLE {name(table)} ADD IF NOT EXISTS {places}")
            for ds in new:  # another writer may have been first
                self._run(_moved(table, ds, folders[ds]))
        self._spark.catalog.refreshTable(table.lower())

    def drop(self, table: str, ds: date) -> None:
        """Remove a partition; its folder is swept later."""
        if ds in self.days(table):
            self._run(f"ALTER TABLE {name(table)} DROP IF EXISTS PARTITION ({KEY} = DATE '{ds}')")

    def write_empty(self, folder: str, columns: Sequence[Column]) -> None:
        """Write a file without rows."""
        with spark_errors("", self._address):
            self._spark.sql(f"SELECT {_nulls(columns, written_type)} WHERE FALSE").write.mode("overwrite").parquet(
                decoded(folder)
            )

    def folder(self, table: str) -> str:
        """Where a table is kept."""
        schema, _, rest = table.lower().partition(".")
        return f"{self._location}/{schema}/{rest}"

    def sweep(self, tables: Iterable[str], grace: float = GRACE) -> list[str]:
        """Remove old folders of runs that no partition of these tables is in; those removed."""
        with spark_errors("", self._address):
            return [folder for table in tables for folder in self._sweep(table, grace)]

    def _sweep(self, table: str, grace: float) -> Iterator[str]:
        context: Any = self._spark.sparkContext
        runs = context._jvm.org.apache.hadoop.fs.Path(decoded(f"{self.folder(table)}/{RUNS}"))  # noqa: SLF001
        files = runs.getFileSystem(context._jsc.hadoopConfiguration())  # noqa: SLF001
        if not files.exists(runs) or not self._by_day(table):
            return
        live = {place.rstrip("/").rpartition("/")[0].rpartition("/")[2] for place in self._places(table)}
        for run in files.listStatus(runs):
            old = time.time() - run.getModificationTime() / 1000 > grace
            if old and run.getPath().getName() not in live and files.delete(run.getPath(), True):
                yield str(run.getPath().toString())

    def _places(self, table: str) -> list[str]:
        """The folders of all partitions, in one question to the catalog."""
        spark: Any = self._spark
        schema, _, rest = table.lower().partition(".")
        java = spark._jvm.org.apache.spark.sql.catalyst  # noqa: SLF001
        option = spark._jvm.scala.Option  # noqa: SLF001
        catalog = spark._jsparkSession.sessionState().catalog()  # noqa: SLF001
        found = catalog.listPartitions(java.TableIdentifier(rest, option.apply(schema)), option.empty())
        return [found.apply(n).location().toString() for n in range(found.size())]

    def _create(self, table: str, columns: Sequence[Column], partitioned: str, folder: str, key: str = "") -> None:
        schema = table.lower().partition(".")[0]
        self._run(
            f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)} LOCATION {_text(decoded(f'{self._location}/{schema}'))}"
        )
        listed = _listed(columns) + key
        self._run(
            f"CREATE TABLE IF NOT EXISTS {name(table)} ({listed}) USING parquet {partitioned} LOCATION {_text(decoded(folder))}"
        )

    def _widen(self, table: str, columns: Sequence[Column], have: Mapping[str, Column]) -> None:
        other = [c for c in columns if written_type(c) != written_type(have[c.name.lower()])]
        if not other:
            return
        for column in other:
            old = have[column.name.lower()]
            if not widens(old.type, column.type) or is_remote(self._spark):
                raise RunError(_narrower(table, column, old))
        wider = {column.name.lower(): column for column in other}
        self._alter([wider.get(key, column) for key, column in have.items()], table)

    def _alter(self, columns: list[Column], table: str) -> None:
        """Give a table other types; Spark has no statement for it, its catalog has the call."""
        spark: Any = self._spark
        schema, _, rest = table.lower().partition(".")
        made = with_comments(spark.sql(f"SELECT {_nulls(columns, kept_type)}").schema, columns)
        java = spark._jvm.org.apache.spark.sql.types.DataType.fromJson(made.json())  # noqa: SLF001
        catalog = spark._jsparkSession.sessionState().catalog().externalCatalog()  # noqa: SLF001
        with spark_errors("", self._address):
            catalog.alterTableDataSchema(schema, rest, java)
        spark.catalog.refreshTable(table.lower())

    def _move(self, table: str, ds: date, folder: str) -> bool:
        """Have a partition in a folder; whether there is one."""
        return self._ask(_moved(table, ds, folder), _NO_PARTITION) is not None

    def _by_day(self, table: str) -> list[Listed]:
        """The columns of the table, none where it is not there; it must be partitioned by ``ds``."""
        found = self._described(table)
        keys = [column.name for column in found if column.is_key]
        if found and keys != [KEY]:
            raise RunError(not_by_day(table, ", ".join(keys)))
        return found

    def _described(self, table: str) -> list[Listed]:
        """The columns of the table; none where it is not there."""
        rows = self._ask(f"DESCRIBE TABLE {name(table)}", _ABSENT)
        return listed([(row[0], row[1], row[2]) for row in rows or ()])

    def _ask(self, sql: str, conditions: Collection[str]) -> list[Any] | None:
        """The rows of a statement; None where it is refused for one of these reasons."""
        try:
            return self._run(sql)
        except RunError as error:
            if isinstance(error.__cause__, PySparkException) and error.__cause__.getCondition() in conditions:
                return None
            raise

    def _run(self, sql: str) -> list[Any]:
        with spark_errors(sql, self._address):
            rows: list[Any] = self._spark.sql(sql).collect()
        return rows


def name(table: str) -> str:
    """A table's quoted name."""
    return ".".join(quoted(part) for part in table.lower().split("."))


def _narrower(table: str, column: Column, old: Column) -> Problem:
    message = f"{table}.{column.name} has type {old.type} in the catalog, must be {column.type}."
    return Problem("type-change", "error", message, fix=Fix("Give the column a new name, or fill another table."))


def _listed(columns: Sequence[Column]) -> str:
    return ", ".join(declared(column) for column in columns)


def _nulls(columns: Iterable[Column], type_: Callable[[Column], str]) -> str:
    return ", ".join(f"CAST(NULL AS {type_(c)}) AS {quoted(c.name)}" for c in columns)


def _moved(table: str, ds: date, folder: str) -> str:
    return f"ALTER TABLE {name(table)} PARTITION ({KEY} = DATE '{ds}') SET LOCATION {_text(decoded(folder))}"


def _text(text: str) -> str:
    """A string literal; Spark reads backslashes in it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
