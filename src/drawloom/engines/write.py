"""Writing one partition into staging: columns checked, sorted, hashed, synced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from drawloom.engines import hash as hashes
from drawloom.engines import quote
from drawloom.engines.base import Measure, Staged
from drawloom.engines.columns import Found, Output, near
from drawloom.engines.errors import engine_errors
from drawloom.engines.footer import write_meta
from drawloom.engines.staging import sync_file
from drawloom.model import KEY, Column, Table, refuse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SOON = 31  # days: what is dropped by then is better written quickly than small
GROUP = 61_440  # rows of a row group, which the writer holds in memory: half of what DuckDB makes without being told


@dataclass(frozen=True, slots=True)
class Query:
    """A SELECT that gives a partition's rows: its text without a semicolon, what it gives, what is stored of it."""

    text: str
    found: Found
    outputs: Sequence[Output]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that are stored."""
        return tuple(output.column for output in self.outputs)

    @property
    def select(self) -> str:
        """The stored columns over the SELECT; the user's text begins on the second line."""
        return f"SELECT {', '.join(output.sql for output in self.outputs)} FROM (\n{self.text}\n) AS q"

    @property
    def by_day(self) -> str:
        """As ``select``, and each row's ``ds`` as a date."""
        items = [*(output.sql for output in self.outputs), f"{self.day} AS {KEY}"]
        return f"SELECT {', '.join(items)} FROM (\n{self.text}\n) AS q"

    def of(self, table: str, ds: date) -> str:
        """As ``select``; where the SELECT projects ``ds``, it fails on a row of another day."""
        return self._only(table, ds) if self.found.key else self.select

    def together(self, table: str, texts: Mapping[date, str]) -> str:
        """As ``of``, for texts of many days that give the same columns, and with each row's ``ds``."""
        if self.found.key:
            rows = {ds: replace(self, text=text).of(table, ds) for ds, text in texts.items()}
            return " UNION ALL ".join(f"SELECT *, {day(ds)} AS {KEY} FROM ({select})" for ds, select in rows.items())
        rows = {ds: f"SELECT *, {day(ds)} AS {KEY} FROM (\n{text}\n) AS q" for ds, text in texts.items()}
        items = ", ".join([*(output.sql for output in self.outputs), KEY])
        return f"SELECT {items} FROM ({' UNION ALL '.join(rows.values())})"

    def _only(self, table: str, ds: date) -> str:
        """As ``select``, and failing on a row of another day.

        The test stands in a projection: as a filter it could move below the user's joins and see rows they drop.
        """
        first, *rest = self.outputs
        shown = self._key_text
        message = quote.value(f"drawloom: wrong-day: {table}.ds == ")
        must = quote.value(f", must be {ds}, the day of the partition, on every row.")
        error = f"error({message} || coalesce({shown}, 'NULL') || {must})"
        source = quote.name(first.source)
        sure = f"CASE WHEN {self.day} IS NOT DISTINCT FROM {day(ds)} THEN {source} ELSE {error} END"
        items = [f"CAST({sure} AS {first.column.type}) AS {quote.name(first.column.name)}", *(o.sql for o in rest)]
        return f"SELECT {', '.join(items)} FROM (\n{self.text}\n) AS q"

    @property
    def day(self) -> str:
        """The expression of a row's ``ds`` as a date; NULL where it is none."""
        return f"TRY_CAST({self._key_text} AS DATE)"

    @property
    def _key_text(self) -> str:
        return f"CAST({quote.name(self.found.key or KEY)} AS VARCHAR)"


def day(ds: date) -> str:
    """A day as SQL."""
    return f"DATE {quote.value(ds.isoformat())}"


def order_by(table: Table, outputs: Sequence[Output], *first: str) -> str:
    """The ORDER BY of the table's cluster key behind the names that come first; empty without any.

    Raises:
        InputError: a column of the key is not among those stored.
    """
    names = {output.column.name.lower(): output.column.name for output in outputs}
    for key in table.cluster:
        if key.lower() not in names:
            message = f"cluster of {table.name} == {key}, must be a column of the table{near(key, list(names))}."
            raise refuse("bad-cluster", message)
    keys = ", ".join(quote.name(key) for key in (*first, *(names[key.lower()] for key in table.cluster)))
    return f" ORDER BY {keys}" if keys else ""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a partition is staged, and what its file says of itself."""

    table: Table
    ds: date
    path: Path
    run: str
    meta: Mapping[str, str]


def write(connection: DuckDBPyConnection, select: str, columns: tuple[Column, ...], target: Target) -> Staged:
    """Write the rows of a SELECT as one file, synced.

    Raises:
        RunError: DuckDB or the disk fails; no file is left then.
    """
    _copy(connection, select, columns, target)
    try:
        with engine_errors():
            relation = f"read_parquet({quote.value(str(target.path))}, hive_partitioning=false)"
            ((rows, total),) = connection.execute(hashes.measure(columns, relation)).fetchall()
    except BaseException:
        target.path.unlink(missing_ok=True)
        raise
    return _staged(target, columns, rows, total)


def write_days(
    connection: DuckDBPyConnection,
    relation: str,
    outputs: Sequence[Output],
    targets: Sequence[Target],
) -> list[Staged]:
    """Write the rows of each target's day out of one relation that has ``ds`` and is sorted by it."""
    columns = tuple(output.column for output in outputs)
    names = ", ".join(quote.name(column.name) for column in columns)
    with engine_errors():
        found = connection.execute(hashes.measure(columns, relation, KEY)).fetchall()
    measured = {day: (rows, total) for day, rows, total in found}
    staged = []
    for target in targets:
        select = f"SELECT {names} FROM {relation} WHERE {KEY} = {day(target.ds)}"
        _copy(connection, select + order_by(target.table, outputs), columns, target)
        staged.append(_staged(target, columns, *measured.get(target.ds, (0, None))))
    return staged


def _copy(connection: DuckDBPyConnection, select: str, columns: tuple[Column, ...], target: Target) -> None:
    meta = quote.struct(write_meta(_says(target), columns))
    path = quote.value(str(target.path))
    level = ", COMPRESSION_LEVEL 1" if _is_short_lived(target.table) else ""
    form = f"FORMAT parquet, COMPRESSION zstd{level}, ROW_GROUP_SIZE {GROUP}, KV_METADATA {meta}"
    copy = f"COPY ({select}) TO {path} ({form})"
    try:
        with engine_errors(shift=1):
            connection.execute(copy)
        sync_file(target.path)
    except BaseException:
        target.path.unlink(missing_ok=True)
        raise


def _is_short_lived(table: Table) -> bool:
    return table.keep is not None and table.keep <= SOON


def _staged(target: Target, columns: tuple[Column, ...], rows: int, total: int | None) -> Staged:
    size = target.path.stat().st_size
    measure = Measure(rows, size, hashes.content(columns, rows, total))
    return Staged(target.table.name, target.ds, str(target.path), target.run, columns, measure)


def _says(target: Target) -> dict[str, str]:
    return {**target.meta, "table": target.table.name, "ds": target.ds.isoformat(), "run": target.run}
