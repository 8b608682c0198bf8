"""Tables in Spark's catalog: creates them, adds columns, and sets the locations of their partitions."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from pyspark.errors import PySparkException
from sqlglot import exp

from drawloom.engines.catalog.errors import wrong_partitioning
from drawloom.engines.catalog.partitions import decode_uri, iso_days
from drawloom.engines.catalog.session import CatalogTable
from drawloom.engines.columns import is_widening
from drawloom.engines.spark.catalog_types import (
    CatalogColumn,
    catalog_type,
    column_ddl,
    column_of,
    file_type,
    needs_cast,
    parse_describe,
    quoted,
    with_comments,
)
from drawloom.engines.spark.connect import is_remote
from drawloom.engines.spark.errors import spark_errors
from drawloom.model import KEY, Column, Fix, Problem, RunError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

RUNS = "_runs"
_TABLE_NOT_FOUND = ("TABLE_OR_VIEW_NOT_FOUND", "SCHEMA_NOT_FOUND")
_NO_PARTITION = ("PARTITIONS_NOT_FOUND",)
_SCHEMA_IN_USE = ("SCHEMA_NOT_EMPTY",)
GRACE = 86400.0  # seconds for which an unused folder stays: older queries may still read it


class Tables:
    """The tables of one catalog, stored under one location."""

    def __init__(self, spark: SparkSession, location: str, address: str) -> None:
        self._spark = spark
        self._location = location
        self._address = address

    def columns(self, table: str) -> tuple[Column, ...]:
        """The columns without ``ds``; empty where the table does not exist."""
        found = [column_of(one) for one in self._described(table)]
        return tuple(column for column in found if column.name.lower() != KEY)

    def find_table(self, table: str) -> CatalogTable | None:
        """The table in the catalog; None where it does not exist."""
        found = self._described(table)
        if not found:
            return None
        both = [(one, column_of(one)) for one in found]
        columns = tuple(column for one, column in both if one.name.lower() != KEY)
        key = next((column.type for one, column in both if one.is_key), None)
        if any(needs_cast(one, column) for one, column in both):
            return CatalogTable(self._create_view(table, [column for _, column in both]), columns, key, table.lower())
        return CatalogTable(exp.to_table(table.lower()), columns, key)

    def _create_view(self, table: str, columns: Iterable[Column]) -> exp.Table:
        """A view of the table with the types that queries expect."""
        view = f"drawloom_{table.lower().replace('.', '__')}"
        items = ", ".join(f"CAST({quoted(c.name)} AS {file_type(c)}) AS {quoted(c.name)}" for c in columns)
        self._run(f"CREATE OR REPLACE TEMPORARY VIEW {quoted(view)} AS SELECT {items} FROM {name(table)}")
        return exp.to_table(view)

    def days(self, table: str) -> list[date]:
        """The days of the table's partitions, in order.

        Raises:
            RunError: the table is not partitioned by ``ds``.
        """
        try:
            rows = self._run(f"SHOW PARTITIONS {name(table)}")
        except RunError:
            if self._by_day(table):  # raises where the table has other keys, or none
                raise
            return []
        partitions = [row[0].split("/") for row in rows]
        keys = sorted({part.partition("=")[0] for parts in partitions for part in parts})
        if partitions and keys != [KEY]:
            raise RunError(wrong_partitioning(table, ", ".join(keys)))
        return iso_days(part.partition("=")[2] for part, *_ in partitions)

    def refresh(self, tables: Iterable[str]) -> None:
        """Refresh Spark's cached list of files: another process may have written these tables."""
        for table in tables:
            self._try_run(f"REFRESH TABLE {name(table)}", _TABLE_NOT_FOUND)

    def ensure(self, table: str, columns: Sequence[Column]) -> None:
        """Create the table, or add the columns that it does not have.

        Raises:
            RunError: it is not partitioned by ``ds``, or a column's type cannot be changed to the new one.
        """
        found = self._by_day(table)
        if not found:
            self._create(table, columns, f"PARTITIONED BY ({KEY})", self.folder(table), f", {KEY} DATE")
            found = self._by_day(table)  # another writer may have created it first
        have = {one.name.lower(): column_of(one) for one in found if one.name.lower() != KEY}
        new = [column for column in columns if column.name.lower() not in have]
        if new:
            self._run(f"ALTER TABLE {name(table)} ADD COLUMNS ({_columns_ddl(new)})")
        self._widen(table, [c for c in columns if c.name.lower() in have], have)

    def register_folder(self, table: str, columns: Sequence[Column], folder: str) -> None:
        """Register one folder as a table without days, in place of an older one."""
        self._run(f"DROP TABLE IF EXISTS {name(table)}")
        self._create(table, columns, "", folder)

    def set_locations(self, table: str, folders: Mapping[date, str]) -> None:
        """Set the location of each day's partition; each is one change, so that readers see the old or the new one."""
        existing = folders if len(folders) == 1 else self.days(table)  # for one day it is cheaper to try
        new = [
            ds
            for ds, folder in sorted(folders.items())
            if ds not in existing or not self._set_location(table, ds, folder)
        ]
        if new:
            places = " ".join(
                f"PARTITION ({KEY} = DATE '{ds}') LOCATION {_text(decode_uri(folders[ds]))}" for ds in new
            )
            self._run(f"ALTER TABLE {name(table)} ADD IF NOT EXISTS {places}")
            for ds in new:  # another writer may have been first
                self._run(_set_location_sql(table, ds, folders[ds]))
        self._spark.catalog.refreshTable(table.lower())

    def drop(self, table: str, ds: date) -> None:
        """Remove a partition, if it exists; its folder is swept later."""
        if ds in self.days(table):
            self._run(f"ALTER TABLE {name(table)} DROP IF EXISTS PARTITION ({KEY} = DATE '{ds}')")

    def write_empty(self, folder: str, columns: Sequence[Column]) -> None:
        """Write a file without rows."""
        with spark_errors("", self._address):
            self._spark.sql(f"SELECT {_nulls(columns, file_type)} WHERE FALSE").write.mode("overwrite").parquet(
                decode_uri(folder)
            )

    def folder(self, table: str) -> str:
        """The folder of a table."""
        schema, _, rest = table.lower().partition(".")
        return f"{self._location}/{schema}/{rest}"

    def drop_table(self, table: str) -> None:
        """Remove a table, if it exists, and its schema where that is empty then; the files stay."""
        self._run(f"DROP TABLE IF EXISTS {name(table)}")
        schema = quoted(table.lower().partition(".")[0])
        if not self._try_run(f"SHOW TABLES IN {schema}", _TABLE_NOT_FOUND):
            self._try_run(f"DROP SCHEMA IF EXISTS {schema}", _SCHEMA_IN_USE)

    def sweep(
        self, tables: Iterable[str], sharing: Mapping[str, Sequence[str]] | None = None, grace: float = GRACE
    ) -> list[str]:
        """Remove old folders of runs that no partition of these tables, or of those that share them, uses."""
        with spark_errors("", self._address):
            return [folder for table in tables for folder in self._sweep(table, (sharing or {}).get(table, ()), grace)]

    def _sweep(self, table: str, sharing: Iterable[str], grace: float) -> Iterator[str]:
        context: Any = self._spark.sparkContext
        runs = context._jvm.org.apache.hadoop.fs.Path(decode_uri(f"{self.folder(table)}/{RUNS}"))  # noqa: SLF001
        files = runs.getFileSystem(context._jsc.hadoopConfiguration())  # noqa: SLF001
        if not files.exists(runs) or not self._by_day(table):
            return
        readers = [table, *(other for other in sharing if self._described(other))]
        places = [place for reader in readers for place in self._partition_folders(reader)]
        live = {place.rstrip("/").rpartition("/")[0].rpartition("/")[2] for place in places}
        for run in files.listStatus(runs):
            old = time.time() - run.getModificationTime() / 1000 > grace
            if old and run.getPath().getName() not in live and files.delete(run.getPath(), True):
                yield str(run.getPath().toString())

    def _partition_folders(self, table: str) -> list[str]:
        """The folders of all partitions, in one call to the catalog."""
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
            f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)} LOCATION {_text(decode_uri(f'{self._location}/{schema}'))}"
        )
        columns_ddl = _columns_ddl(columns) + key
        self._run(
            f"CREATE TABLE IF NOT EXISTS {name(table)} ({columns_ddl}) USING parquet {partitioned} LOCATION {_text(decode_uri(folder))}"
        )

    def _widen(self, table: str, columns: Sequence[Column], have: Mapping[str, Column]) -> None:
        other = [c for c in columns if file_type(c) != file_type(have[c.name.lower()])]
        if not other:
            return
        for column in other:
            old = have[column.name.lower()]
            if not is_widening(old.type, column.type) or is_remote(self._spark):
                raise RunError(_type_change(table, column, old))
        wider = {column.name.lower(): column for column in other}
        self._alter([wider.get(key, column) for key, column in have.items()], table)

    def _alter(self, columns: list[Column], table: str) -> None:
        """Change the types of columns; there is no statement for it, only a call of the catalog."""
        spark: Any = self._spark
        schema, _, rest = table.lower().partition(".")
        made = with_comments(spark.sql(f"SELECT {_nulls(columns, catalog_type)}").schema, columns)
        java = spark._jvm.org.apache.spark.sql.types.DataType.fromJson(made.json())  # noqa: SLF001
        catalog = spark._jsparkSession.sessionState().catalog().externalCatalog()  # noqa: SLF001
        with spark_errors("", self._address):
            catalog.alterTableDataSchema(schema, rest, java)
        spark.catalog.refreshTable(table.lower())

    def _set_location(self, table: str, ds: date, folder: str) -> bool:
        """Set the location of a partition; returns whether it exists."""
        return self._try_run(_set_location_sql(table, ds, folder), _NO_PARTITION) is not None

    def _by_day(self, table: str) -> list[CatalogColumn]:
        """As ``_described``; raises RunError where the table is not partitioned by ``ds``."""
        found = self._described(table)
        keys = [column.name for column in found if column.is_key]
        if found and keys != [KEY]:
            raise RunError(wrong_partitioning(table, ", ".join(keys)))
        return found

    def _described(self, table: str) -> list[CatalogColumn]:
        """The columns of the table; empty where it does not exist."""
        rows = self._try_run(f"DESCRIBE TABLE {name(table)}", _TABLE_NOT_FOUND)
        return parse_describe([(row[0], row[1], row[2]) for row in rows or ()])

    def _try_run(self, sql: str, conditions: Collection[str]) -> list[Any] | None:
        """The rows of a statement; None where it fails with one of these conditions."""
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


def _type_change(table: str, column: Column, old: Column) -> Problem:
    message = f"{table}.{column.name} has type {old.type} in the catalog, must be {column.type}."
    return Problem("type-change", "error", message, fix=Fix("Give the column a new name, or fill another table."))


def _columns_ddl(columns: Sequence[Column]) -> str:
    return ", ".join(column_ddl(column) for column in columns)


def _nulls(columns: Iterable[Column], type_: Callable[[Column], str]) -> str:
    return ", ".join(f"CAST(NULL AS {type_(c)}) AS {quoted(c.name)}" for c in columns)


def _set_location_sql(table: str, ds: date, folder: str) -> str:
    return f"ALTER TABLE {name(table)} PARTITION ({KEY} = DATE '{ds}') SET LOCATION {_text(decode_uri(folder))}"


def _text(text: str) -> str:
    """A string literal; a backslash is an escape in Spark."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
