"""The commands on data: land, query, preview, diff."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from drawloom.cli.options import Folder, OutFormat, day_of, open_project
from drawloom.cli.output import Format, console, grid, number, pluralize, print_json, value_text
from drawloom.model import refuse

if TYPE_CHECKING:
    import pyarrow as pa

    from drawloom.run.diff import Difference
    from drawloom.run.land import LandResult

MAX_ROWS = 50  # rows of a result that are printed to a terminal


class ResultFormat(StrEnum):
    """How to print the result of a query."""

    TEXT = "text"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


RequiredDay = Annotated[str, typer.Option("--ds", help="The day, like 2026-01-31.")]


def land(
    context: typer.Context,
    table: Annotated[str, typer.Argument(help="The table, like raw.rides.")],
    files: Annotated[
        list[str], typer.Argument(help="CSV, JSON lines or Parquet files; patterns like *.csv are allowed.")
    ],
    ds: Annotated[str, typer.Option("--ds", help="The column or SQL expression that gives the day of a row.")],
    columns: Annotated[str | None, typer.Option(help='Column types, like "id BIGINT, at TIMESTAMP".')] = None,
    empty_days: Annotated[
        bool, typer.Option(help="Land days without rows, between the first and the last, as empty partitions.")
    ] = False,
    replace: Annotated[bool, typer.Option(help="Replace days that have already landed.")] = False,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Turn raw files into immutable daily partitions of a staging table."""
    project = open_project(context, folder)
    landed = project.land(table, files, ds=ds, columns=columns, empty_days=empty_days, replace=replace)
    if format is Format.JSON:
        print_json(landing_json(landed))
    else:
        print_landing(landed)


def query(
    context: typer.Context,
    sql: Annotated[str, typer.Argument(help="One SELECT over any tables.")],
    format: Annotated[ResultFormat, typer.Option("--format", help="The output format.")] = ResultFormat.TEXT,  # noqa: A002
    output: Annotated[Path | None, typer.Option("-o", "--output", help="The file to write to.")] = None,
    folder: Folder = None,
) -> None:
    """Run a query on any tables."""
    result = open_project(context, folder).query(sql)
    if output is None and format is ResultFormat.PARQUET:
        raise refuse("no-output", "Parquet cannot be printed; it needs a file.", fix="Add -o answer.parquet.")
    if output:
        _write_as(result, ResultFormat.CSV if format is ResultFormat.TEXT else format, output)
        console(stderr=True).print(f"wrote {number(result.num_rows)} rows to {output}")
    else:
        _print_as(result, format)


def preview(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A pipeline or table.")],
    ds: RequiredDay,
    limit: Annotated[int, typer.Option(min=1, help="How many rows.")] = 10,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Show the rows and types that a step would write for a day, without writing them."""
    day = day_of(ds, "--ds")
    assert day is not None
    result = open_project(context, folder).preview(name, day, limit)
    if format is Format.JSON:
        types = {field.name: str(field.type) for field in result.schema}
        print_json({"types": types, "rows": result.to_pylist()})
    else:
        print_result(result, types=True)


def diff(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A pipeline or table.")],
    ds: RequiredDay,
    key: Annotated[
        str | None, typer.Option(help="Columns that identify a row; by default those of a `unique` check.")
    ] = None,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Show how a changed spec would change a stored partition, without writing it."""
    day = day_of(ds, "--ds")
    assert day is not None
    found = open_project(context, folder).diff(name, day, key=tuple(key.split(",")) if key else ())
    if format is Format.JSON:
        print_json(difference_json(found))
    else:
        print_difference(found)


def print_result(result: pa.Table, *, types: bool = False, limit: int = MAX_ROWS) -> None:
    """Print the first rows as a table; numbers are aligned to the right."""
    numeric = {f.name: str(f.type).startswith(("int", "uint", "double", "float", "decimal")) for f in result.schema}
    headings = [f"{'>' if numeric[f.name] else ''}{f.name}" for f in result.schema]
    table = grid(*headings)
    if types:
        table.add_row(*(f"[dim]{field.type}[/]" for field in result.schema), end_section=True)
    for row in result.slice(0, limit).to_pylist():
        table.add_row(*(value_text(value) for value in row.values()))
    out = console()
    out.print(table)
    if result.num_rows > limit:
        out.print(f"[dim]the first {limit} of {number(result.num_rows)} rows; --format csv prints all of them[/]")


def _print_as(result: pa.Table, format: ResultFormat) -> None:  # noqa: A002
    if format is ResultFormat.JSON:
        print_json(result.to_pylist())
    elif format is ResultFormat.CSV:
        import sys

        from pyarrow import csv

        csv.write_csv(result, sys.stdout.buffer)
    else:
        print_result(result)


def _write_as(result: pa.Table, format: ResultFormat, path: Path) -> None:  # noqa: A002
    if format is ResultFormat.PARQUET:
        from pyarrow import parquet

        parquet.write_table(result, path, compression="zstd")
    elif format is ResultFormat.CSV:
        from pyarrow import csv

        csv.write_csv(result, path)
    else:
        import json

        path.write_text(json.dumps(result.to_pylist(), indent=2, default=str, ensure_ascii=False), encoding="utf-8")


def landing_json(landed: LandResult) -> dict[str, Any]:
    """What landed, as JSON."""
    return {
        "table": landed.table,
        "files": list(landed.files),
        "known": list(landed.known),
        "days": {ds.isoformat(): rows for ds, rows in (landed.days or {}).items()},
        "gaps": [ds.isoformat() for ds in landed.gaps],
        "columns": {column.name: column.type for column in landed.columns},
        "guessed": landed.inferred,
        "delimiter": landed.delimiter,
    }


def print_landing(landed: LandResult) -> None:
    """Print files, days and rows; types if they were inferred; and days without rows."""
    out = console()
    if landed.known:
        out.print(f"{pluralize(len(landed.known), 'file')} landed before and skipped")
    if not landed.days:
        return
    days = sorted(landed.days)
    rows = sum(landed.days.values())
    span = f"{days[0]} .. {days[-1]}"
    out.print(
        f"[bold]{landed.table}[/]: {pluralize(rows, 'row')} of {pluralize(len(landed.files), 'file')} in "
        f"{pluralize(len(days), 'partition')}, {span}"
    )
    if landed.inferred:
        table = grid("column", "type")
        for column in landed.columns:
            table.add_row(column.name, column.type)
        out.print("Types were inferred from all values and are fixed from now on:")
        out.print(table)
    if landed.gaps:
        shown = ", ".join(str(ds) for ds in landed.gaps[:5]) + (", ..." if len(landed.gaps) > 5 else "")
        out.print(f"[yellow]{pluralize(len(landed.gaps), 'day')} in between without rows[/]: {shown}")
        out.print("  Steps wait for them. If they really are empty, land them with --empty-days.")


def difference_json(found: Difference) -> dict[str, Any]:
    """All counts, as JSON."""
    return {**asdict(found), "same": found.same}


def print_difference(found: Difference) -> None:
    """Print counts of rows, then of changed values by column."""
    out = console()
    by = f" by {', '.join(found.key)}" if found.key else ""
    out.print(f"[bold]{found.table}[/] {found.ds}: stored rows compared with what would be written{by}")
    table = grid("", ">rows")
    counts = {
        "stored": found.stored_rows,
        "new": found.new_rows,
        "added": found.added,
        "removed": found.removed,
        "changed": found.changed,
    }
    for name, count in counts.items():
        table.add_row(name, number(count))
    out.print(table)
    if found.cells:
        cells = grid("column", ">changed values")
        for name, count in found.cells.items():
            cells.add_row(name, number(count))
        out.print(cells)
    for name in found.columns_added:
        out.print(f"[green]+[/] column {name}")
    for name in found.columns_removed:
        out.print(f"[red]-[/] column {name}")
    if found.same:
        out.print("Nothing would change.")
