"""Where in the user's files the rows are that cannot be read."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import duckdb

from drawloom.engines.text import Header, csv_texts, open_bytes, open_text
from drawloom.model import Fix, InputError, Problem, Where

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SHOWN = 10
_WHAT = {
    "MISSING COLUMNS": "must have as many values as the header",
    "TOO MANY COLUMNS": "must have as many values as the header",
    "UNQUOTED VALUE": "must close its quotes, and double those inside",
    "INVALID ENCODING": "must be UTF-8",
    "LINE SIZE OVER MAXIMUM": "must be shorter than 64 MB",
}


def rejected(connection: DuckDBPyConnection, headers: Mapping[str, Header], error: duckdb.Error) -> InputError:
    """The error for CSV files that DuckDB does not parse, with the lines where it is known."""
    problems = [problem for path, header in headers.items() for problem in _in_file(connection, path, header)]
    if problems:
        return InputError(*problems[:SHOWN])
    first = str(error).partition("\n")[0]
    path = next((path for path in headers if path in str(error)), None)
    return InputError(Problem("bad-file", "error", f"file == unreadable: {first}", Where(path)))


def _in_file(connection: DuckDBPyConnection, path: str, header: Header) -> Iterator[Problem]:
    relation = csv_texts([path], header).removesuffix(")") + f", store_rejects=true, rejects_limit={SHOWN})"
    try:
        connection.execute(f"SELECT max(COLUMNS(*)) FROM {relation}").fetchall()
        select = "SELECT line_byte_position, error_type, csv_line FROM reject_errors ORDER BY ALL"
        rows = connection.execute(select).fetchall()
        connection.execute("DROP TABLE reject_errors; DROP TABLE reject_scans")
    except duckdb.Error:
        return
    for (_, kind, text), line in zip(rows, _lines_at(path, [row[0] for row in rows]), strict=True):
        must = _WHAT.get(kind, f"must be CSV ({kind.lower()})")
        yield Problem("bad-file", "error", f"line == {text[:100].rstrip()!r}, {must}.", Where(path, line))


def _lines_at(path: str, places: list[int]) -> Iterator[int]:
    """The line, from 1, of each byte position, from 1, in order: DuckDB counts records, not lines."""
    line, read = 1, 0
    with open_bytes(path) as file:
        for place in places:
            while read < place - 1 and (block := file.read(min(1 << 20, place - 1 - read))):
                line += block.count(b"\n")
                read += len(block)
            yield line


def csv_lines(path: str, header: Header, records: list[int]) -> dict[int, int]:
    """The line, from 1, where each of these records begins; records count from 1 after the header, in order."""
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


def summary(total: int, shown: int) -> list[Problem]:
    """A last problem that says how many more there are."""
    if total <= shown:
        return []
    fix = Fix("Mend the files, or declare another type; nothing was landed.")
    return [Problem("bad-rows", "error", f"{total - shown} more rows cannot be read.", fix=fix)]
