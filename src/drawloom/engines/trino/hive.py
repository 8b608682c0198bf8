"""Tables of the Hive connector: partitions overwritten by INSERT, and folders registered as partitions."""

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
from drawloom.engines.catalog.errors import wrong_partitioning
from drawloom.engines.catalog.partitions import decode_uri, iso_days
from drawloom.engines.trino.catalog import (
    NOT_FOUND,
    Catalog,
    Described,
    chunks,
    day,
    day_filter,
    local,
    location_of,
    names,
    never_widens,
    quoted,
    retry_on,
    split,
    suppress_existing,
    text,
)
from drawloom.engines.trino.errors import error_message, error_name
from drawloom.model import KEY, Column, Fix, Problem, RunError, refuse

_UNSUPPORTED = re.compile(r"TIMESTAMP WITH TIME ZONE|TIMESTAMP_NS")
_UNREADABLE = re.compile(r"TIMESTAMP WITH TIME ZONE|TIMESTAMP_NS|\b(?:UINTEGER|UBIGINT|UUID|TIME)\b")
_RACES = (
    "HIVE_PATH_ALREADY_EXISTS",
    "ALREADY_EXISTS",
    "HIVE_CONCURRENT_MODIFICATION_DETECTED",
    "TRANSACTION_CONFLICT",
    "HIVE_PARTITION_DROPPED_DURING_QUERY",
    "HIVE_METASTORE_ERROR",
    "HIVE_FILESYSTEM_ERROR",
    "HIVE_CANNOT_OPEN_SPLIT",  # files of a day that another writer has replaced since they were listed
    "HIVE_FILE_NOT_FOUND",
)
_PARTITION_KEY = "partition key"  # in the output of DESCRIBE
MIN_LEFTOVER_AGE = 60.0  # seconds; a younger folder in the way may be that of a concurrent writer
FORCED_CLEANUP_ATTEMPT = 4  # the attempt at which such a folder is removed at any age
MIN_FOLDERS_TO_SYNC = 10  # from this number of folders on, partitions are synced at once, not registered one by one


class Hive:
    """The tables of a Hive catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._external: dict[str, str] = {}
        self._known_days: dict[str, set[date]] = {}  # by table, as last listed

    def check(self, table: str, columns: Sequence[Column]) -> None:
        """Check that this connector supports the columns' types.

        Raises:
            InputError: it does not support one.
        """
        for column in columns:
            if _UNSUPPORTED.search(column.type):
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
        """Create the table, or add the columns that it does not have.

        Raises:
            RunError: it is not partitioned by ``ds``, or a column's type cannot be changed to the new one.
        """
        self.check(table, columns)
        if table.lower() not in self._known_days and self._days(table) is None:
            self._create(table, columns)
        if not self.catalog.evolve_columns(table, columns, never_widens):  # it was dropped meanwhile
            self._create(table, columns)

    def _create(self, table: str, columns: Sequence[Column]) -> None:
        self._known_days.pop(table.lower(), None)
        schema = split(table)[0]
        self.catalog.make_schema(schema, schema)
        options = {"format": "'PARQUET'", "partitioned_by": f"ARRAY['{KEY}']"}
        if local(self.catalog.location):
            options["external_location"] = text(self.catalog.folder(table))
        self.catalog.create(table, f"{self.catalog.listed(columns)}, {KEY} DATE", options)

    def described(self, table: str) -> Described | None:
        """As ``Catalog.described``, in half the time where the table is known to be partitioned by ``ds``."""
        if table.lower() not in self._known_days:
            return self.catalog.described(table)
        found = self.catalog.columns(table)
        return None if found is None else [(name, kind, _PARTITION_KEY if name == KEY else "") for name, kind in found]

    @staticmethod
    def key(table: str, found: Described) -> str | None:
        """The type of ``ds`` where the table is partitioned by it; None where it is not partitioned.

        Raises:
            RunError: it is partitioned by something else.
        """
        keys = _keys(found)
        if not keys:
            return None
        _check_key(table, keys)
        return keys[0][1]

    def days(self, table: str) -> list[date]:
        """The days of the table's partitions, in order.

        Raises:
            RunError: the table is not partitioned by ``ds``.
        """
        return self._days(table) or []

    def _days(self, table: str, *, retried: bool = False) -> list[date] | None:
        """The days; None where the table does not exist."""
        try:
            result = self.catalog.run(f"SELECT * FROM {self.catalog.metadata_table(table, 'partitions')}")
        except RunError as error:
            if error_name(error) not in NOT_FOUND:
                raise
            if self.catalog.columns(table) is None:
                return None
            if not retried:  # it may have been created since
                return self._days(table, retried=True)
            raise RunError(wrong_partitioning(table, "")) from error
        _check_key(table, result.columns)
        days = iso_days(row[0] for row in result.rows if row[0])
        self._known_days[table.lower()] = set(days)
        return days

    def publish(self, table: str, parts: Sequence[Staged]) -> dict[date, str]:
        """Publish staged days; returns the ids of the queries by day."""
        self.ensure(table, parts[0].columns)
        done: dict[date, str] = {}
        for place in dict.fromkeys(part.location for part in parts if part.rows):
            full = {part.ds: part for part in parts if part.location == place and part.rows}
            for days in chunks(full):
                done |= dict.fromkeys(days, self._overwrite(table, place, full[days[0]].columns, days))
        if empty := [part.ds for part in parts if not part.rows]:
            existing = self.days(table)
            done |= {ds: self._publish_empty(table, ds, exists=ds in existing) for ds in empty}
        return done

    def drop(self, table: str, ds: date) -> str:
        """Remove a partition, and its folder where the table is in our lake."""
        self._known_days.pop(table.lower(), None)
        done = self.catalog.run(f"DELETE FROM {self.catalog.quoted_name(table)} WHERE {KEY} = {day(ds)}").query
        if (folder := self._folder(table, ds)) and folder.is_relative_to(local(self.catalog.location) or "/-"):
            shutil.rmtree(folder, ignore_errors=True)
        return done

    def register_folders(self, table: str, columns: Sequence[Column], folders: Mapping[date, str]) -> None:
        """Register folders, wherever they are, as partitions of a table with these columns.

        Raises:
            RunError: the server does not allow it.
        """
        self.ensure(table, columns)
        existing = set(self.days(table))
        if self._sync_partitions(table, folders, existing):
            return
        for ds, folder in sorted(folders.items()):
            for attempt in retry_on(*_RACES):
                with attempt:
                    self._register(
                        table, ds, decode_uri(folder), exists=ds in existing or attempt.retry_state.attempt_number > 1
                    )

    def register_folder(self, table: str, columns: Sequence[Column], folder: str) -> None:
        """Register one folder as a table without days, in place of an older one.

        Raises:
            RunError: the table exists and owns its files.
        """
        schema = split(table)[0]
        if self.catalog.columns(table) is not None:
            if not self._external_location(table):
                message = f"{table} already exists and has files of its own, so it cannot be a source."
                raise RunError(Problem("not-a-source", "error", message, fix=Fix("Give the source another name.")))
            self._external.pop(table, None)
            self.catalog.run(f"DROP TABLE IF EXISTS {self.catalog.quoted_name(table)}")
        self.catalog.make_schema(schema, schema)
        options = {"format": "'PARQUET'", "external_location": text(decode_uri(folder))}
        self.catalog.create(table, self.catalog.listed(columns), options)

    def size(self, table: str, ds: date | None) -> int:
        """The bytes of a table's files, or of one day's."""
        where = f" WHERE {KEY} = {day(ds)}" if ds else ""
        files = f'SELECT DISTINCT "$path", "$file_size" AS s FROM {self.catalog.quoted_name(table)}{where}'
        return int(self.catalog.run(f"SELECT coalesce(sum(s), 0) FROM ({files})").rows[0][0])

    def _overwrite(self, table: str, place: str, columns: Sequence[Column], days: Sequence[date]) -> str:
        name = self.catalog.name
        source = ".".join(map(quoted, place.split(".")))
        listed = names(columns)
        sql = f"INSERT INTO {self.catalog.quoted_name(table)} ({listed}) SELECT {listed} FROM {source} WHERE {day_filter(days)}"
        overwrite = {f"{name}.insert_existing_partitions_behavior": "OVERWRITE"}
        known = self._known_days.get(table.lower(), set())
        for attempt in retry_on(*_RACES):
            with attempt:
                number = attempt.retry_state.attempt_number
                if number > 1 or not known >= set(days):
                    self._prepare_overwrite(
                        table,
                        days,
                        None if number == 1 else 0 if number == FORCED_CLEANUP_ATTEMPT else MIN_LEFTOVER_AGE,
                    )
                return self.catalog.run(sql, properties=overwrite).query
        raise AssertionError

    def _prepare_overwrite(self, table: str, days: Sequence[date], age: float | None) -> None:
        """Prepare days for an INSERT that overwrites them; after a failure with the ``age`` for ``_remove_leftovers``."""
        existing = self.days(table)
        if age is not None:
            self._remove_leftovers(table, [ds for ds in days if ds in existing], age)
        for ds in days:
            if ds not in existing:
                self._register_leftover(table, ds)

    def _remove_leftovers(self, table: str, days: Sequence[date], age: float) -> None:
        """Remove folders of days whose partitions are elsewhere, such as those that Spark wrote.

        Trino writes into the folder of the day, and fails where it exists and is not the partition's. A folder younger
        than ``age`` (in seconds) is kept, as a concurrent writer may be about to publish it.
        """
        until = time.time() - age
        paths = f'SELECT DISTINCT {KEY}, "$path" FROM {self.catalog.quoted_name(table)} WHERE {day_filter(days)}'
        used = {(date.fromisoformat(ds), Path(local(path) or path).parent) for ds, path in self.catalog.run(paths).rows}
        for ds in days:
            folder = self._folder(table, ds)
            if folder and (ds, folder) not in used and _modified(folder) <= until:
                shutil.rmtree(folder, ignore_errors=True)

    def _register_leftover(self, table: str, ds: date) -> None:
        """Register the existing folder of a day as its partition: an INSERT overwrites a partition, but not a mere folder."""
        folder = self._folder(table, ds)
        if folder.is_dir() if folder else self._external_location(table):
            self._create_empty(table, ds)

    def _publish_empty(self, table: str, ds: date, *, exists: bool) -> str:
        """Publish a partition without rows."""
        if exists:
            self.catalog.run(f"DELETE FROM {self.catalog.quoted_name(table)} WHERE {KEY} = {day(ds)}")
        if folder := self._folder(table, ds):
            with suppress(FileNotFoundError):
                for file in folder.iterdir():
                    file.unlink(missing_ok=True)
        done = self._create_empty(table, ds)
        if self._external_location(table) and not folder and self.size(table, ds):
            self.catalog.run(f"DELETE FROM {self.catalog.quoted_name(table)} WHERE {KEY} = {day(ds)}")
            message = f"{self._external_location(table)} has files of {table} for {ds} that Trino does not delete."
            raise RunError(Problem("engine-io", "error", message, fix=Fix("Remove them, then run the step again.")))
        return done

    def _create_empty(self, table: str, ds: date) -> str:
        with suppress_existing():
            return self._call("create_empty_partition", table, ds)
        return ""

    def _register(self, table: str, ds: date, folder: str, *, exists: bool) -> None:
        try:
            if exists:
                with suppress(RunError):  # another writer may have been first
                    self._call("unregister_partition", table, ds)
            self._call("register_partition", table, ds, text(folder))
        except RunError as error:
            if (
                "register_partition procedure is disabled" in error_message(error)
                or error.problems[0].code == "engine-denied"
            ):
                raise RunError(_forbidden(self.catalog.name, error_message(error))) from error
            raise

    def _call(self, procedure: str, table: str, ds: date, *more: str) -> str:
        schema, rest = split(table)
        given = ", ".join([text(schema), text(rest), f"ARRAY['{KEY}']", f"ARRAY['{ds}']", *more])
        return self.catalog.run(f"CALL {quoted(self.catalog.name)}.system.{procedure}({given})").query

    def _sync_partitions(self, table: str, folders: Mapping[date, str], existing: set[date]) -> bool:
        """Register many folders at once, if the table's folder has exactly these; returns whether it did."""
        root = local(self._external_location(table))
        if len(folders) < MIN_FOLDERS_TO_SYNC or not root or existing & set(folders):
            return False
        own = {ds: str(root / f"{KEY}={ds}") for ds in folders}
        if any(str(local(decode_uri(folder))) != own[ds] for ds, folder in folders.items()):
            return False
        if {path.name for path in root.glob(f"{KEY}=*")} - {f"{KEY}={ds}" for ds in existing} != {
            f"{KEY}={ds}" for ds in folders
        }:
            return False
        schema, rest = split(table)
        system = f"{quoted(self.catalog.name)}.system"
        self.catalog.run(f"CALL {system}.sync_partition_metadata({text(schema)}, {text(rest)}, 'ADD')")
        return True

    def _folder(self, table: str, ds: date) -> Path | None:
        """The folder of a day in an external table on this machine, which stays when the partition is dropped."""
        root = local(self._external_location(table))
        return root / f"{KEY}={ds}" if root else None

    def _external_location(self, table: str) -> str:
        """The location of an external table, whose files Trino does not own; empty for other tables."""
        if table not in self._external:
            rows = self.catalog.run(f"SHOW CREATE TABLE {self.catalog.quoted_name(table)}").rows
            self._external[table] = location_of(rows[0][0])
        return self._external[table]


def _modified(folder: Path) -> float:
    """When a folder was changed; infinity where it does not exist."""
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:
        return inf


def _check_key(table: str, keys: Sequence[tuple[str, str]]) -> None:
    if [name for name, _ in keys] != [KEY]:
        raise RunError(wrong_partitioning(table, ", ".join(f"{name} ({kind})" for name, kind in keys)))


def _keys(found: Described) -> list[tuple[str, str]]:
    return [(name, kind) for name, kind, more in found if _PARTITION_KEY in more]


def check_readable(table: str, columns: Iterable[Column]) -> None:
    """Check that Trino reads the columns of DuckDB's files exactly.

    Raises:
        InputError: it reads one differently.
    """
    for column in columns:
        if _UNREADABLE.search(column.type):
            raise refuse(
                "bad-type",
                f"{table}.{column.name} has type {column.type}, must be a type that Trino reads in files of DuckDB.",
                None,
                "Fill the table with a CAST of it, to BIGINT, DECIMAL(20, 0), VARCHAR or TIMESTAMP.",
            )


def _forbidden(catalog: str, reason: str) -> Problem:
    message = f"catalog {catalog} of trino does not allow register_partition, by which files are registered: {reason}"
    return Problem(
        "engine-denied", "error", message, fix=Fix("Set hive.allow-register-partition-procedure=true for it.")
    )
