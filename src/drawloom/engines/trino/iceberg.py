"""Tables of Iceberg: one MERGE replaces days in one snapshot."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import date

from sqlglot import exp

from drawloom.engines.base import Staged
from drawloom.engines.catalog.errors import not_by_day
from drawloom.engines.columns import widens
from drawloom.engines.trino.catalog import (
    MISSING,
    STAGING,
    Catalog,
    Described,
    again,
    chunks,
    day,
    local,
    names,
    quoted,
    split,
    text,
    within,
)
from drawloom.engines.trino.errors import name_of
from drawloom.model import KEY, Column, RunError, refuse

_OLD = "_drawloom_old"
_CONFLICT = "ICEBERG_COMMIT_ERROR"
_UNPARTITIONED = "COLUMN_NOT_FOUND"  # a table without keys tells of its partitions, but has no column of that name
_EMPTY = f"{STAGING}.empty_days"
_DELETES = 4  # files of deleted rows that a day may have before it is written anew
_WIDER = {("INTEGER", "BIGINT"), ("FLOAT", "DOUBLE")}
_DECIMAL = re.compile(r"DECIMAL\(\d+,\s*(\d+)\)")
_IN_PARTITION = exp.Dot(this=exp.column("partition"), expression=exp.to_identifier(KEY))


class Iceberg:
    """The tables of an Iceberg catalog.

    A partition of Iceberg is its rows, so that an empty one cannot be seen: the days that are there and have no rows
    are kept in a table of their own.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def check(self, table: str, columns: Sequence[Column]) -> None:
        """Refuse columns that Iceberg does not keep.

        Raises:
            InputError: there is one.
        """
        for column in columns:
            if "TIMESTAMP_NS" in column.type:
                message = f"{table}.{column.name} has type {column.type}, must be a type that Iceberg keeps."
                raise refuse("bad-type", message, None, f"Write CAST({column.name} AS TIMESTAMP).")

    def ensure(self, table: str, columns: Sequence[Column]) -> set[date]:
        """Have the table with these columns, and those that it has already; the days that have rows.

        Raises:
            RunError: it is partitioned otherwise, or a column has a type that does not become the other.
        """
        self.check(table, columns)
        days = self._days(table)
        if days is None:
            schema, rest = split(table)
            self.catalog.make_schema(schema, schema)
            options = {"format": "'PARQUET'", "partitioning": f"ARRAY['{KEY}']"}
            if local(self.catalog.location):  # in the lake's folder, but no table for those who read the lake
                place = f"{self.catalog.location}/{schema}/_{rest}-{secrets.token_hex(4)}"
                options["location"] = text(place)
            self.catalog.create(table, f"{self.catalog.listed(columns)}, {KEY} DATE", options)
        self.catalog.fit(table, columns, _widens)
        return set(days or ())

    def days(self, table: str) -> list[date]:
        """The days that there are, in order, those without rows among them.

        Raises:
            RunError: the table is not partitioned by ``ds``.
        """
        found = self._days(table)
        return [] if found is None else sorted({*found, *self._empty(table)})

    def described(self, table: str) -> Described | None:
        """Name and type of each column; None where there is no such table."""
        found = self.catalog.columns(table)
        return None if found is None else [(name, kind, "") for name, kind in found]

    @staticmethod
    def key(_: str, found: Described) -> str | None:
        """The type of ``ds`` where the table has one."""
        return next((kind for name, kind, _ in found if name == KEY), None)

    def publish(self, table: str, parts: Sequence[Staged]) -> dict[date, str]:
        """Make staged days the partitions; the ids of the queries that did it, by day."""
        there = self.ensure(table, parts[0].columns)
        done: dict[date, str] = {}
        for place in dict.fromkeys(part.place for part in parts if part.rows):
            full = {part.ds: part for part in parts if part.place == place and part.rows}
            for days in chunks(full):
                done |= dict.fromkeys(days, self.merge(table, place, full[days[0]].columns, days))
        self._tidy(table, there & set(done))
        if empty := [part.ds for part in parts if not part.rows]:
            self._mark(table, empty)  # until the rows are gone the old day is there
            done |= dict.fromkeys(empty, self._delete(table, empty))
        return done

    def drop(self, table: str, ds: date) -> str:
        """Remove a day."""
        if ds in self._empty(table):
            self._commit(f"DELETE FROM {self.catalog.named(_EMPTY)} WHERE name = {_key(table)} AND {within([ds])}")
        return self._delete(table, [ds])

    def merge(self, table: str, place: str, columns: Sequence[Column], days: Sequence[date]) -> str:
        """Replace days by their rows in another table, in one snapshot; the id of the query.

        The source has a row for each day whose rows are to go, with the day in a key of its own: a flag beside the key
        would join every new row with every old one.
        """
        source = ".".join(map(quoted, place.split(".")))
        nothing = ", ".join(["NULL"] * (len(columns) + 1))
        old = ", ".join(f"({day(ds)})" for ds in days)
        sql = (
            f"MERGE INTO {self.catalog.named(table)} AS t USING ("
            f"SELECT {names(columns)}, CAST(NULL AS DATE) AS {_OLD} FROM {source} WHERE {within(days)}"
            f" UNION ALL SELECT {nothing}, d FROM (VALUES {old}) AS o (d)"
            f") AS s ON t.{KEY} = s.{_OLD}"
            f" WHEN MATCHED THEN DELETE"
            f" WHEN NOT MATCHED AND s.{_OLD} IS NULL THEN INSERT ({names(columns)}) VALUES ({names(columns, 's.')})"
        )
        return self._commit(sql)

    def size(self, table: str, ds: date | None) -> int:
        """The bytes of a table's files, or of one day's."""
        where = f" AND {_IN_PARTITION.sql('trino')} = {day(ds)}" if ds else ""
        files = self.catalog.beside(table, "files")
        rows = self.catalog.run(f"SELECT sum(file_size_in_bytes) FROM {files} WHERE content = 0{where}").rows
        return int(rows[0][0] or 0)

    def _delete(self, table: str, days: Sequence[date]) -> str:
        return self._commit(f"DELETE FROM {self.catalog.named(table)} WHERE {within(days)}")

    def _commit(self, sql: str) -> str:
        """Run a statement until no other writer was first."""
        for attempt in again(_CONFLICT):
            with attempt:
                return self.catalog.run(sql).query
        raise AssertionError

    def _tidy(self, table: str, days: Collection[date]) -> None:
        """Write days anew that were replaced often: a MERGE leaves the old rows in their files and lists them as gone."""
        if not days:
            return
        files = self.catalog.beside(table, "files")
        key = _IN_PARTITION.sql("trino")
        where = f"content <> 0 AND {within(days, _IN_PARTITION)}"
        found = self.catalog.run(
            f"SELECT {key} FROM {files} WHERE {where} GROUP BY 1 HAVING count(*) >= {_DELETES}"
        ).rows
        often = [date.fromisoformat(row[0]) for row in found]
        if often:
            with suppress(RunError):  # another writer was first: then it is done next time
                self.catalog.run(f"ALTER TABLE {self.catalog.named(table)} EXECUTE optimize WHERE {within(often)}")

    def _days(self, table: str, *, asked: bool = False) -> list[date] | None:
        """The days that have rows; None where there is no such table."""
        try:
            answer = self.catalog.run(f"SELECT partition FROM {self.catalog.beside(table, 'partitions')}")
        except RunError as error:
            if name_of(error) in MISSING and not asked:  # it may have been made since
                return None if self.catalog.columns(table) is None else self._days(table, asked=True)
            if name_of(error) == _UNPARTITIONED:
                raise RunError(not_by_day(table, "")) from error
            raise
        kind = answer.columns[0][1]
        if kind != f"row({KEY} date)":
            raise RunError(not_by_day(table, kind.removeprefix("row(").removesuffix(")")))
        return [date.fromisoformat(row[0][0]) for row in answer.rows if row[0][0]]

    def _empty(self, table: str) -> set[date]:
        """The days that were once published without rows: they are there, with or without rows."""
        try:
            marks = self.catalog.run(f"SELECT {KEY} FROM {self.catalog.named(_EMPTY)} WHERE name = {_key(table)}").rows
        except RunError as error:
            if name_of(error) in MISSING:
                return set()
            raise
        return {date.fromisoformat(row[0]) for row in marks}

    def _mark(self, table: str, days: Collection[date]) -> None:
        """Say of days that they are there; it stays true when they get rows, so that two writers do not disturb it."""
        new = sorted(set(days) - self._empty(table))
        if not new:
            return
        self.catalog.make_staging()
        options = {"format": "'PARQUET'", "partitioning": f"ARRAY['name', '{KEY}']"}
        self.catalog.create(_EMPTY, f"name VARCHAR, {KEY} DATE", options)
        rows = ", ".join(f"({_key(table)}, {day(ds)})" for ds in new)
        self._commit(f"INSERT INTO {self.catalog.named(_EMPTY)} VALUES {rows}")


def _key(table: str) -> str:
    return text(table.lower())


def _widens(old: str, new: str) -> bool:
    """Whether Iceberg gives a column the other type: of a DECIMAL only more digits before the point."""
    scales = [found[1] for kind in (old, new) if (found := _DECIMAL.fullmatch(kind))]
    return (old, new) in _WIDER or (len(scales) == 2 and scales[0] == scales[1] and widens(old, new))
