"""The tables of a Trino, each in the catalog that has it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from sqlglot import exp

from drawloom.engines.base import Measure, Staged
from drawloom.engines.catalog.store import Found
from drawloom.engines.trino.catalog import OTHER, STAGING, Catalog, Described, data_columns, quoted, split
from drawloom.engines.trino.client import Client
from drawloom.engines.trino.connect import kind
from drawloom.engines.trino.errors import name_of
from drawloom.engines.trino.hive import Hive, check_shown
from drawloom.engines.trino.iceberg import Iceberg
from drawloom.model import Column, Fix, Problem, RunError

GRACE = timedelta(days=1)  # for which staging tables stay that nobody has dropped
_STAMP = "%Y%m%d%H%M"
_NAMED = re.compile(r"__(\d{12})_[0-9a-f]{12}$")
_LONGEST = 90


class Tables:
    """All tables: those that Trino fills, and the lake's files that it is shown.

    Args:
        lake: the Hive catalog for files; that of the client where nothing is said and it is one.
    """

    def __init__(self, client: Client, location: str, lake: str | None) -> None:
        self._client = client
        self.main = _opened(client, client.catalog, location)
        self.lake = self.main if not lake or lake == client.catalog else _opened(client, lake, location)
        if lake and not isinstance(self.lake, Hive):
            message = f"lake_catalog == {lake}, must be of the Hive connector."
            raise RunError(Problem("unknown-catalog", "error", message))
        self._found: dict[str, Hive | Iceberg] = {}

    @property
    def catalogs(self) -> list[Hive | Iceberg]:
        """Those that are looked into, in order."""
        return [self.main] if self.main is self.lake else [self.main, self.lake]

    def home(self, table: str) -> Hive | Iceberg:
        """Where a table is, or else is to be made."""
        if len(self.catalogs) > 1 and table.lower() not in self._found:
            self.columns(table)
        return self._found.get(table.lower(), self.main)

    def columns(self, table: str) -> tuple[Column, ...]:
        """The columns without ``ds``; empty where there is no such table.

        Raises:
            RunError: it is a table of a connector that none of the catalogs has.
        """
        found = self._described(table)
        return data_columns(found[1]) if found else ()

    def look(self, table: str) -> Found | None:
        """The table as its catalog has it; None where there is no such table.

        Raises:
            RunError: as ``columns``, or it is partitioned otherwise.
        """
        found = self._described(table)
        if not found:
            return None
        one, described = found
        schema, rest = split(table)
        named = exp.table_(rest, schema, one.catalog.name, quoted=True)
        return Found(named, data_columns(described), one.key(table, described))

    def _described(self, table: str) -> tuple[Hive | Iceberg, Described] | None:
        known = self._found.pop(table.lower(), None)
        for catalogs in ([known] if known else [], self.catalogs):  # it may have been dropped, and be elsewhere now
            found, other = self._look(table, catalogs)
            if found:
                return found
        if other:  # it may have been made since the other catalog was looked into
            found, other = self._look(table, self.catalogs)
        if other:
            raise RunError(_elsewhere(table, other)) from other
        return found

    def _look(
        self, table: str, catalogs: Sequence[Hive | Iceberg]
    ) -> tuple[tuple[Hive | Iceberg, Described] | None, RunError | None]:
        """The first of the catalogs that has it, with its columns, and why one of them did not say."""
        other: RunError | None = None
        for one in catalogs:
            try:
                found = one.described(table)
            except RunError as error:
                if name_of(error) != OTHER:
                    raise
                other = error
                continue
            if found:
                self._found[table.lower()] = one
                return (one, found), None
        return None, other

    def attach(self, table: str, columns: Sequence[Column], folders: Mapping[date | None, str]) -> None:
        """Show folders of Parquet files as partitions, or under None as a table without days.

        Into a table of Iceberg their rows are copied: it has no partitions that could be folders.

        Raises:
            InputError: files of DuckDB have a column that Trino does not read as it is.
            RunError: there is no Hive catalog, or it does not allow it.
        """
        check_shown(table, columns)
        lake = self._shows(table)
        if None in folders:
            lake.place(table, columns, folders[None])
            return
        days = {ds: folder for ds, folder in folders.items() if ds}
        home = lake if self.main is lake or not self.columns(table) else self.home(table)
        if isinstance(home, Hive):
            home.show(table, columns, days)
        else:
            self._copy(table, columns, days, home, lake)

    def _copy(
        self, table: str, columns: Sequence[Column], folders: Mapping[date, str], home: Iceberg, lake: Hive
    ) -> None:
        lake.catalog.make_staging()
        shown = f"{STAGING}.{new_name(table)}"
        try:
            lake.show(shown, columns, folders)
            name = lake.catalog.named(shown)
            counts = {row[0]: row[1] for row in lake.catalog.run(f"SELECT ds, count(*) FROM {name} GROUP BY 1").rows}
            place = f"{lake.catalog.name}.{shown}"
            parts = [_part(table, ds, place, counts.get(ds.isoformat(), 0), columns) for ds in folders]
            home.publish(table, parts)
        finally:
            with suppress(RunError):
                lake.catalog.run(f"DROP TABLE IF EXISTS {lake.catalog.named(shown)}")

    def _shows(self, table: str) -> Hive:
        if isinstance(self.lake, Hive):
            return self.lake
        names = ", ".join(sorted(name for name, one in self._client.kinds.items() if one == "hive")) or "none"
        message = f"lake_catalog == none, must be a Hive catalog of trino to show it {table}, which is in files."
        raise RunError(Problem("no-lake-catalog", "error", message, fix=Fix(f"There are: {names}.")))

    def look_for_staging(self) -> None:
        """Spare the first task that stages something the question whether there is a place for it."""
        with suppress(RunError):  # there is none yet
            self.main.catalog.look_for_staging()

    def sweep(self, grace: timedelta = GRACE) -> list[str]:
        """Drop staging tables of dead runs; their names."""
        until = datetime.now(UTC) - grace
        dropped: list[str] = []
        for one in self.catalogs:
            schema = f"{quoted(one.catalog.name)}.{STAGING}"
            with suppress(RunError):  # there may be none yet, or somebody else sweeps it
                for row in one.catalog.run(f"SHOW TABLES FROM {schema}").rows:
                    dropped += self._sweep(one, schema, row[0], until)
        return dropped

    @staticmethod
    def _sweep(one: Hive | Iceberg, schema: str, name: str, until: datetime) -> list[str]:
        made = _NAMED.search(name)
        if made and datetime.strptime(made[1], _STAMP).replace(tzinfo=UTC) < until:
            with suppress(RunError):  # of the other connector, or swept by somebody else
                one.catalog.run(f"DROP TABLE {schema}.{quoted(name)}")
                return [name]
        return []


def new_name(table: str) -> str:
    """A name in the staging schema, which says when it was given."""
    plain = re.sub(r"[^a-z0-9_]", "_", table.lower().replace(".", "__"))[:_LONGEST]
    return f"{plain}__{datetime.now(UTC).strftime(_STAMP)}_{secrets.token_hex(6)}"


def _opened(client: Client, name: str, location: str) -> Hive | Iceberg:
    catalog = Catalog(client, name, location)
    return Hive(catalog) if kind(client, name) == "hive" else Iceberg(catalog)


def _part(table: str, ds: date, place: str, rows: int, columns: Sequence[Column]) -> Staged:
    return Staged(table, ds, place, "", tuple(columns), Measure(rows, 0, ""))


def _elsewhere(table: str, error: RunError) -> Problem:
    message = f"{table} is of another connector, must be of the catalog of the url or of lake_catalog: {error}"
    return Problem("engine-error", "error", message, fix=Fix("Name its catalog in the url."))
