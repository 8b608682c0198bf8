"""All tables of a Trino server, in the default catalog or in the Hive catalog of the lake's files; staging tables."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from sqlglot import exp

from drawloom.engines.base import Measure, Staged
from drawloom.engines.catalog.session import CatalogTable
from drawloom.engines.trino.catalog import STAGING, WRONG_CONNECTOR, Catalog, Described, data_columns, quoted, split
from drawloom.engines.trino.client import Client
from drawloom.engines.trino.connect import connector_name
from drawloom.engines.trino.errors import error_name
from drawloom.engines.trino.hive import Hive, check_readable
from drawloom.engines.trino.iceberg import Iceberg
from drawloom.model import Column, Fix, Problem, RunError

GRACE = timedelta(days=1)  # for which abandoned staging tables stay
_STAMP = "%Y%m%d%H%M"
_NAMED = re.compile(r"__(\d{12})_[0-9a-f]{12}$")
_MAX_NAME_LENGTH = 90


class Tables:
    """All tables: those that Trino fills, and those of registered files of the lake.

    Args:
        lake: the Hive catalog for files; by default that of the client, if it is one.
    """

    def __init__(self, client: Client, location: str, lake: str | None) -> None:
        self._client = client
        self.default = _open_connector(client, client.catalog, location)
        self.lake = self.default if not lake or lake == client.catalog else _open_connector(client, lake, location)
        if lake and not isinstance(self.lake, Hive):
            message = f"lake_catalog == {lake}, must be of the Hive connector."
            raise RunError(Problem("unknown-catalog", "error", message))
        self._found: dict[str, Hive | Iceberg] = {}

    @property
    def connectors(self) -> list[Hive | Iceberg]:
        """The catalogs in the order in which they are searched."""
        return [self.default] if self.default is self.lake else [self.default, self.lake]

    def connector_of(self, table: str) -> Hive | Iceberg:
        """The catalog that has a table, or in which it is to be created."""
        if len(self.connectors) > 1 and table.lower() not in self._found:
            self.columns(table)
        return self._found.get(table.lower(), self.default)

    def columns(self, table: str) -> tuple[Column, ...]:
        """The columns without ``ds``; empty where the table does not exist.

        Raises:
            RunError: the table belongs to a connector that none of the catalogs has.
        """
        found = self._described(table)
        return data_columns(found[1]) if found else ()

    def find_table(self, table: str) -> CatalogTable | None:
        """The table in its catalog; None where it does not exist.

        Raises:
            RunError: as ``columns``, or it is not partitioned by ``ds``.
        """
        found = self._described(table)
        if not found:
            return None
        one, described = found
        schema, rest = split(table)
        named = exp.table_(rest, schema, one.catalog.name, quoted=True)
        return CatalogTable(named, data_columns(described), one.key(table, described))

    def _described(self, table: str) -> tuple[Hive | Iceberg, Described] | None:
        known = self._found.pop(table.lower(), None)
        # All catalogs are searched again: the table may have been dropped and created in the other one.
        for catalogs in ([known] if known else [], self.connectors):
            found, other = self._search(table, catalogs)
            if found:
                return found
        if other:  # it may have been created since the other catalog was searched
            found, other = self._search(table, self.connectors)
        if other:
            raise RunError(_wrong_connector(table, other)) from other
        return found

    def _search(
        self, table: str, catalogs: Sequence[Hive | Iceberg]
    ) -> tuple[tuple[Hive | Iceberg, Described] | None, RunError | None]:
        """The first catalog that has the table, with its columns; and the error of one that cannot read it."""
        other: RunError | None = None
        for one in catalogs:
            try:
                found = one.described(table)
            except RunError as error:
                if error_name(error) != WRONG_CONNECTOR:
                    raise
                other = error
                continue
            if found:
                self._found[table.lower()] = one
                return (one, found), None
        return None, other

    def attach(self, table: str, columns: Sequence[Column], folders: Mapping[date | None, str]) -> None:
        """Register folders of Parquet files as partitions; under None, as a table without days.

        Into an Iceberg table the rows are copied: its partitions cannot be folders.

        Raises:
            InputError: files of DuckDB have a column type that Trino reads differently.
            RunError: there is no Hive catalog, or it does not allow it.
        """
        check_readable(table, columns)
        lake = self._lake_connector(table)
        if None in folders:
            lake.register_folder(table, columns, folders[None])
            return
        days = {ds: folder for ds, folder in folders.items() if ds}
        connector = lake if self.default is lake or not self.columns(table) else self.connector_of(table)
        if isinstance(connector, Hive):
            connector.register_folders(table, columns, days)
        else:
            self._copy(table, columns, days, connector, lake)

    def _copy(
        self, table: str, columns: Sequence[Column], folders: Mapping[date, str], connector: Iceberg, lake: Hive
    ) -> None:
        lake.catalog.make_staging()
        shown = f"{STAGING}.{new_name(table)}"
        try:
            lake.register_folders(shown, columns, folders)
            name = lake.catalog.quoted_name(shown)
            counts = {row[0]: row[1] for row in lake.catalog.run(f"SELECT ds, count(*) FROM {name} GROUP BY 1").rows}
            place = f"{lake.catalog.name}.{shown}"
            parts = [_staged_part(table, ds, place, counts.get(ds.isoformat(), 0), columns) for ds in folders]
            connector.publish(table, parts)
        finally:
            with suppress(RunError):
                lake.catalog.run(f"DROP TABLE IF EXISTS {lake.catalog.quoted_name(shown)}")

    def _lake_connector(self, table: str) -> Hive:
        if isinstance(self.lake, Hive):
            return self.lake
        names = ", ".join(sorted(name for name, one in self._client.connector_names.items() if one == "hive")) or "none"
        message = f"lake_catalog is not set, must be a Hive catalog of trino, in which the files of {table} can be registered."
        raise RunError(Problem("no-lake-catalog", "error", message, fix=Fix(f"Hive catalogs: {names}.")))

    def place(self, table: str) -> str:
        """The name of a table with its catalog, as that of a staging table."""
        schema, rest = split(table)
        return f"{self.connector_of(table).catalog.name}.{schema}.{rest}"

    def drop_table(self, table: str) -> None:
        """Drop a table, if it exists, and its schema where that is empty then."""
        if not self.columns(table):
            return
        catalog = self.connector_of(table).catalog
        catalog.run(f"DROP TABLE {catalog.quoted_name(table)}")
        self._found.pop(table.lower(), None)
        with suppress(RunError):  # it has other tables
            catalog.run(f"DROP SCHEMA {quoted(catalog.name)}.{quoted(split(table)[0])}")

    def check_staging(self) -> None:
        """Check ahead of the first staging that the staging schema exists."""
        with suppress(RunError):  # it does not exist yet
            self.default.catalog.check_staging()

    def sweep(self, grace: timedelta = GRACE) -> list[str]:
        """Drop staging tables of dead runs; returns their names."""
        until = datetime.now(UTC) - grace
        dropped: list[str] = []
        for one in self.connectors:
            schema = f"{quoted(one.catalog.name)}.{STAGING}"
            with suppress(RunError):  # it may not exist yet, or another process sweeps it
                for row in one.catalog.run(f"SHOW TABLES FROM {schema}").rows:
                    dropped += self._sweep(one, schema, row[0], until)
        return dropped

    @staticmethod
    def _sweep(one: Hive | Iceberg, schema: str, name: str, until: datetime) -> list[str]:
        made = _NAMED.search(name)
        if made and datetime.strptime(made[1], _STAMP).replace(tzinfo=UTC) < until:
            with suppress(RunError):  # of the other connector, or swept by another process
                one.catalog.run(f"DROP TABLE {schema}.{quoted(name)}")
                return [name]
        return []


def new_name(table: str) -> str:
    """A new table name in the staging schema, with the time in it."""
    plain = re.sub(r"[^a-z0-9_]", "_", table.lower().replace(".", "__"))[:_MAX_NAME_LENGTH]
    return f"{plain}__{datetime.now(UTC).strftime(_STAMP)}_{secrets.token_hex(6)}"


def _open_connector(client: Client, name: str, location: str) -> Hive | Iceberg:
    catalog = Catalog(client, name, location)
    return Hive(catalog) if connector_name(client, name) == "hive" else Iceberg(catalog)


def _staged_part(table: str, ds: date, place: str, rows: int, columns: Sequence[Column]) -> Staged:
    return Staged(table, ds, place, "", tuple(columns), Measure(rows, 0, ""))


def _wrong_connector(table: str, error: RunError) -> Problem:
    message = f"{table} belongs to another connector than the catalogs in the url and in lake_catalog: {error}"
    return Problem("engine-error", "error", message, fix=Fix("Name its catalog in the url."))
