"""Stages raw files as partitions of a table, one for each day in them, with declared or inferred types."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from drawloom.engines import quote
from drawloom.engines.base import Staged
from drawloom.engines.columns import OutputColumn, QuerySchema, order_by, output_columns, storable_type
from drawloom.engines.duckdb.connection import engine_errors, extract_select
from drawloom.engines.duckdb.files import select_files
from drawloom.engines.duckdb.guard import check_reads
from drawloom.engines.duckdb.write import Target, write_days
from drawloom.engines.lake import file_version
from drawloom.engines.landing.day_hints import number_hint, text_hint
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
from drawloom.engines.landing.text import FILE, Report, cast_sql, infer_columns, invalid_sql
from drawloom.model import KEY, Column, DrawloomError, Fix, InputError, Problem, RunError, Table, Where, refuse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from duckdb.sqltypes import DuckDBPyType

    from drawloom.engines.duckdb.engine import DuckDB


_DAYS = quote.name("_drawloom days")
_MAX_EMPTY_DAYS = 3660
_STORED_OTHERWISE = {"ENUM": "VARCHAR", "HUGEINT": "BIGINT or DECIMAL(38, 0)", "UHUGEINT": "UBIGINT or DECIMAL(38, 0)"}
_HINT_ROWS = 1000  # without a day, whose form is looked at


@dataclass(frozen=True, slots=True)
class Landing:
    """The staged partitions of raw files, one for each day; the caller publishes them.

    ``columns`` are those declared, or (``inferred``) those inferred from all values, which the caller stores for the
    next landing. ``files`` maps each path to the hash of its bytes, ``files_of`` each day to the names and hashes of the
    files that its rows are from. ``gaps`` are the days between the first and the last that have no rows and were not
    landed as empty partitions. ``delimiter`` is that of CSV files. ``dropped_key``: the files have a column ``ds`` that
    is not the day of their rows, and is not stored.
    """

    table: str
    staged: tuple[Staged, ...]
    columns: tuple[Column, ...]
    inferred: bool
    files: Mapping[str, str]
    files_of: Mapping[date, Mapping[str, str]] = field(default_factory=dict)
    gaps: tuple[date, ...] = ()
    delimiter: str | None = None
    dropped_key: bool = False

    @property
    def rows(self) -> int:
        """The number of rows of all days."""
        return sum(staged.rows for staged in self.staged)


@dataclass(frozen=True, slots=True)
class StageOptions:
    """How raw files are staged.

    Args:
        ds: the column that holds the day, or a DuckDB expression of it over the columns.
        run: the run id, stored in the files.
        columns: the declared columns; empty to infer types from all values of all files.
        fmt: csv, json or parquet; by default the suffixes decide.
        empty_days: also land the days without rows between the first and the last day.
        add: keep the rows that the days have, and add those of files that they do not have yet.
        meta: more metadata to store in the files.
        report: called with what is done now.
    """

    ds: str
    run: str
    columns: tuple[Column, ...] = ()
    fmt: str | None = None
    empty_days: bool = False
    add: bool = False
    meta: Mapping[str, str] = field(default_factory=dict)
    report: Report = lambda _: None


def stage_files(engine: DuckDB, table: Table | str, files: Iterable[Path | str], options: StageOptions) -> Landing:
    """Stage the rows of raw files as one partition for each day.

    Args:
        engine: its lake and staging folder are used.
        table: the table, or its name; its rows are sorted by the table's cluster key.
        files: CSV, JSON lines or Parquet files, all of one format; .gz and .zst are decompressed.
        options: how.

    Raises:
        InputError: the files are not as declared, with file, line and value; nothing is staged then.
        RunError: the disk fails.
    """
    paths = sorted({str(Path(file).absolute()) for file in files})
    form = file_format(paths, options.fmt)
    into = table if isinstance(table, Table) else Table(table)
    engine.lake.folder(into.name)
    scratch = engine.staging.folder()
    connection = engine.open([*paths, *_existing_files(engine, into.name, options)])
    try:
        return _Job(engine, into, options, connection, scratch).land(paths, form)
    finally:
        connection.close()
        shutil.rmtree(scratch, ignore_errors=True)


def _existing_files(engine: DuckDB, table: str, options: StageOptions) -> list[Path]:
    return [engine.lake.path(table, ds) for ds in engine.lake.scan(table)] if options.add else []


@dataclass(frozen=True, slots=True)
class _Job:
    """One landing."""

    engine: DuckDB
    table: Table
    options: StageOptions
    connection: DuckDBPyConnection
    scratch: Path

    def land(self, paths: Sequence[str], form: Format) -> Landing:
        report, declared = self.options.report, self.options.columns or self.table.columns
        versions = {path: file_version(path) for path in paths}
        report(f"reading {len(paths)} files, {sum(Path(path).stat().st_size for path in paths) >> 20:,} MB")
        raw = read_raw(self.connection, paths, form, declared, self.scratch)
        rows = typed_rows(self.connection, self.table, raw, declared, self.options.ds, report)
        report("finding the days of all rows")
        found = _files_by_day(self.connection, rows)
        gaps = _gaps(list(found), fill=self.options.empty_days)
        hashes = {path: hash_file(path) for path in paths}
        _refuse_changed(versions)
        days = sorted([*found, *gaps]) if self.options.empty_days else list(found)
        kept = self._kept(days) if self.options.add else {}
        files_of = {day: kept.get(day, {}) | _names({p: hashes[p] for p in found.get(day, ())}) for day in days}
        staged = self._write(rows, self._skipped(found, hashes, kept), kept, files_of)
        delimiter = next((header.delimiter for header in raw.headers.values()), None)
        left = () if self.options.empty_days else tuple(gaps)
        dropped = raw.key is not None and KEY not in self.options.ds.lower()
        return Landing(
            self.table.name, tuple(staged), rows.columns, not declared, hashes, files_of, left, delimiter, dropped
        )

    def _kept(self, days: Iterable[date]) -> dict[date, dict[str, str]]:
        """The days that have a partition, with the names and hashes of the files that its rows are from."""
        stamps = self.engine.lake.scan(self.table.name)
        return {day: json.loads(self._meta(day).get("files", "{}")) for day in days if day in stamps}

    def _meta(self, day: date) -> Mapping[str, str]:
        try:
            return self.engine.lake.read_meta(self._path(day))
        except RunError as error:
            message = f"{self.table.name} {day} is damaged: its file cannot be read; rows cannot be added to it."
            raise refuse("damaged", message, None, "Give all files of this day with --replace.") from error

    @staticmethod
    def _skipped(
        found: Mapping[date, Sequence[str]], hashes: Mapping[str, str], kept: Mapping[date, Mapping[str, str]]
    ) -> list[tuple[date, str]]:
        """The days and files whose rows are in the day's partition already: a landing was interrupted."""
        return [
            (day, path) for day, paths in found.items() for path in paths if hashes[path] in kept.get(day, {}).values()
        ]

    def _write(
        self,
        rows: TypedRows,
        skipped: Sequence[tuple[date, str]],
        kept: Mapping[date, object],
        files_of: Mapping[date, Mapping[str, str]],
    ) -> list[Staged]:
        names = ", ".join(quote.name(column.name) for column in rows.columns)
        outputs = [OutputColumn(column, column.name) for column in rows.columns]
        self.options.report("sorting the rows by day")
        wanted = f"SELECT {names}, {DAY} AS {KEY}, {FILE}, {RECORD} FROM ({rows.select})"
        if skipped:
            pairs = ", ".join(f"({quote.day(day)}, {quote.value(path)})" for day, path in skipped)
            wanted += f" WHERE ({DAY}, {FILE}) NOT IN ({pairs})"
        if kept:
            files = [(str(self._path(day)), self.engine.file_columns(self._path(day))) for day in sorted(kept)]
            self._check_kept(files, rows.columns)
            wanted += f" UNION ALL SELECT {names}, {KEY}, '', 0 FROM ({select_files(files, rows.columns)})"
        order = f"{order_by(self.table, outputs, KEY)}, {FILE}, {RECORD}"
        with engine_errors():
            self.connection.execute(f"CREATE TABLE {_DAYS} AS SELECT {names}, {KEY} FROM ({wanted}){order}")
        targets = [self._target(day, files) for day, files in files_of.items()]
        return write_days(
            self.connection, _DAYS, outputs, targets,
            lambda done: self.options.report(f"writing day {done + 1} of {len(targets)}"),
        )  # fmt: skip

    def _check_kept(self, files: Sequence[tuple[str, Sequence[Column]]], columns: Sequence[Column]) -> None:
        have = {column.name.lower(): column.type for column in columns}
        for path, found in files:
            for column in found:
                if column.name.lower() != KEY and have.get(column.name.lower()) != column.type:
                    message = f"{self.table.name}.{column.name} has type {column.type} in the partition that rows are added to."
                    raise refuse(
                        "type-change", message, Where(path), "Declare it so, or land all files with --replace."
                    )

    def _path(self, day: date) -> Path:
        return self.engine.lake.path(self.table.name, day)

    def _target(self, day: date, files: Mapping[str, str]) -> Target:
        meta = {**self.options.meta, "files": json.dumps(files, ensure_ascii=False)}
        return Target(self.table, day, self.engine.staging.file(), self.options.run, meta)


def _names(hashes: Mapping[str, str]) -> dict[str, str]:
    """The hashes by the names of the files; by their paths where two have one name."""
    names = Counter(Path(path).name for path in hashes)
    return {Path(path).name if names[Path(path).name] == 1 else path: found for path, found in hashes.items()}


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
    connection: DuckDBPyConnection,
    table: Table,
    raw: RawRows,
    declared: Sequence[Column],
    ds: str,
    report: Report = lambda _: None,
) -> TypedRows:
    """The rows in the declared or inferred types, each with the day that is the value of ``ds``.

    Raises:
        InputError: a type cannot be stored, or ``ds`` is not an expression of a day.
    """
    if raw.texts:
        columns = declared_columns(connection, table.name, declared)
        columns = columns or infer_columns(connection, raw.names, raw.relation, report)
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
        raise InputError(*problems, *more_bad_rows(total, MAX_SHOWN_ROWS), *_day_hints(connection, rows))


def declared_columns(connection: DuckDBPyConnection, table: str, declared: Sequence[Column]) -> tuple[Column, ...]:
    """The declared columns, with their types as they are stored.

    Raises:
        InputError: a type is unknown, or cannot be stored as it is declared.
    """
    columns = []
    for column in declared:
        try:
            columns.append(Column(column.name, _storable(connection.type(column.type)), column.description))
        except (duckdb.Error, ValueError) as error:
            message = f"{table}.{column.name} has type {column.type}, must be a type that Parquet can store."
            raise refuse("bad-type", message, None, f"Declare another one: {error}.") from error
    return tuple(columns)


def _storable(kind: DuckDBPyType) -> str:
    """The type as it is stored; what a SELECT may return as another type is refused where it is declared."""
    for name, instead in _STORED_OTHERWISE.items():
        if re.search(rf"\b{name}\b", str(kind)):
            raise ValueError(f"{instead}, as Parquet has no {name}")
    return storable_type(kind)


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
        return _in_calendar(f"TRY_CAST(TRY({text}) AS DATE)")
    if str(kind) == "VARCHAR":
        day = f"CASE WHEN {invalid_sql(f'TRY({text})', 'DATE')} THEN NULL ELSE {cast_sql(f'TRY({text})', 'DATE')} END"
        return _in_calendar(day)
    with engine_errors():
        first = connection.execute(f"SELECT {text} FROM ({typed}) WHERE {text} IS NOT NULL LIMIT 100").fetchall()
    values = [value for (value,) in first if isinstance(value, int)]
    shown = f"; the first value is {first[0][0]}" if first else ""
    raise refuse(
        "bad-ds",
        f"ds == {ds!r} has type {kind}, must be a DATE, a TIMESTAMP, or text like 2026-11-21{shown}.",
        None,
        number_hint(ds.strip(), values)
        or f"For numbers like 20261121 write strptime(CAST({ds} AS VARCHAR), '%Y%m%d').",
    )


def _written(connection: DuckDBPyConnection, ds: str, text: str) -> str:
    """The expression of the day as it was given; in quotes where it is the name of a column that is a word of SQL."""
    try:
        connection.extract_statements(f"SELECT {ds}")
    except duckdb.Error:
        return text
    return ds.strip()


def _in_calendar(day: str) -> str:
    """The day; NULL where it is infinite, before the year 1 or after 9999, which folders and calendars do not have."""
    return f"CASE WHEN {day} BETWEEN DATE '0001-01-01' AND DATE '9999-12-31' THEN {day} END"


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
    for file, record, value in _rows_without_day(connection, rows, MAX_SHOWN_ROWS):
        shown = "is missing" if value is None else f"== {value[:100]!r}"
        yield file, record, f"ds ({rows.day.strip()}) {shown}, must be a day like 2026-11-21."


def _rows_without_day(connection: DuckDBPyConnection, rows: TypedRows, limit: int) -> list[tuple[str, int, str | None]]:
    with engine_errors():
        return connection.execute(
            f"SELECT {FILE}, {RECORD}, TRY(CAST({rows.day_text} AS VARCHAR)) FROM ({rows.select}) "
            f"WHERE NOT {BAD} AND {DAY} IS NULL ORDER BY {FILE}, {RECORD} LIMIT {limit}"
        ).fetchall()


def _day_hints(connection: DuckDBPyConnection, rows: TypedRows) -> list[Problem]:
    """A problem that says which expression gives the day of the texts that are none; none where that is not known."""
    values = [value for _, _, value in _rows_without_day(connection, rows, _HINT_ROWS) if value is not None]
    hint = text_hint(_written(connection, rows.day, rows.day_text), values)
    if not hint:
        return []
    message = f"ds == {rows.day.strip()!r}, must be an expression that gives a day, of values like {values[0]!r}."
    return [Problem("bad-ds", "error", message, fix=Fix(hint))]


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
