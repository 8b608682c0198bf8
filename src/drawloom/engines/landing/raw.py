"""Reads raw files as one relation, with the file and record number of each row; reports lines that cannot be parsed."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import duckdb

from drawloom.engines import quote
from drawloom.engines.columns import did_you_mean
from drawloom.engines.duckdb.connection import engine_errors
from drawloom.engines.duckdb.files import group_paths
from drawloom.engines.landing.text import (
    FILE,
    LINE,
    Header,
    csv_texts,
    json_lines,
    json_texts,
    open_bytes,
    open_text,
    read_header,
    repeated_member_sql,
)
from drawloom.model import KEY, Column, Fix, InputError, Problem, RunError, Where, refuse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


Format = Literal["csv", "json", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "json", "parquet")
RECORD = "drawloom_record"
_NUMBER = "drawloom_number"
_SCRATCH_ROWS = 20_480  # in a row group, which the writer holds in memory: files may have thousands of columns
_SUFFIXES: dict[str, Format] = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), "csv"),
    **dict.fromkeys((".json", ".jsonl", ".ndjson"), "json"),
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RawRows:
    """A relation over raw files. ``texts``: all columns are text, to be cast later.

    ``names`` are the columns without ``ds``; ``headers`` are those of CSV files by path.
    """

    relation: str
    names: tuple[str, ...]
    texts: bool
    headers: dict[str, Header]
    key: str | None


def file_format(paths: Sequence[str], given: str | None) -> Format:
    """The common format of these files: the given one, else by their suffixes.

    Raises:
        InputError: a file does not exist, a suffix is unknown, or the formats differ.
    """
    if not paths:
        raise refuse("missing-file", "no files were given.")
    for path in paths:
        if not Path(path).is_file():
            raise refuse("missing-file", f"file {path!r} not found.")
    found = {given or _suffix(path): Path(path).name for path in paths}
    known = [form for form in FORMATS if form in found]
    if len(found) > 1 or not known:
        message = f"files == {', '.join(found.values())}, must be of one format: csv, json (lines) or parquet."
        raise refuse("bad-format", message, None, "Land them one format at a time, or name the format.")
    return known[0]


def read_raw(
    connection: DuckDBPyConnection, paths: Sequence[str], form: Format, columns: Sequence[Column], scratch: Path
) -> RawRows:
    """The rows of these files; CSV and JSON lines are parsed once, into the folder ``scratch``.

    ``columns`` are those that the files must have, where they are known.

    Raises:
        InputError: a file cannot be parsed (with its lines), or has other columns.
    """
    match form:
        case "csv":
            return _read_csv(connection, paths, columns, scratch)
        case "json":
            return _read_json(connection, paths, columns, scratch)
        case "parquet":
            return _read_parquet(connection, paths, columns)


def _read_csv(
    connection: DuckDBPyConnection, paths: Sequence[str], columns: Sequence[Column], scratch: Path
) -> RawRows:
    headers = {path: read_header(path) for path in paths}
    wanted = tuple(column.name for column in columns) or _without_key(headers[paths[0]].names)
    key = next((name for name in headers[paths[0]].names if name.lower() == KEY), None)
    _check_names(((path, header.names) for path, header in headers.items()), wanted, key, declared=bool(columns))
    names = (*wanted, *([key] if key else ()))
    parts = [_csv_part(same, header, names) for header, same in group_paths(headers.items()).items()]
    numbered = scratch / "numbered.parquet"
    try:
        _copy(connection, f"SELECT *, row_number() OVER () AS {_NUMBER} FROM ({' UNION ALL '.join(parts)})", numbered)
    except RunError as error:
        if isinstance(error.__cause__, duckdb.InvalidInputException):
            raise parse_error(connection, headers, error.__cause__) from error
        raise
    return RawRows(_numbered_by_file(numbered, _read_scratch(numbered)), wanted, texts=True, headers=headers, key=key)


def _csv_part(paths: Sequence[str], header: Header, names: Sequence[str]) -> str:
    have = {name.lower(): name for name in header.names}
    items = [f"{quote.name(have[name.lower()])} AS {quote.name(name)}" for name in names]
    return f"SELECT {', '.join(items)}, {FILE} FROM {csv_texts(paths, header)}"


def _read_json(
    connection: DuckDBPyConnection, paths: Sequence[str], columns: Sequence[Column], scratch: Path
) -> RawRows:
    line = quote.name(LINE)
    lines, texts = scratch / "lines.parquet", scratch / "texts.parquet"
    numbered = f"SELECT {line}, {FILE}, row_number() OVER () AS {_NUMBER} FROM {json_lines(paths)}"
    _copy(connection, numbered, lines)
    _check_objects(connection, lines)
    found = _members(connection, lines)
    wanted = tuple(column.name for column in columns) or _without_key(list(found))
    key = next((name for name in found if name.lower() == KEY), None)
    _check_members(found, wanted)
    have = {name.lower(): name for name in found}
    names = [have.get(name.lower(), name) for name in (*wanted, *([key] if key else ()))]
    if not names:
        raise refuse("bad-file", "the files have no JSON object with a member.", Where(paths[0]))
    filled = f"(SELECT * FROM {_read_scratch(lines)} WHERE {line} IS NOT NULL)"
    _copy(connection, f"SELECT * FROM {json_texts(names, filled, FILE, _NUMBER)}", texts)
    return RawRows(_numbered_by_file(lines, _read_scratch(texts)), wanted, texts=True, headers={}, key=key)


def _read_parquet(connection: DuckDBPyConnection, paths: Sequence[str], columns: Sequence[Column]) -> RawRows:
    schemas = {path: _schema(connection, path) for path in paths}
    first = schemas[paths[0]]
    wanted = tuple(column.name for column in columns) or _without_key([column.name for column in first])
    key = next((column.name for column in first if column.name.lower() == KEY), None)
    _check_names(
        ((path, [c.name for c in found]) for path, found in schemas.items()), wanted, key, declared=bool(columns)
    )
    if not columns:
        _check_types(schemas)
    names = ", ".join(quote.name(name) for name in (*wanted, *([key] if key else ())))
    parts = [
        f"SELECT {names}, {FILE}, file_row_number + 1 AS {RECORD} FROM read_parquet({quote.values(same)}, "
        f"hive_partitioning=false, filename={quote.value(FILE)}, file_row_number=true)"
        for same in group_paths(schemas.items()).values()
    ]
    return RawRows(f"({' UNION ALL '.join(parts)})", wanted, texts=False, headers={}, key=key)


def _check_objects(connection: DuckDBPyConnection, lines: Path) -> None:
    """Raise InputError for lines that are not JSON objects, with their numbers."""
    line = quote.name(LINE)
    good = f"CASE WHEN json_valid({line}) THEN json_type({line}) = 'OBJECT' ELSE false END"
    with engine_errors():
        rows = connection.execute(
            f"SELECT {FILE}, {RECORD}, {line} FROM {_numbered_by_file(lines, _read_scratch(lines))} WHERE {line} IS NOT NULL AND NOT {good} ORDER BY ALL"
        ).fetchall()
    problems = [
        Problem("bad-file", "error", f"line == {text[:100]!r}, must be one JSON object.", Where(path, number))
        for path, number, text in rows[:MAX_SHOWN_ROWS]
    ]
    if problems:
        raise InputError(*problems, *more_bad_rows(len(rows), MAX_SHOWN_ROWS))
    _check_repeated(connection, lines)


def _check_repeated(connection: DuckDBPyConnection, lines: Path) -> None:
    """Raise InputError for lines with two members of one name, of which one would be lost."""
    member = repeated_member_sql(quote.name(LINE))
    relation = _numbered_by_file(lines, _read_scratch(lines))
    with engine_errors():
        rows = connection.execute(
            f"SELECT {FILE}, {RECORD}, {member} AS member FROM {relation} WHERE member IS NOT NULL ORDER BY ALL"
        ).fetchall()
    problems = [
        Problem("duplicate-column", "error", f"member {name!r} must not be in an object twice.", Where(path, number))
        for path, number, name in rows[:MAX_SHOWN_ROWS]
    ]
    if problems:
        raise InputError(*problems, *more_bad_rows(len(rows), MAX_SHOWN_ROWS))


def _members(connection: DuckDBPyConnection, lines: Path) -> dict[str, str]:
    """The names of all members in the order of their first occurrence, each with a file that has it."""
    keys = f"SELECT unnest(json_keys({quote.name(LINE)})) AS name, {FILE} AS file FROM {_read_scratch(lines)}"
    placed = f"SELECT *, row_number() OVER () AS place FROM ({keys})"
    with engine_errors():
        rows = connection.execute(
            f"SELECT name, arg_min(file, place) FROM ({placed}) GROUP BY name ORDER BY min(place)"
        ).fetchall()
    found = dict(rows)
    duplicates = [name for name in found if sum(other.lower() == name.lower() for other in found) > 1]
    if duplicates:
        message = f"members == {', '.join(duplicates)}, must not differ by case only."
        raise refuse("duplicate-column", message, Where(found[duplicates[-1]]))
    return found


def _check_members(found: dict[str, str], wanted: Sequence[str]) -> None:
    names = {name.lower() for name in wanted}
    problems = [
        _mismatch(path, name, "is in the file, but not declared", did_you_mean(name, wanted))
        for name, path in found.items()
        if name.lower() not in names and name.lower() != KEY
    ]
    if problems:
        raise InputError(*problems)


def _check_names(
    files: Iterable[tuple[str, Sequence[str]]], wanted: Sequence[str], key: str | None, *, declared: bool
) -> None:
    """Raise InputError for files with other columns than those wanted, in any order."""
    what = "declared for the table" if declared else "in the first file"
    names = [*wanted, *([key] if key else ())]
    problems = []
    for path, have in files:
        low = {name.lower() for name in have}
        extra = [name for name in have if name.lower() not in {n.lower() for n in names}]
        missing = [name for name in names if name.lower() not in low]
        problems += [
            _mismatch(path, name, f"is {what}, but not in the header", did_you_mean(name, extra)) for name in missing
        ]
        problems += [
            _mismatch(path, name, f"is in the header, but not {what}", did_you_mean(name, missing)) for name in extra
        ]
    if problems:
        raise InputError(*problems)


def _check_types(schemas: dict[str, tuple[Column, ...]]) -> None:
    path, first = next(iter(schemas.items()))
    types = {column.name.lower(): column.type for column in first}
    problems = [
        Problem(
            "type-change",
            "error",
            f"{column.name} has type {column.type}, must be {types[column.name.lower()]} as in {Path(path).name}.",
            Where(other),
            Fix("Declare the columns, or land the files separately."),
        )
        for other, columns in schemas.items()
        for column in columns
        if column.type != types[column.name.lower()]
    ]
    if problems:
        raise InputError(*problems)


def _mismatch(path: str, name: str, text: str, hint: str) -> Problem:
    fix = Fix("Rename the column in the file, or declare it (name: type).")
    return Problem("bad-columns", "error", f"column {name} {text}{hint}.", Where(path, 1), fix)


def _schema(connection: DuckDBPyConnection, path: str) -> tuple[Column, ...]:
    with engine_errors():
        relation = connection.sql(f"SELECT * FROM read_parquet({quote.value(path)}, hive_partitioning=false)")
    return tuple(Column(name, str(kind)) for name, kind in zip(relation.columns, relation.types, strict=True))


def _without_key(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name.lower() != KEY)


def _copy(connection: DuckDBPyConnection, select: str, target: Path) -> None:
    with engine_errors():
        connection.execute(
            f"COPY ({select}) TO {quote.value(str(target))} "
            f"(FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE {_SCRATCH_ROWS})"
        )


def _numbered_by_file(numbered: Path, relation: str) -> str:
    """The relation with rows numbered from 1 in each file, out of numbers over all files in order."""
    first = f"SELECT {FILE}, min({_NUMBER}) - 1 AS drawloom_before FROM {_read_scratch(numbered)} GROUP BY {FILE}"
    number = f"{_NUMBER} - drawloom_before AS {RECORD}"
    return f"(SELECT * EXCLUDE ({_NUMBER}, drawloom_before), {number} FROM {relation} JOIN ({first}) USING ({FILE}))"


def _read_scratch(target: Path) -> str:
    return f"read_parquet({quote.value(str(target))}, hive_partitioning=false)"


def _suffix(path: str) -> Format | None:
    name = path.lower().removesuffix(".gz").removesuffix(".zst")
    return _SUFFIXES.get(Path(name).suffix)


MAX_SHOWN_ROWS = 10
_CSV_RULES = {
    "MISSING COLUMNS": "must have as many values as the header",
    "TOO MANY COLUMNS": "must have as many values as the header",
    "UNQUOTED VALUE": "must close its quotes, and double those inside",
    "INVALID ENCODING": "must be UTF-8",
    "LINE SIZE OVER MAXIMUM": "must be shorter than 64 MB",
}


def parse_error(connection: DuckDBPyConnection, headers: Mapping[str, Header], error: duckdb.Error) -> InputError:
    """The error for CSV files that DuckDB cannot parse, with lines where they are known."""
    problems = [problem for path, header in headers.items() for problem in _rejected_lines(connection, path, header)]
    if problems:
        return InputError(*problems[:MAX_SHOWN_ROWS])
    first = str(error).partition("\n")[0]
    path = next((path for path in headers if path in str(error)), None)
    return InputError(Problem("bad-file", "error", f"the file cannot be read: {first}", Where(path)))


def _rejected_lines(connection: DuckDBPyConnection, path: str, header: Header) -> Iterator[Problem]:
    relation = csv_texts([path], header).removesuffix(")") + f", store_rejects=true, rejects_limit={MAX_SHOWN_ROWS})"
    try:
        connection.execute(f"SELECT max(COLUMNS(*)) FROM {relation}").fetchall()
        select = "SELECT line_byte_position, error_type, csv_line FROM reject_errors ORDER BY ALL"
        rows = connection.execute(select).fetchall()
        connection.execute("DROP TABLE reject_errors; DROP TABLE reject_scans")
    except duckdb.Error:
        return
    for (_, kind, text), line in zip(rows, _lines_at(path, [row[0] for row in rows]), strict=True):
        must = _CSV_RULES.get(kind, f"must be CSV ({kind.lower()})")
        yield Problem("bad-file", "error", f"line == {text[:100].rstrip()!r}, {must}.", Where(path, line))


def _lines_at(path: str, places: list[int]) -> Iterator[int]:
    """The line, from 1, of each byte position, from 1, in order; DuckDB reports positions, not lines."""
    line, read = 1, 0
    with open_bytes(path) as file:
        for place in places:
            while read < place - 1 and (block := file.read(min(1 << 20, place - 1 - read))):
                line += block.count(b"\n")
                read += len(block)
            yield line


def csv_lines(path: str, header: Header, records: list[int]) -> dict[int, int]:
    """The line, from 1, where each record begins; ``records`` are sorted and count from 1 after the header."""
    lines: dict[int, int] = {}
    wanted = set(records)
    with open_text(path) as text:
        reader = csv.reader(text, delimiter=header.delimiter)
        next(reader, None)
        record, begins = 0, reader.line_num + 1
        for row in reader:
            if row or len(header.names) == 1:
                record += 1
                if record in wanted:
                    lines[record] = begins
                    if len(lines) == len(wanted):
                        break
            begins = reader.line_num + 1
    return lines


def more_bad_rows(total: int, shown: int) -> list[Problem]:
    """A final problem with the number of rows that are not listed."""
    if total <= shown:
        return []
    fix = Fix("Correct the files, or declare another type; nothing was landed.")
    return [Problem("bad-rows", "error", f"{total - shown} more rows cannot be read.", fix=fix)]
