"""Writes partitions as Parquet files in staging: rows sorted and hashed, files synced."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drawloom.engines import quote
from drawloom.engines.base import Measure, Staged, content_hash
from drawloom.engines.columns import OutputColumn, QuerySchema, order_by
from drawloom.engines.duckdb.connection import engine_errors
from drawloom.engines.lake.lake import footer_metadata
from drawloom.engines.lake.staging import sync_file
from drawloom.model import KEY, Column, Slices, Table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


SHORT_LIVED_DAYS = 31  # days; partitions that are dropped so early are compressed for speed, not for size
ROW_GROUP_ROWS = 61_440  # rows, which the writer holds in memory; half of DuckDB's default


@dataclass(frozen=True, slots=True)
class OutputQuery:
    """A SELECT of a partition's rows: its text without semicolon, the columns it returns, and those that are stored."""

    text: str
    found: QuerySchema
    outputs: Sequence[OutputColumn]

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
        """As ``select``, with each row's ``ds`` as a date."""
        items = [*(output.sql for output in self.outputs), f"{self.day} AS {KEY}"]
        return f"SELECT {', '.join(items)} FROM (\n{self.text}\n) AS q"

    def for_day(self, table: str, ds: date) -> str:
        """As ``select``; fails on a row with another ``ds``, where the SELECT projects it."""
        return self._only_this_day(table, ds) if self.found.key else self.select

    def union_of_days(self, table: str, texts: Mapping[date, str]) -> str:
        """As ``for_day``, over the texts of many days that return the same columns, with each row's ``ds``."""
        if self.found.key:
            rows = {ds: replace(self, text=text).for_day(table, ds) for ds, text in texts.items()}
            return " UNION ALL ".join(
                f"SELECT *, {quote.day(ds)} AS {KEY} FROM ({select})" for ds, select in rows.items()
            )
        rows = {ds: f"SELECT *, {quote.day(ds)} AS {KEY} FROM (\n{text}\n) AS q" for ds, text in texts.items()}
        items = ", ".join([*(output.sql for output in self.outputs), KEY])
        return f"SELECT {items} FROM ({' UNION ALL '.join(rows.values())})"

    def _only_this_day(self, table: str, ds: date) -> str:
        """As ``select``, failing on a row of another day.

        The test is in the projection: a filter could be pushed below the user's joins and see rows that they drop.
        """
        first, *rest = self.outputs
        shown = self._key_text
        message = quote.value(f"drawloom: wrong-day: {table}.ds ")
        must = quote.value(f", must be {ds}, the day of the partition, on every row.")
        error = f"error({message} || coalesce('== ' || {shown}, 'is missing') || {must})"
        source = quote.name(first.source)
        checked = f"CASE WHEN {self.day} IS NOT DISTINCT FROM {quote.day(ds)} THEN {source} ELSE {error} END"
        items = [f"CAST({checked} AS {first.column.type}) AS {quote.name(first.column.name)}", *(o.sql for o in rest)]
        return f"SELECT {', '.join(items)} FROM (\n{self.text}\n) AS q"

    @property
    def day(self) -> str:
        """The expression of a row's ``ds`` as a date; NULL where it is not a date."""
        return f"TRY_CAST({self._key_text} AS DATE)"

    @property
    def _key_text(self) -> str:
        return f"CAST({quote.name(self.found.key or KEY)} AS VARCHAR)"


@dataclass(frozen=True, slots=True)
class Target:
    """The staging file of a partition, and the file's metadata."""

    table: Table
    ds: date
    path: Path
    run: str
    meta: Mapping[str, str]


def write(connection: DuckDBPyConnection, select: str, columns: tuple[Column, ...], target: Target) -> Staged:
    """Write the rows of a SELECT as one file, synced.

    Raises:
        RunError: DuckDB or the disk fails; no file is left behind.
    """
    _copy(connection, select, columns, target)
    try:
        measured = measure(connection, columns, target.path, target.table.sliced_by)
    except BaseException:
        target.path.unlink(missing_ok=True)
        raise
    return _staged(target, columns, measured)


def measure(
    connection: DuckDBPyConnection, columns: Sequence[Column], path: Path, sliced_by: str | None = None
) -> Measure:
    """The measure of a file."""
    by = [quote.name(sliced_by)] if sliced_by else []
    with engine_errors():
        found = connection.execute(measure_sql(columns, quote.read_parquet(path), *by)).fetchall()
    return _measure(columns, found, path.stat().st_size, sliced_by)


def _measure(columns: Sequence[Column], parts: Iterable[Sequence[Any]], size: int, sliced_by: str | None) -> Measure:
    """The measure of a partition out of those of its slices, which add up; each is (its value, if sliced), rows, hash."""
    parts = list(parts)
    rows, total = (sum(part[at] or 0 for part in parts) for at in (-2, -1))
    slices = {part[0]: content_hash(columns, part[-2], part[-1]) for part in parts if sliced_by and part[0] is not None}
    return Measure(rows, size, content_hash(columns, rows, total), Slices(sliced_by, slices) if sliced_by else None)


def write_days(
    connection: DuckDBPyConnection,
    relation: str,
    outputs: Sequence[OutputColumn],
    targets: Sequence[Target],
    on_write: Callable[[int], None] = lambda _: None,
) -> list[Staged]:
    """Write the rows of each target's day from one relation that has ``ds`` and is sorted by it.

    ``on_write`` is called before each, with the number of those that are written.
    """
    columns = tuple(output.column for output in outputs)
    names = ", ".join(quote.name(column.name) for column in columns)
    measured = measure_days(connection, relation, columns, targets)
    staged: list[Staged] = []
    for target in targets:
        on_write(len(staged))
        select = f"SELECT {names} FROM {relation} WHERE {KEY} = {quote.day(target.ds)}"
        _copy(connection, select + order_by(target.table, outputs), columns, target)
        of_file = replace(measured[target.ds], bytes=target.path.stat().st_size)
        staged.append(_staged(target, columns, of_file))
    return staged


def measure_days(
    connection: DuckDBPyConnection, relation: str, columns: Sequence[Column], targets: Sequence[Target]
) -> dict[date, Measure]:
    """The measure of each target's day of a relation, which takes no bytes."""
    sliced_by = targets[0].table.sliced_by if targets else None
    by = [KEY, quote.name(sliced_by)] if sliced_by else [KEY]
    with engine_errors():
        found = connection.execute(measure_sql(columns, relation, *by)).fetchall()
    parts: dict[date, list[Sequence[Any]]] = {}
    for day, *part in found:
        parts.setdefault(day, []).append(part)
    return {one.ds: _measure(columns, parts.get(one.ds, ()), 0, sliced_by) for one in targets}


def _copy(connection: DuckDBPyConnection, select: str, columns: tuple[Column, ...], target: Target) -> None:
    meta = quote.struct(footer_metadata(_footer(target), columns))
    path = quote.value(str(target.path))
    level = ", COMPRESSION_LEVEL 1" if _is_short_lived(target.table) else ""
    form = f"FORMAT parquet, COMPRESSION zstd{level}, ROW_GROUP_SIZE {ROW_GROUP_ROWS}, KV_METADATA {meta}"
    copy = f"COPY ({select}) TO {path} ({form})"
    try:
        with engine_errors(shift=1):
            connection.execute(copy)
        sync_file(target.path)
    except BaseException:
        target.path.unlink(missing_ok=True)
        raise


def _is_short_lived(table: Table) -> bool:
    return table.keep is not None and table.keep <= SHORT_LIVED_DAYS


def _staged(target: Target, columns: tuple[Column, ...], measured: Measure) -> Staged:
    return Staged(target.table.name, target.ds, str(target.path), target.run, columns, measured)


def _footer(target: Target) -> dict[str, str]:
    return {**target.meta, "table": target.table.name, "ds": target.ds.isoformat(), "run": target.run}


_NESTED = ("STRUCT(", "MAP(", "JSON")


def measure_sql(columns: Sequence[Column], relation: str, *by: str) -> str:
    """A SELECT of (number of rows, sum of row hashes) over a relation; the sum is exact and counts duplicates.

    ``by`` are columns to group by; they come first.
    """
    by_name = sorted(columns, key=lambda column: column.name)
    items = [*by, "count(*)", f"sum(hash(hash({', '.join(map(_hashable, by_name))})))"]
    grouped = f" GROUP BY {', '.join(by)}" if by else ""
    return f"SELECT {', '.join(items)} FROM {relation}{grouped}"


def _hashable(column: Column) -> str:
    """Nested values are hashed as text: DuckDB's hash is the same for [], [NULL] and NULL."""
    nested = column.type.endswith("[]") or column.type.startswith(_NESTED)
    return f"CAST({quote.name(column.name)} AS VARCHAR)" if nested else quote.name(column.name)
