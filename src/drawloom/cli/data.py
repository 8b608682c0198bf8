"""Commands on data: land, query, preview, diff."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drawloom.cli.options import Folder, OutFormat, day_of, open_project
from drawloom.cli.output import Format, console, grid, number, print_json, text_of
from drawloom.model import refuse

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN = 50  # rows of an answer that a terminal is given


class AnswerFormat(StrEnum):
    """How to print an answer."""

    TEXT = "text"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


RequiredDay = Annotated[str, typer.Option("--ds", help="The day, like 2026-01-31.")]


def land(
    context: typer.Context,
    table: Annotated[str, typer.Argument(help="The table, like raw.rides.")],
    files: Annotated[list[str], typer.Argument(help="CSV, JSON lines or Parquet files; patterns allowed.")],
    ds: Annotated[str, typer.Option("--ds", help="The column, or a SQL expression, that gives a row's day.")],
    columns: Annotated[str | None, typer.Option(help='Declared types, like "id BIGINT, at TIMESTAMP".')] = None,
    empty_days: Annotated[
        bool, typer.Option(help="Land days without rows between the first and last as empty.")
    ] = False,
    replace: Annotated[bool, typer.Option(help="Restate days that were landed before.")] = False,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Turn raw files into immutable daily partitions of a staging table."""
    from drawloom.cli.landing import landing_json, print_landing

    project = open_project(context, folder)
    landed = project.land(table, files, ds=ds, columns=columns, empty_days=empty_days, replace=replace)
    if format is Format.JSON:
        print_json(landing_json(landed))
    else:
        print_landing(landed)


def query(
    context: typer.Context,
    sql: Annotated[str, typer.Argument(help="One SELECT over any table.")],
    format: Annotated[AnswerFormat, typer.Option("--format", help="How to print.")] = AnswerFormat.TEXT,  # noqa: A002
    output: Annotated[Path | None, typer.Option("-o", "--output", help="A file to write to.")] = None,
    folder: Folder = None,
) -> None:
    """Ask any table."""
    answer = open_project(context, folder).query(sql)
    if output is None and format is AnswerFormat.PARQUET:
        raise refuse("no-output", "--output == None, must name a file for Parquet.", fix="Add -o answer.parquet.")
    if output:
        _write(answer, AnswerFormat.CSV if format is AnswerFormat.TEXT else format, output)
        console(stderr=True).print(f"wrote {number(answer.num_rows)} rows to {output}")
    else:
        _print(answer, format)


def preview(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A pipeline or table.")],
    ds: RequiredDay,
    limit: Annotated[int, typer.Option(min=1, help="How many rows.")] = 10,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Show the rows that a step would write for a day, and their types; writes nothing."""
    day = day_of(ds, "--ds")
    assert day is not None
    answer = open_project(context, folder).preview(name, day, limit)
    if format is Format.JSON:
        types = {field.name: str(field.type) for field in answer.schema}
        print_json({"types": types, "rows": answer.to_pylist()})
    else:
        print_answer(answer, types=True)


def diff(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A pipeline or table.")],
    ds: RequiredDay,
    key: Annotated[str | None, typer.Option(help="Columns that name a row; by a `unique` check otherwise.")] = None,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Show what a changed spec would alter in one stored partition; writes nothing."""
    from drawloom.cli.differences import difference_json, print_difference

    day = day_of(ds, "--ds")
    assert day is not None
    found = open_project(context, folder).diff(name, day, key=tuple(key.split(",")) if key else ())
    if format is Format.JSON:
        print_json(difference_json(found))
    else:
        print_difference(found)


def print_answer(answer: pa.Table, *, types: bool = False, limit: int = SHOWN) -> None:
    """An aligned table of the first rows; numbers to the right."""
    numeric = {f.name: str(f.type).startswith(("int", "uint", "double", "float", "decimal")) for f in answer.schema}
    headings = [f"{'>' if numeric[f.name] else ''}{f.name}" for f in answer.schema]
    table = grid(*headings)
    if types:
        table.add_row(*(f"[dim]{field.type}[/]" for field in answer.schema), end_section=True)
    for row in answer.slice(0, limit).to_pylist():
        table.add_row(*(text_of(value) for value in row.values()))
    out = console()
    out.print(table)
    if answer.num_rows > limit:
        out.print(f"[dim]the first {limit} of {number(answer.num_rows)} rows; all of them with --format csv[/]")


def _print(answer: pa.Table, format: AnswerFormat) -> None:  # noqa: A002
    if format is AnswerFormat.JSON:
        print_json(answer.to_pylist())
    elif format is AnswerFormat.CSV:
        import sys

        from pyarrow import csv

        csv.write_csv(answer, sys.stdout.buffer)
    else:
        print_answer(answer)


def _write(answer: pa.Table, format: AnswerFormat, path: Path) -> None:  # noqa: A002
    if format is AnswerFormat.PARQUET:
        from pyarrow import parquet

        parquet.write_table(answer, path, compression="zstd")
    elif format is AnswerFormat.CSV:
        from pyarrow import csv

        csv.write_csv(answer, path)
    else:
        import json

        path.write_text(json.dumps(answer.to_pylist(), indent=2, default=str, ensure_ascii=False), encoding="utf-8")
