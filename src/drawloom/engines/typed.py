"""Raw rows as typed rows with their day, and what is wrong with those that have none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from drawloom.engines import parse, quote
from drawloom.engines.columns import Found, outputs, storable
from drawloom.engines.errors import engine_errors
from drawloom.engines.guess import guess
from drawloom.engines.raw import RECORD, Raw
from drawloom.engines.reject import SHOWN, csv_lines, summary
from drawloom.engines.statement import one_select
from drawloom.engines.text import FILE
from drawloom.model import Column, InputError, Problem, RunError, Table, Where, refuse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DAY, BAD = "drawloom_day", "drawloom_bad"
_DAY_TYPES = {"date", "timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone"}


@dataclass(frozen=True, slots=True)
class Rows:
    """Typed rows: ``select`` gives the columns, ``drawloom_day`` (NULL: none), ``drawloom_bad``, and the origin.

    ``tests`` maps a column to the condition under which its text is no value of its type.
    """

    select: str
    columns: tuple[Column, ...]
    tests: Mapping[Column, str]
    raw: Raw
    day: str
    day_text: str


def typed_rows(connection: DuckDBPyConnection, table: Table, raw: Raw, declared: Sequence[Column], ds: str) -> Rows:
    """The rows in the declared types (guessed without any), and the day that ``ds`` gives for each.

    Raises:
        InputError: a type cannot be stored, or ``ds`` is no expression of a day.
    """
    if raw.texts:
        columns = _declared(connection, table, declared) or guess(connection, raw.names, raw.relation)
        items = [f"{parse.cast(quote.name(c.name), c.type)} AS {quote.name(c.name)}" for c in columns]
    else:
        with engine_errors():
            relation = connection.sql(f"SELECT * FROM {raw.relation}")
        kinds = dict(zip(relation.columns, relation.types, strict=True))
        found = Found(raw.names, tuple(kinds[name] for name in raw.names))
        stored = outputs(table.name, found, declared, ())
        columns, items = tuple(output.column for output in stored), [output.sql for output in stored]
    tests = {c: test for c in columns if raw.texts and (test := parse.bad(quote.name(c.name), c.type))}
    keys = [quote.name(raw.key)] if raw.key else []
    flag = f"({' OR '.join(tests.values()) or 'false'}) AS {BAD}"
    typed = f"SELECT {', '.join([*items, *keys, FILE, RECORD, flag])} FROM {raw.relation}"
    names = [*(column.name for column in columns), *([raw.key] if raw.key else [])]
    text = next((quote.name(name) for name in names if name.lower() == ds.strip().lower()), f"(\n{ds}\n)")
    day = _day(connection, text, ds, typed)
    return Rows(f"SELECT *, {day} AS {DAY} FROM ({typed})", columns, tests, raw, ds, text)


def refuse_bad(connection: DuckDBPyConnection, rows: Rows) -> None:
    """Refuse rows with a value that is none of its type, or without a day; the first of them with file and line."""
    problems = _shown(rows, [*_bad_values(connection, rows), *_bad_days(connection, rows)])
    with engine_errors():
        count = f"SELECT count(*) FROM ({rows.select}) WHERE {BAD} OR {DAY} IS NULL"
        ((total,),) = connection.execute(count).fetchall()
    if total:
        raise InputError(*problems, *summary(total, SHOWN))


def _declared(connection: DuckDBPyConnection, table: Table, declared: Sequence[Column]) -> tuple[Column, ...]:
    columns = []
    for column in declared:
        try:
            columns.append(Column(column.name, storable(connection.type(column.type)), column.description))
        except (duckdb.Error, ValueError) as error:
            message = f"{table.name}.{column.name} has type {column.type}, must be a type that Parquet keeps."
            raise refuse("bad-type", message, None, f"Declare another one: {error}.") from error
    return tuple(columns)


def _day(connection: DuckDBPyConnection, text: str, ds: str, typed: str) -> str:
    """The expression of a row's day, NULL where it has none."""
    try:
        one_select(connection, f"SELECT {text}")
        with engine_errors():
            kind = connection.sql(f"SELECT {text} FROM ({typed})").types[0]
    except RunError as error:
        reason = error.problems[0].message.partition("\n")[0]
        message = f"ds == {ds!r}, must be a column, or an expression over the columns: {reason}"
        raise refuse("bad-ds", message) from error
    if kind.id in _DAY_TYPES:
        return f"CAST(TRY({text}) AS DATE)"
    if str(kind) == "VARCHAR":
        return f"CASE WHEN {parse.bad(f'TRY({text})', 'DATE')} THEN NULL ELSE {parse.cast(f'TRY({text})', 'DATE')} END"
    raise refuse(
        "bad-ds",
        f"ds == {ds!r} has type {kind}, must be a DATE, a TIMESTAMP, or text like 2026-11-21.",
        None,
        f"For numbers like 20261121 write strptime(CAST({ds} AS VARCHAR), '%Y%m%d').",
    )


def _bad_values(connection: DuckDBPyConnection, rows: Rows) -> Iterator[tuple[str, int, str]]:
    """(file, record, what is wrong) of the first bad values."""
    if not rows.tests:
        return
    flags = ", ".join(rows.tests.values())
    texts = ", ".join(quote.name(column.name) for column in rows.tests)
    relation = f"(SELECT *, [{flags}] AS flags, [{texts}] AS texts FROM {rows.raw.relation})"
    with engine_errors():
        found = connection.execute(
            f"SELECT {FILE}, {RECORD}, flags, texts FROM {relation} WHERE list_contains(flags, true) "
            f"ORDER BY {FILE}, {RECORD} LIMIT {SHOWN}"
        ).fetchall()
    for file, record, bad, values in found:
        for column, is_bad, value in zip(rows.tests, bad, values, strict=True):
            if is_bad:
                yield file, record, f"{column.name} == {value[:100]!r}, must be {column.type}."


def _bad_days(connection: DuckDBPyConnection, rows: Rows) -> Iterator[tuple[str, int, str]]:
    """(file, record, what is wrong) of the first rows without a day."""
    with engine_errors():
        found = connection.execute(
            f"SELECT {FILE}, {RECORD}, TRY(CAST({rows.day_text} AS VARCHAR)) FROM ({rows.select}) "
            f"WHERE NOT {BAD} AND {DAY} IS NULL ORDER BY {FILE}, {RECORD} LIMIT {SHOWN}"
        ).fetchall()
    for file, record, value in found:
        shown = "NULL" if value is None else repr(value[:100])
        yield file, record, f"ds ({rows.day.strip()}) == {shown}, must be a day like 2026-11-21."


def _shown(rows: Rows, found: Sequence[tuple[str, int, str]]) -> list[Problem]:
    """The first of what was found as problems, each with the line in its file."""
    first = sorted(found, key=lambda item: item[:2])[:SHOWN]
    by_file: dict[str, list[int]] = {}
    for file, record, _ in first:
        by_file.setdefault(file, []).append(record)
    lines = {file: _lines(rows.raw, file, records) for file, records in by_file.items()}
    return [
        Problem("bad-value", "error", text, Where(file, lines[file].get(record, record)))
        for file, record, text in first
    ]


def _lines(raw: Raw, file: str, records: list[int]) -> dict[int, int]:
    """The line of each record; the records of JSON and Parquet are numbered as their lines and rows."""
    header = raw.headers.get(file)
    return csv_lines(file, header, records) if header else {}
