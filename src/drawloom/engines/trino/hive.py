"""Tables of the Hive connector: partitions that are overwritten by INSERT, and folders shown as partitions."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from math import inf
from pathlib import Path

from drawloom.engines.base import Staged
from drawloom.engines.catalog.days import iso_days
from drawloom.engines.catalog.errors import not_by_day
from drawloom.engines.catalog.places import decoded
from drawloom.engines.trino.catalog import (
    MISSING,
    Catalog,
    Described,
    again,
    chunks,
    day,
    local,
    names,
    never,
    place_of,
    quoted,
    split,
    suppress_existing,
    text,
    within,
)
from drawloom.engines.trino.errors import name_of, said_of
from drawloom.model import KEY, Column, Fix, Problem, RunError, refuse

_UNKEPT = re.compile(r"TIMESTAMP WITH TIME ZONE|TIMESTAMP_NS")
_UNSHOWN = re.compile(r"TIMESTAMP WITH TIME ZONE|TIMESTAMP_NS|\b(?:UINTEGER|UBIGINT|UUID|TIME)\b")
_RACES = (
    "HIVE_PATH_ALREADY_EXISTS",
    "ALREADY_EXISTS",
    "HIVE_CONCURRENT_MODIFICATION_DETECTED",
    "TRANSACTION_CONFLICT",
    "HIVE_PARTITION_DROPPED_DURING_QUERY",
    "HIVE_METASTORE_ERROR",
    "HIVE_FILESYSTEM_ERROR",
)
_PARTITION_KEY = "partition key"  # what DESCRIBE says of one
PATIENCE = 4  # attempts after which what is in the way is not the work of another writer
QUIET = 60.0  # seconds after which it is not, whatever the attempts
MANY = 10  # folders that are worth looking for rather than shown one by one


class Hive:
    """The tables of a Hive catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._external: dict[str, str] = {}
        self._seen: dict[str, set[date]] = {}  # the days of tables that are by day, as they were seen last

    def check(self, table: str, columns: Sequence[Column]) -> None:
        """Refuse columns that this connector does not keep.

        Raises:
            InputError: there is one.
        """
        for column in columns:
            if _UNKEPT.search(column.type):
                raise refuse(
                    "bad-type",
                    f"{table}.{column.name} has type {column.type}, must be a type that tables of Trino's Hive "
                    "connector keep.",
                    None,
                    f"Write CAST({column.name} AT TIME ZONE 'UTC' AS TIMESTAMP), or use a catalog of Iceberg."
                    if "ZONE" in column.type
                    else f"Write CAST({column.name} AS TIMESTAMP).",
                )

    def ensure(self, table: str, columns: Sequence[Column]) -> None:
        """Have the table with these columns, and those that it has already.

        Raises:
            RunError: it is partitioned otherwise, or a column has a type that does not become the other.
        """
        self.check(table, columns)
        if table.lower() not in self._seen and self._days(table) is None:
            self._create(table, columns)
        if not self.catalog.fit(table, columns, never):  # it was there, and is gone
            self._create(table, columns)

    def _create(self, table: str, columns: Sequence[Column]) -> None:
        self._seen.pop(table.lower(), None)
        schema = split(table)[0]
        self.catalog.make_schema(schema, schema)
        options = {"format": "'PARQUET'", "partitioned_by": f"ARRAY['{KEY}']"}
        if local(self.catalog.location):
            options["external_location"] = text(self.catalog.folder(table))
        self.catalog.create(table, f"{self.catalog.listed(columns)}, {KEY} DATE", options)

    def described(self, table: str) -> Described | None:
        """As ``Catalog.described``, in half the time where the table is known to be partitioned by ``ds``."""
        if table.lower() not in self._seen:
            return self.catalog.described(table)
        found = self.catalog.columns(table)
        return None if found is None else [(name, kind, _PARTITION_KEY if name == KEY else "") for name, kind in found]

    @staticmethod
    def key(table: str, found: Described) -> str | None:
        """The type of ``ds`` where the table is partitioned by it; None where it is not partitioned.

        Raises:
            RunError: it is partitioned otherwise.
        """
        keys = _keys(found)
        if not keys:
            return None
        _check_key(table, keys)
        return keys[0][1]

    def days(self, table: str) -> list[date]:
        """The days that there are, in order.

        Raises:
            RunError: the table is not partitioned by ``ds``.
        """
        return self._days(table) or []

    def _days(self, table: str, *, asked: bool = False) -> list[date] | None:
        """The days; None where there is no such table."""
        try:
            answer = self.catalog.run(f"SELECT * FROM {self.catalog.beside(table, 'partitions')}")
        except RunError as error:
            if name_of(error) not in MISSING:
                raise
            if self.catalog.columns(table) is None:
                return None
            if not asked:  # it may have been made since
                return self._days(table, asked=True)
            raise RunError(not_by_day(table, "")) from error
        _check_key(table, answer.columns)
        days = iso_days(row[0] for row in answer.rows if row[0])
        self._seen[table.lower()] = set(days)
        return days

    def publish(self, table: str, parts: Sequence[Staged]) -> dict[date, str]:
        """Make staged days the partitions; the ids of the queries that did it, by day."""
        self.ensure(table, parts[0].columns)
        done: dict[date, str] = {}
        for place in dict.fromkeys(part.place for part in parts if part.rows):
            full = {part.ds: part for part in parts if part.place == place and part.rows}
            for days in chunks(full):
                done |= dict.fromkeys(days, self._overwrite(table, place, full[days[0]].columns, days))
        if empty := [part.ds for part in parts if not part.rows]:
            there = self.days(table)
            done |= {ds: self._empty(table, ds, is_there=ds in there) for ds in empty}
        return done

    def drop(self, table: str, ds: date) -> str:
        """Remove a partition, and its folder where the table is in our lake."""
        self._seen.pop(table.lower(), None)
        done = self.catalog.run(f"DELETE FROM {self.catalog.named(table)} WHERE {KEY} = {day(ds)}").query
        if (folder := self._folder(table, ds)) and folder.is_relative_to(local(self.catalog.location) or "/-"):
            shutil.rmtree(folder, ignore_errors=True)
        return done

    def show(self, table: str, columns: Sequence[Column], folders: Mapping[date, str]) -> None:
        """Make folders the partitions of their days, wherever they are, of a table with these columns.

        Raises:
            RunError: the server does not allow it.
        """
        self.ensure(table, columns)
        there = set(self.days(table))
        if self._found(table, folders, there):
            return
        for ds, folder in sorted(folders.items()):
            for attempt in again(*_RACES):
                with attempt:
                    self._register(
                        table, ds, decoded(folder), is_there=ds in there or attempt.retry_state.attempt_number > 1
                    )

    def place(self, table: str, columns: Sequence[Column], folder: str) -> None:
        """Have a table without days out of one folder.

        Raises:
            RunError: there is a table of this name that holds its own files.
        """
        schema = split(table)[0]
        if self.catalog.columns(table) is not None:
            if not self._place(table):
                message = f"{table} is a table with files of its own, must be one that only shows a folder."
                raise RunError(Problem("not-a-source", "error", message, fix=Fix("Give the source another name.")))
            self._external.pop(table, None)
            self.catalog.run(f"DROP TABLE IF EXISTS {self.catalog.named(table)}")
        self.catalog.make_schema(schema, schema)
        options = {"format": "'PARQUET'", "external_location": text(decoded(folder))}
        self.catalog.create(table, self.catalog.listed(columns), options)

    def size(self, table: str, ds: date | None) -> int:
        """The bytes of a table's files, or of one day's."""
        where = f" WHERE {KEY} = {day(ds)}" if ds else ""
        files = f'SELECT DISTINCT "$path", "$file_size" AS s FROM {self.catalog.named(table)}{where}'
        return int(self.catalog.run(f"SELECT coalesce(sum(s), 0) FROM ({files})").rows[0][0])

    def _overwrite(self, table: str, place: str, columns: Sequence[Column], days: Sequence[date]) -> str:
        name = self.catalog.name
        source = ".".join(map(quoted, place.split(".")))
        listed = names(columns)
        sql = f"INSERT INTO {self.catalog.named(table)} ({listed}) SELECT {listed} FROM {source} WHERE {within(days)}"
        overwrite = {f"{name}.insert_existing_partitions_behavior": "OVERWRITE"}
        known = self._seen.get(table.lower(), set())
        for attempt in again(*_RACES):
            with attempt:
                number = attempt.retry_state.attempt_number
                if number > 1 or not known >= set(days):
                    self._make_way(table, days, None if number == 1 else 0 if number == PATIENCE else QUIET)
                return self.catalog.run(sql, properties=overwrite).query
        raise AssertionError

    def _make_way(self, table: str, days: Sequence[date], age: float | None) -> None:
        """Have an INSERT find days as it can replace them; with an age (see ``_clear``) after it has failed."""
        there = self.days(table)
        if age is not None:
            self._clear(table, [ds for ds in days if ds in there], age)
        for ds in days:
            if ds not in there:
                self._adopt(table, ds)

    def _clear(self, table: str, days: Sequence[date], age: float) -> None:
        """Take away what lies where Trino writes a day while its partition is elsewhere, as one that Spark made is.

        Trino writes into the folder of the day, and fails where it is there and is not the partition's. What is not so
        old (in seconds) may be what another writer is about to make the partition.
        """
        until = time.time() - age
        paths = f'SELECT DISTINCT {KEY}, "$path" FROM {self.catalog.named(table)} WHERE {within(days)}'
        used = {(date.fromisoformat(ds), Path(local(path) or path).parent) for ds, path in self.catalog.run(paths).rows}
        for ds in days:
            folder = self._folder(table, ds)
            if folder and (ds, folder) not in used and _modified(folder) <= until:
                shutil.rmtree(folder, ignore_errors=True)

    def _adopt(self, table: str, ds: date) -> None:
        """Make what lies in the folder of a day the partition: an INSERT replaces it, but does not begin beside it."""
        folder = self._folder(table, ds)
        if folder.is_dir() if folder else self._place(table):
            self._create_empty(table, ds)

    def _empty(self, table: str, ds: date, *, is_there: bool) -> str:
        """Have a partition without rows."""
        if is_there:
            self.catalog.run(f"DELETE FROM {self.catalog.named(table)} WHERE {KEY} = {day(ds)}")
        if folder := self._folder(table, ds):
            with suppress(FileNotFoundError):
                for file in folder.iterdir():
                    file.unlink(missing_ok=True)
        done = self._create_empty(table, ds)
        if self._place(table) and not folder and self.size(table, ds):
            self.catalog.run(f"DELETE FROM {self.catalog.named(table)} WHERE {KEY} = {day(ds)}")
            message = f"{table} of {ds} == files in {self._place(table)}, must be none: Trino does not delete them."
            raise RunError(Problem("engine-io", "error", message, fix=Fix("Remove them, then run the step again.")))
        return done

    def _create_empty(self, table: str, ds: date) -> str:
        with suppress_existing():
            return self._call("create_empty_partition", table, ds)
        return ""

    def _register(self, table: str, ds: date, folder: str, *, is_there: bool) -> None:
        try:
            if is_there:
                with suppress(RunError):  # somebody else may have been first
                    self._call("unregister_partition", table, ds)
            self._call("register_partition", table, ds, text(folder))
        except RunError as error:
            if (
                "register_partition procedure is disabled" in said_of(error)
                or error.problems[0].code == "engine-denied"
            ):
                raise RunError(_forbidden(self.catalog.name, said_of(error))) from error
            raise

    def _call(self, procedure: str, table: str, ds: date, *more: str) -> str:
        schema, rest = split(table)
        given = ", ".join([text(schema), text(rest), f"ARRAY['{KEY}']", f"ARRAY['{ds}']", *more])
        return self.catalog.run(f"CALL {quoted(self.catalog.name)}.system.{procedure}({given})").query

    def _found(self, table: str, folders: Mapping[date, str], there: set[date]) -> bool:
        """Whether one look at the table's own folder has shown all of these, and nothing else; worth it for many."""
        root = local(self._place(table))
        if len(folders) < MANY or not root or there & set(folders):
            return False
        own = {ds: str(root / f"{KEY}={ds}") for ds in folders}
        if any(str(local(decoded(folder))) != own[ds] for ds, folder in folders.items()):
            return False
        if {path.name for path in root.glob(f"{KEY}=*")} - {f"{KEY}={ds}" for ds in there} != {
            f"{KEY}={ds}" for ds in folders
        }:
            return False
        schema, rest = split(table)
        system = f"{quoted(self.catalog.name)}.system"
        self.catalog.run(f"CALL {system}.sync_partition_metadata({text(schema)}, {text(rest)}, 'ADD')")
        return True

    def _folder(self, table: str, ds: date) -> Path | None:
        """The folder into which a day is written where it is on this machine and stays when a partition is dropped."""
        root = local(self._place(table))
        return root / f"{KEY}={ds}" if root else None

    def _place(self, table: str) -> str:
        """Where the files of a table are that Trino does not own; empty for one that it does."""
        if table not in self._external:
            rows = self.catalog.run(f"SHOW CREATE TABLE {self.catalog.named(table)}").rows
            self._external[table] = place_of(rows[0][0])
        return self._external[table]


def _modified(folder: Path) -> float:
    """When a folder was changed; never, where there is none."""
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:
        return inf


def _check_key(table: str, keys: Sequence[tuple[str, str]]) -> None:
    if [name for name, _ in keys] != [KEY]:
        raise RunError(not_by_day(table, ", ".join(f"{name} ({kind})" for name, kind in keys)))


def _keys(found: Described) -> list[tuple[str, str]]:
    return [(name, kind) for name, kind, more in found if _PARTITION_KEY in more]


def check_shown(table: str, columns: Iterable[Column]) -> None:
    """Refuse columns of DuckDB's files that Trino does not read as they are.

    Raises:
        InputError: there is one.
    """
    for column in columns:
        if _UNSHOWN.search(column.type):
            raise refuse(
                "bad-type",
                f"{table}.{column.name} has type {column.type}, must be a type that Trino reads in files of DuckDB.",
                None,
                "Fill the table with a CAST of it, to BIGINT, DECIMAL(20, 0), VARCHAR or TIMESTAMP.",
            )


def _forbidden(catalog: str, said: str) -> Problem:
    message = f"catalog {catalog} of trino must allow register_partition, to show it the lake's files: {said}"
    return Problem(
        "engine-denied", "error", message, fix=Fix("Set hive.allow-register-partition-procedure=true for it.")
    )
