"""Prints and writes the rows of a query, whatever types they have: as a table, CSV, JSON or Parquet."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from drawloom.cli.output import console, grid, number, print_json, value_text
from drawloom.model import refuse
from drawloom.model.json_text import json_text

if TYPE_CHECKING:
    import pyarrow as pa

LEAST_WIDTH = 8  # columns of the terminal for one of a result
MAX_ROWS = 50  # rows of a result that are printed to a terminal


class ResultFormat(StrEnum):
    """How to print the result of a query."""

    TEXT = "text"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def format_of(named: ResultFormat | None, path: Path | None) -> ResultFormat:
    """The format that was asked for, or that the name of the file says; CSV in other files.

    Raises:
        InputError: Parquet is to be printed.
    """
    if path is None:
        if named is ResultFormat.PARQUET:
            raise refuse("no-output", "Parquet cannot be printed; it needs a file.", fix="Add -o answer.parquet.")
        return named or ResultFormat.TEXT
    by_name = {f".{one}": one for one in (ResultFormat.CSV, ResultFormat.JSON, ResultFormat.PARQUET)}
    wanted = named if named is not ResultFormat.TEXT else None
    return wanted or by_name.get(path.suffix.lower(), ResultFormat.CSV)


def print_as(result: pa.Table, format: ResultFormat) -> None:  # noqa: A002
    """Print all rows in a format, or the first ones as a table."""
    if format is ResultFormat.JSON:
        print_json(json_rows(result))
    elif format is ResultFormat.CSV:
        write_csv(result, sys.stdout.buffer)
    else:
        print_result(result)


def write_as(result: pa.Table, format: ResultFormat, path: Path) -> None:  # noqa: A002
    """Write all rows to a file."""
    if format is ResultFormat.PARQUET:
        from pyarrow import parquet

        parquet.write_table(result.rename_columns(unique_names(result.column_names)), path, compression="zstd")
    elif format is ResultFormat.CSV:
        with path.open("wb") as file:
            write_csv(result, file)
    else:
        path.write_text(json_text(json_rows(result)), encoding="utf-8")


def print_result(result: pa.Table, *, types: bool = False, limit: int = MAX_ROWS) -> None:
    """Print the first rows as a table; numbers are aligned to the right."""
    from rich.markup import escape

    kinds = [str(field.type) for field in result.schema]
    numeric = [kind.startswith(("int", "uint", "double", "float", "decimal")) for kind in kinds]
    headings = zip(numeric, result.column_names, strict=True)
    table = grid(*(f"{'>' if is_number else ''}{escape(name)}" for is_number, name in headings))
    if types:
        table.add_row(*(f"[dim]{escape(kind)}[/]" for kind in kinds), end_section=True)
    for row in zip(*column_values(result.slice(0, limit)), strict=True):
        table.add_row(*map(value_text, row))
    out = console()
    if out.measure(table).minimum > out.width or len(numeric) * LEAST_WIDTH > out.width:
        _print_upright(result, limit)
    else:
        out.print(table)
    if result.num_rows > limit:
        out.print(f"[dim]the first {limit} of {number(result.num_rows)} rows; --format csv prints all of them[/]")


def _print_upright(result: pa.Table, limit: int) -> None:
    """Print one value a line, where columns do not fit side by side."""
    from rich.markup import escape

    out = console()
    for n, row in enumerate(zip(*column_values(result.slice(0, limit)), strict=True), 1):
        table = grid("", f"~row {n}")
        for name, value in zip(result.column_names, row, strict=True):
            table.add_row(escape(name), value_text(value))
        out.print(table)


def json_rows(result: pa.Table) -> list[dict[str, Any]]:
    """The rows; of two columns of one name the second is called name_1, as DuckDB does in a subquery."""
    names = unique_names(result.column_names)
    return [dict(zip(names, row, strict=True)) for row in zip(*column_values(result), strict=True)]


def write_csv(result: pa.Table, file: BinaryIO) -> None:
    """Write CSV: NULL is nothing, an empty text is quoted; days, lists, maps and BLOBs are as DuckDB writes them."""
    import pyarrow as pa
    from pyarrow import csv

    columns = [column if _is_plain(column.type) else _as_text(column) for column in result.columns]
    csv.write_csv(pa.table(columns, names=result.column_names), file)


def column_values(result: pa.Table) -> list[list[Any]]:
    """The values by column; as texts where Python has no such value, such as a day before Christ or infinity."""
    found = []
    for column in result.columns:
        try:
            found.append(column.to_pylist())
        except (ValueError, OverflowError):
            found.append(_as_text(column).to_pylist())
    return found


def unique_names(names: list[str]) -> list[str]:
    """The names, numbered from the second of a name on."""
    found: list[str] = []
    for name in names:
        n, free = 0, name
        while free in found or (n and free in names):
            n += 1
            free = f"{name}_{n}"
        found.append(free)
    return found


def _is_plain(kind: pa.DataType) -> bool:
    import pyarrow as pa

    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
    return any(test(kind) for test in tests) or pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The values as DuckDB writes them."""
    import duckdb
    import pyarrow as pa

    with duckdb.connect(":memory:", config={"python_enable_replacements": False}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("result", pa.table([column], names=["value"]))
        return connection.sql("SELECT CAST(value AS VARCHAR) AS value FROM result").to_arrow_table().column(0)
