"""Landing: raw files become partitions of a table, one for each day found in them; the caller publishes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from drawloom.engines import quote
from drawloom.engines.base import Staged
from drawloom.engines.columns import Output
from drawloom.engines.errors import engine_errors
from drawloom.engines.lake import file_version
from drawloom.engines.raw import RECORD, Format, file_format, read_raw
from drawloom.engines.sources import hash_file
from drawloom.engines.text import FILE
from drawloom.engines.typed import BAD, DAY, Rows, refuse_bad, typed_rows
from drawloom.engines.write import Target, order_by, write_days
from drawloom.model import KEY, Column, Table, refuse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from drawloom.engines.duckdb import DuckDB

_DAYS = quote.name("_drawloom days")
_MOST_EMPTY = 3660


@dataclass(frozen=True, slots=True)
class Landing:
    """What raw files hold: a staged partition for each day, still to be published.

    ``columns`` are the types as read: those declared, or (``guessed``) those inferred from every value, which the
    caller keeps for the next landing. ``files`` maps each path to its fingerprint. ``gaps`` are the days between
    the first and the last that have no rows and were not landed empty. ``delimiter`` is that of CSV files.
    """

    table: str
    staged: tuple[Staged, ...]
    columns: tuple[Column, ...]
    guessed: bool
    files: Mapping[str, str]
    gaps: tuple[date, ...] = ()
    delimiter: str | None = None

    @property
    def rows(self) -> int:
        """The number of rows of all days."""
        return sum(staged.rows for staged in self.staged)


def stage_files(
    engine: DuckDB,
    table: Table | str,
    files: Iterable[Path | str],
    *,
    ds: str,
    columns: Sequence[Column] = (),
    run: str,
    fmt: str | None = None,
    empty_days: bool = False,
) -> Landing:
    """Stage the rows of raw files as one partition for each day.

    Args:
        engine: whose lake and staging it is.
        table: the table, or its name; its rows are sorted by the table's cluster key.
        files: CSV, JSON lines or Parquet files, all of one format; .gz and .zst are unpacked.
        ds: the column that holds the day, or a DuckDB expression over the columns that gives it.
        columns: the declared types; none to infer them from all values of all files.
        run: the id that the files carry.
        fmt: csv, json or parquet, where the suffixes do not tell.
        empty_days: land the days between the first and the last that have no rows, too.

    Raises:
        InputError: something in the files is not as declared, with file, line and value; nothing is staged then.
        RunError: the disk fails.
    """
    paths = sorted({str(Path(file).absolute()) for file in files})
    form = file_format(paths, fmt)
    into = table if isinstance(table, Table) else Table(table)
    engine.lake.folder(into.name)
    job = _Job(engine, into, tuple(columns or into.columns), ds, run, empty_days)
    scratch = engine.area.folder()
    connection = engine.open(paths)
    try:
        return job.land(connection, paths, form, scratch)
    finally:
        connection.close()
        shutil.rmtree(scratch, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Job:
    """One landing: what ``stage_files`` was asked for."""

    engine: DuckDB
    table: Table
    declared: tuple[Column, ...]
    ds: str
    run: str
    empty_days: bool

    def land(self, connection: DuckDBPyConnection, paths: Sequence[str], form: Format, scratch: Path) -> Landing:
        versions = {path: file_version(path) for path in paths}
        raw = read_raw(connection, paths, form, self.declared, scratch)
        rows = typed_rows(connection, self.table, raw, self.declared, self.ds)
        found = _files_by_day(connection, rows)
        gaps = _gaps(list(found), fill=self.empty_days)
        prints = {path: hash_file(path) for path in paths}
        _refuse_changed(versions)
        days = sorted([*found, *gaps]) if self.empty_days else list(found)
        targets = [self._target(day, prints, found.get(day, ())) for day in days]
        staged = _write(connection, self.table, rows, targets)
        delimiter = next((header.delimiter for header in raw.headers.values()), None)
        left = () if self.empty_days else tuple(gaps)
        return Landing(self.table.name, tuple(staged), rows.columns, not self.declared, prints, left, delimiter)

    def _target(self, day: date, prints: Mapping[str, str], files: Sequence[str]) -> Target:
        said = {"files": json.dumps({Path(path).name: prints[path] for path in files}, ensure_ascii=False)}
        return Target(self.table, day, self.engine.area.file(), self.run, said)


def _refuse_changed(versions: Mapping[str, str]) -> None:
    for path, version in versions.items():
        if file_version(path) != version:
            message = f"file == {path!r}, changed while it was read, must rest."
            raise refuse("changed-file", message, None, "Land it again when it is written.")


def _files_by_day(connection: DuckDBPyConnection, rows: Rows) -> dict[date, list[str]]:
    """The days in order, each with the files that hold its rows.

    Raises:
        InputError: a row has a bad value, or no day; or there are no rows.
    """
    with engine_errors():
        found = connection.execute(
            f"SELECT {DAY}, bool_or({BAD}), list(DISTINCT {FILE} ORDER BY {FILE}) FROM ({rows.select}) GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    if any(bad or day is None for day, bad, _ in found):
        refuse_bad(connection, rows)
    if not found:
        raise refuse("no-rows", "files hold no rows, must hold at least one.")
    return {day: files for day, _, files in found}


def _gaps(days: Sequence[date], *, fill: bool) -> list[date]:
    """The days between the first and the last that are not among them."""
    first, last = days[0], days[-1]
    if fill and (last - first).days >= _MOST_EMPTY:
        message = f"days == {first} to {last}, must be at most {_MOST_EMPTY} days to land the empty ones."
        raise refuse("bad-ds", message, None, "Correct the wrong days, or land without empty days.")
    there = set(days)
    return [day for n in range((last - first).days) if (day := first + timedelta(days=n)) not in there]


def _write(connection: DuckDBPyConnection, table: Table, rows: Rows, targets: Sequence[Target]) -> list[Staged]:
    names = [quote.name(column.name) for column in rows.columns]
    outputs = [Output(column, column.name) for column in rows.columns]
    order = order_by(table, outputs, KEY)
    select = f"SELECT {', '.join(names)}, {DAY} AS {KEY} FROM ({rows.select}){order}, {FILE}, {RECORD}"
    with engine_errors():
        connection.execute(f"CREATE TABLE {_DAYS} AS {select}")
    return write_days(connection, _DAYS, outputs, targets)
