"""Stages raw files as partitions of a table, one for each day in them, with declared or inferred types."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from drawloom.engines import quote
from drawloom.engines.base import Staged
from drawloom.engines.columns import OutputColumn, QuerySchema, order_by, output_columns, storable_type
from drawloom.engines.duckdb.connection import engine_errors, extract_select
from drawloom.engines.duckdb.guard import check_reads
from drawloom.engines.duckdb.write import Target, write_days
from drawloom.engines.lake import file_version
from drawloom.engines.landing.raw import (
    MAX_SHOWN_ROWS,
    RECORD,
    Format,
    RawRows,
    csv_lines,
    file_format,
    more_bad_rows,
    read_raw,
)
from drawloom.engines.landing.source import hash_file
from drawloom.engines.landing.text import FILE, cast_sql, infer_columns, invalid_sql
from drawloom.model import KEY, Column, DrawloomError, InputError, Problem, Table, Where, refuse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from drawloom.engines.duckdb.engine import DuckDB


_DAYS = quote.name("_drawloom days")
_MAX_EMPTY_DAYS = 3660


@dataclass(frozen=True, slots=True)
class Landing:
    """The staged partitions of raw files, one for each day; the caller publishes them.

    ``columns`` are those declared, or (``inferred``) those inferred from all values, which the caller stores for the
    next landing. ``files`` maps each path to the hash of its bytes. ``gaps`` are the days between the first and the
    last that have no rows and were not landed as empty partitions. ``delimiter`` is that of CSV files.
    """

    table: str
    staged: tuple[Staged, ...]
    columns: tuple[Column, ...]
    inferred: bool
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
        engine: its lake and staging folder are used.
        table: the table, or its name; its rows are sorted by the table's cluster key.
        files: CSV, JSON lines or Parquet files, all of one format; .gz and .zst are decompressed.
        ds: the column that holds the day, or a DuckDB expression of it over the columns.
        columns: the declared columns; empty to infer types from all values of all files.
        run: the run id, stored in the files.
        fmt: csv, json or parquet; by default the suffixes decide.
        empty_days: also land the days without rows between the first and the last day.

    Raises:
        InputError: the files are not as declared, with file, line and value; nothing is staged then.
        RunError: the disk fails.
    """
    paths = sorted({str(Path(file).absolute()) for file in files})
    form = file_format(paths, fmt)
    into = table if isinstance(table, Table) else Table(table)
    engine.lake.folder(into.name)
    job = _Job(engine, into, tuple(columns or into.columns), ds, run, empty_days)
    scratch = engine.staging.folder()
    connection = engine.open(paths)
    try:
        return job.land(connection, paths, form, scratch)
    finally:
        connection.close()
        shutil.rmtree(scratch, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Job:
    """The arguments of one landing."""

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
        hashes = {path: hash_file(path) for path in paths}
        _refuse_changed(versions)
        days = sorted([*found, *gaps]) if self.empty_days else list(found)
        targets = [self._target(day, hashes, found.get(day, ())) for day in days]
        staged = _write(connection, self.table, rows, targets)
        delimiter = next((header.delimiter for header in raw.headers.values()), None)
        left = () if self.empty_days else tuple(gaps)
        return Landing(self.table.name, tuple(staged), rows.columns, not self.declared, hashes, left, delimiter)

    def _target(self, day: date, hashes: Mapping[str, str], files: Sequence[str]) -> Target:
        meta = {"files": json.dumps({Path(path).name: hashes[path] for path in files}, ensure_ascii=False)}
        return Target(self.table, day, self.engine.staging.file(), self.run, meta)


def _refuse_changed(versions: Mapping[str, str]) -> None:
    for path, version in versions.items():
        if file_version(path) != version:
            message = f"file {path!r} changed while it was read; try again."
            raise refuse("changed-file", message, None, "Land it when it is complete.")


def _files_by_day(connection: DuckDBPyConnection, rows: TypedRows) -> dict[date, list[str]]:
    """The days in order, each with the files that have rows of it.

    Raises:
        InputError: a row has an invalid value or no day, or there are no rows.
    """
    with engine_errors():
        found = connection.execute(
            f"SELECT {DAY}, bool_or({BAD}), list(DISTINCT {FILE} ORDER BY {FILE}) FROM ({rows.select}) GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    if any(bad or day is None for day, bad, _ in found):
        refuse_bad_rows(connection, rows)
    if not found:
        raise refuse("no-rows", "the files have no rows.")
    return {day: files for day, _, files in found}


def _gaps(days: Sequence[date], *, fill: bool) -> list[date]:
    """The days between the first and the last that are missing."""
    first, last = days[0], days[-1]
    if fill and (last - first).days >= _MAX_EMPTY_DAYS:
        message = f"days == {first} to {last}, must be at most {_MAX_EMPTY_DAYS} days to land the empty ones."
        raise refuse("bad-ds", message, None, "Correct the wrong days, or land without empty days.")
    present = set(days)
    return [day for n in range((last - first).days) if (day := first + timedelta(days=n)) not in present]


def _write(connection: DuckDBPyConnection, table: Table, rows: TypedRows, targets: Sequence[Target]) -> list[Staged]:
    names = [quote.name(column.name) for column in rows.columns]
    outputs = [OutputColumn(column, column.name) for column in rows.columns]
    order = order_by(table, outputs, KEY)
    select = f"SELECT {', '.join(names)}, {DAY} AS {KEY} FROM ({rows.select}){order}, {FILE}, {RECORD}"
    with engine_errors():
        connection.execute(f"CREATE TABLE {_DAYS} AS {select}")
    return write_days(connection, _DAYS, outputs, targets)


DAY, BAD = "drawloom_day", "drawloom_bad"
_DAY_TYPES = {"date", "timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone"}


@dataclass(frozen=True, slots=True)
class TypedRows:
    """Typed rows: ``select`` returns the columns, ``drawloom_day`` (or NULL), ``drawloom_bad``, file and record.

    ``tests`` maps a column to the condition that its text is not a value of its type.
    """

    select: str
    columns: tuple[Column, ...]
    tests: Mapping[Column, str]
    raw: RawRows
    day: str
    day_text: str


def typed_rows(
    connection: DuckDBPyConnection, table: Table, raw: RawRows, declared: Sequence[Column], ds: str
) -> TypedRows:
    """The rows in the declared or inferred types, each with the day that is the value of ``ds``.

    Raises:
        InputError: a type cannot be stored, or ``ds`` is not an expression of a day.
    """
    if raw.texts:
        columns = _declared(connection, table, declared) or infer_columns(connection, raw.names, raw.relation)
        items = [f"{cast_sql(quote.name(c.name), c.type)} AS {quote.name(c.name)}" for c in columns]
    else:
        with engine_errors():
            relation = connection.sql(f"SELECT * FROM {raw.relation}")
        kinds = dict(zip(relation.columns, relation.types, strict=True))
        found = QuerySchema(raw.names, tuple(kinds[name] for name in raw.names))
        stored = output_columns(table.name, found, declared, ())
        columns, items = tuple(output.column for output in stored), [output.sql for output in stored]
    tests = {c: test for c in columns if raw.texts and (test := invalid_sql(quote.name(c.name), c.type))}
    keys = [quote.name(raw.key)] if raw.key else []
    flag = f"({' OR '.join(tests.values()) or 'false'}) AS {BAD}"
    typed = f"SELECT {', '.join([*items, *keys, FILE, RECORD, flag])} FROM {raw.relation}"
    names = [*(column.name for column in columns), *([raw.key] if raw.key else [])]
    text = next((quote.name(name) for name in names if name.lower() == ds.strip().lower()), f"(\n{ds}\n)")
    day = _day(connection, text, ds, typed)
    return TypedRows(f"SELECT *, {day} AS {DAY} FROM ({typed})", columns, tests, raw, ds, text)


def refuse_bad_rows(connection: DuckDBPyConnection, rows: TypedRows) -> None:
    """Raise InputError for rows with an invalid value or without a day; the first ones with file and line."""
    problems = _shown(rows, [*_bad_values(connection, rows), *_bad_days(connection, rows)])
    with engine_errors():
        count = f"SELECT count(*) FROM ({rows.select}) WHERE {BAD} OR {DAY} IS NULL"
        ((total,),) = connection.execute(count).fetchall()
    if total:
        raise InputError(*problems, *more_bad_rows(total, MAX_SHOWN_ROWS))


def _declared(connection: DuckDBPyConnection, table: Table, declared: Sequence[Column]) -> tuple[Column, ...]:
    columns = []
    for column in declared:
        try:
            columns.append(Column(column.name, storable_type(connection.type(column.type)), column.description))
        except (duckdb.Error, ValueError) as error:
            message = f"{table.name}.{column.name} has type {column.type}, must be a type that Parquet can store."
            raise refuse("bad-type", message, None, f"Declare another one: {error}.") from error
    return tuple(columns)


def _day(connection: DuckDBPyConnection, text: str, ds: str, typed: str) -> str:
    """The expression of a row's day; NULL where it has none."""
    try:
        extract_select(connection, f"SELECT {text}")
        check_reads(connection, f"SELECT {text}", ())
        with engine_errors():
            kind = connection.sql(f"SELECT {text} FROM ({typed})").types[0]
    except DrawloomError as error:
        reason = error.problems[0].message.partition("\n")[0]
        message = f"ds == {ds!r}, must be a column, or an expression over the columns: {reason}"
        raise refuse("bad-ds", message) from error
    if kind.id in _DAY_TYPES:
        return f"CAST(TRY({text}) AS DATE)"
    if str(kind) == "VARCHAR":
        return f"CASE WHEN {invalid_sql(f'TRY({text})', 'DATE')} THEN NULL ELSE {cast_sql(f'TRY({text})', 'DATE')} END"
    raise refuse(
        "bad-ds",
        f"ds == {ds!r} has type {kind}, must be a DATE, a TIMESTAMP, or text like 2026-11-21.",
        None,
        f"For numbers like 20261121 write strptime(CAST({ds} AS VARCHAR), '%Y%m%d').",
    )


def _bad_values(connection: DuckDBPyConnection, rows: TypedRows) -> Iterator[tuple[str, int, str]]:
    """(file, record, message) of the first invalid values."""
    if not rows.tests:
        return
    flags = ", ".join(rows.tests.values())
    texts = ", ".join(quote.name(column.name) for column in rows.tests)
    relation = f"(SELECT *, [{flags}] AS flags, [{texts}] AS texts FROM {rows.raw.relation})"
    with engine_errors():
        found = connection.execute(
            f"SELECT {FILE}, {RECORD}, flags, texts FROM {relation} WHERE list_contains(flags, true) "
            f"ORDER BY {FILE}, {RECORD} LIMIT {MAX_SHOWN_ROWS}"
        ).fetchall()
    for file, record, bad, values in found:
        for column, is_bad, value in zip(rows.tests, bad, values, strict=True):
            if is_bad:
                yield file, record, f"{column.name} == {value[:100]!r}, must be {column.type}."


def _bad_days(connection: DuckDBPyConnection, rows: TypedRows) -> Iterator[tuple[str, int, str]]:
    """(file, record, message) of the first rows without a day."""
    with engine_errors():
        found = connection.execute(
            f"SELECT {FILE}, {RECORD}, TRY(CAST({rows.day_text} AS VARCHAR)) FROM ({rows.select}) "
            f"WHERE NOT {BAD} AND {DAY} IS NULL ORDER BY {FILE}, {RECORD} LIMIT {MAX_SHOWN_ROWS}"
        ).fetchall()
    for file, record, value in found:
        shown = "NULL" if value is None else repr(value[:100])
        yield file, record, f"ds ({rows.day.strip()}) == {shown}, must be a day like 2026-11-21."


def _shown(rows: TypedRows, found: Sequence[tuple[str, int, str]]) -> list[Problem]:
    """The first ones as problems, each with the line in its file."""
    first = sorted(found, key=lambda item: item[:2])[:MAX_SHOWN_ROWS]
    by_file: dict[str, list[int]] = {}
    for file, record, _ in first:
        by_file.setdefault(file, []).append(record)
    lines = {file: _lines(rows.raw, file, records) for file, records in by_file.items()}
    return [
        Problem("bad-value", "error", text, Where(file, lines[file].get(record, record)))
        for file, record, text in first
    ]


def _lines(raw: RawRows, file: str, records: list[int]) -> dict[int, int]:
    """The line of each CSV record; of JSON and Parquet the record number is the line or row."""
    header = raw.headers.get(file)
    return csv_lines(file, header, records) if header else {}
