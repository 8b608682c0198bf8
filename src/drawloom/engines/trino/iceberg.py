"""Tables of the Iceberg connector: one MERGE replaces days in one snapshot."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import date

from sqlglot import exp

from drawloom.engines.base import Staged
from drawloom.engines.catalog.errors import wrong_partitioning
from drawloom.engines.columns import is_widening
from drawloom.engines.trino.catalog import (
    NOT_FOUND,
    STAGING,
    Catalog,
    Described,
    chunks,
    day,
    day_filter,
    local,
    names,
    quoted,
    retry_on,
    split,
    text,
)
from drawloom.engines.trino.errors import error_name
from drawloom.model import KEY, Column, RunError, refuse

_OLD = "_drawloom_old"
_CONFLICT = "ICEBERG_COMMIT_ERROR"
_DELETED = "ICEBERG_MISSING_METADATA"
_UNPARTITIONED = "COLUMN_NOT_FOUND"  # the error when the column ``partition`` of an unpartitioned table is read
_EMPTY = f"{STAGING}.empty_days"
_DELETES = 4  # delete files that a day may have before it is compacted
_WIDER = {("INTEGER", "BIGINT"), ("FLOAT", "DOUBLE")}
_DECIMAL = re.compile(r"DECIMAL\(\d+,\s*(\d+)\)")
_IN_PARTITION = exp.Dot(this=exp.column("partition"), expression=exp.to_identifier(KEY))


class Iceberg:
    """The tables of an Iceberg catalog.

    Iceberg has no empty partitions: the days that were published without rows are stored in a table of their own.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def check(self, table: str, columns: Sequence[Column]) -> None:
        """Check that Iceberg supports the columns' types.

        Raises:
            InputError: it does not support one.
        """
        for column in columns:
            if "TIMESTAMP_NS" in column.type:
                message = f"{table}.{column.name} has type {column.type}, must be a type that Iceberg keeps."
                raise refuse("bad-type", message, None, f"Write CAST({column.name} AS TIMESTAMP).")

    def ensure(self, table: str, columns: Sequence[Column]) -> set[date]:
        """Create the table, or add the columns that it does not have; returns the days that have rows.

        Raises:
            RunError: it is not partitioned by ``ds``, or a column's type cannot be changed to the new one.
        """
        self.check(table, columns)
        days = self._days(table)
        if days is None:
            schema, rest = split(table)
            self.catalog.make_schema(schema, schema)
            options = {"format": "'PARQUET'", "partitioning": f"ARRAY['{KEY}']"}
            if local(self.catalog.location):  # in the lake's folder, but not a table of the lake
                place = f"{self.catalog.location}/{schema}/_{rest}-{secrets.token_hex(4)}"
                options["location"] = text(place)
            self.catalog.create(table, f"{self.catalog.listed(columns)}, {KEY} DATE", options)
        self.catalog.evolve_columns(table, columns, _is_widening)
        return set(days or ())

    def days(self, table: str) -> list[date]:
        """The days of the table's partitions, in order, including empty ones.

        Raises:
            RunError: the table is not partitioned by ``ds``.
        """
        found = self._days(table)
        return [] if found is None else sorted({*found, *self._empty_days(table)})

    def described(self, table: str) -> Described | None:
        """Name and type of each column; None where the table does not exist."""
        found = self.catalog.columns(table)
        return None if found is None else [(name, kind, "") for name, kind in found]

    @staticmethod
    def key(_: str, found: Described) -> str | None:
        """The type of ``ds`` where the table has one."""
        return next((kind for name, kind, _ in found if name == KEY), None)

    def publish(self, table: str, parts: Sequence[Staged]) -> dict[date, str]:
        """Publish staged days; returns the ids of the queries by day."""
        existing = self.ensure(table, parts[0].columns)
        done: dict[date, str] = {}
        for place in dict.fromkeys(part.location for part in parts if part.rows):
            full = {part.ds: part for part in parts if part.location == place and part.rows}
            for days in chunks(full):
                done |= dict.fromkeys(days, self.merge(table, place, full[days[0]].columns, days))
        self._compact(table, existing & set(done))
        if empty := [part.ds for part in parts if not part.rows]:
            self._mark_empty_days(table, empty)  # first, so that the day never disappears
            done |= dict.fromkeys(empty, self._delete(table, empty))
        return done

    def drop(self, table: str, ds: date) -> str:
        """Remove a day."""
        if ds in self._empty_days(table):
            self._commit(
                f"DELETE FROM {self.catalog.quoted_name(_EMPTY)} WHERE name = {_key(table)} AND {day_filter([ds])}"
            )
        return self._delete(table, [ds])

    def merge(self, table: str, place: str, columns: Sequence[Column], days: Sequence[date]) -> str:
        """Replace days by their rows in another table, in one snapshot; returns the id of the query.

        The source has one row for each day whose rows are deleted, with the day in a separate key: with a flag beside
        the key every new row would be joined with every old one.
        """
        source = ".".join(map(quoted, place.split(".")))
        nothing = ", ".join(["NULL"] * (len(columns) + 1))
        old = ", ".join(f"({day(ds)})" for ds in days)
        sql = (
            f"MERGE INTO {self.catalog.quoted_name(table)} AS t USING ("
            f"SELECT {names(columns)}, CAST(NULL AS DATE) AS {_OLD} FROM {source} WHERE {day_filter(days)}"
            f" UNION ALL SELECT {nothing}, d FROM (VALUES {old}) AS o (d)"
            f") AS s ON t.{KEY} = s.{_OLD}"
            f" WHEN MATCHED THEN DELETE"
            f" WHEN NOT MATCHED AND s.{_OLD} IS NULL THEN INSERT ({names(columns)}) VALUES ({names(columns, 's.')})"
        )
        return self._commit(sql)

    def size(self, table: str, ds: date | None) -> int:
        """The bytes of a table's files, or of one day's."""
        where = f" AND {_IN_PARTITION.sql('trino')} = {day(ds)}" if ds else ""
        files = self.catalog.metadata_table(table, "files")
        rows = self.catalog.run(f"SELECT sum(file_size_in_bytes) FROM {files} WHERE content = 0{where}").rows
        return int(rows[0][0] or 0)

    def _delete(self, table: str, days: Sequence[date]) -> str:
        return self._commit(f"DELETE FROM {self.catalog.quoted_name(table)} WHERE {day_filter(days)}")

    def _commit(self, sql: str) -> str:
        """Run a statement, retried while other writers commit first."""
        for attempt in retry_on(_CONFLICT):
            with attempt:
                return self.catalog.run(sql).query
        raise AssertionError

    def _compact(self, table: str, days: Collection[date]) -> None:
        """Compact days that were replaced often: MERGE leaves deleted rows in their files, and lists them in delete files."""
        if not days:
            return
        files = self.catalog.metadata_table(table, "files")
        key = _IN_PARTITION.sql("trino")
        where = f"content <> 0 AND {day_filter(days, _IN_PARTITION)}"
        found = self.catalog.run(
            f"SELECT {key} FROM {files} WHERE {where} GROUP BY 1 HAVING count(*) >= {_DELETES}"
        ).rows
        often = [date.fromisoformat(row[0]) for row in found]
        if often:
            with suppress(RunError):  # another writer was first; it is done next time
                self.catalog.run(
                    f"ALTER TABLE {self.catalog.quoted_name(table)} EXECUTE optimize WHERE {day_filter(often)}"
                )

    def _days(self, table: str, *, retried: bool = False) -> list[date] | None:
        """The days that have rows; None where the table does not exist."""
        try:
            result = self.catalog.run(f"SELECT partition FROM {self.catalog.metadata_table(table, 'partitions')}")
        except RunError as error:
            if error_name(error) in NOT_FOUND and not retried:  # it may have been created since
                return None if self.catalog.columns(table) is None else self._days(table, retried=True)
            if error_name(error) == _UNPARTITIONED:
                raise RunError(wrong_partitioning(table, "")) from error
            raise
        kind = result.columns[0][1]
        if kind != f"row({KEY} date)":
            raise RunError(wrong_partitioning(table, kind.removeprefix("row(").removesuffix(")")))
        return [date.fromisoformat(row[0][0]) for row in result.rows if row[0][0]]

    def _empty_days(self, table: str) -> set[date]:
        """The days that were ever published without rows; they may have rows since."""
        try:
            marks = self.catalog.run(
                f"SELECT {KEY} FROM {self.catalog.quoted_name(_EMPTY)} WHERE name = {_key(table)}"
            ).rows
        except RunError as error:
            if error_name(error) == _DELETED:  # with the lake of the project that was the first one on this server
                self.catalog.run(f"DROP TABLE IF EXISTS {self.catalog.quoted_name(_EMPTY)}")
            elif error_name(error) not in NOT_FOUND:
                raise
            return set()
        return {date.fromisoformat(row[0]) for row in marks}

    def _mark_empty_days(self, table: str, days: Collection[date]) -> None:
        """Record days that are published without rows; the mark stays when they get rows, so writers need not coordinate."""
        new = sorted(set(days) - self._empty_days(table))
        if not new:
            return
        self.catalog.make_staging()
        options = {"format": "'PARQUET'", "partitioning": f"ARRAY['name', '{KEY}']"}
        self.catalog.create(_EMPTY, f"name VARCHAR, {KEY} DATE", options)
        rows = ", ".join(f"({_key(table)}, {day(ds)})" for ds in new)
        self._commit(f"INSERT INTO {self.catalog.quoted_name(_EMPTY)} VALUES {rows}")


def _key(table: str) -> str:
    return text(table.lower())


def _is_widening(old: str, new: str) -> bool:
    """Whether Iceberg can change a column's type; of a DECIMAL only the precision."""
    scales = [found[1] for kind in (old, new) if (found := _DECIMAL.fullmatch(kind))]
    return (old, new) in _WIDER or (len(scales) == 2 and scales[0] == scales[1] and is_widening(old, new))
