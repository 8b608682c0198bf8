"""``drawloom tables``: the list of all tables of a project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from drawloom.cli.options import Folder, OutFormat, open_project
from drawloom.cli.output import Format, console, grid, number, pluralize, print_json, size_text, spans_text

if TYPE_CHECKING:
    from drawloom.run.table_list import TableInfo


def tables(context: typer.Context, folder: Folder = None, format: OutFormat = Format.TEXT) -> None:  # noqa: A002
    """List all tables, landed and external ones, too: kind, days, rows, size, owner."""
    from drawloom.cli.run_output import left_out_json, print_left_out

    project = open_project(context, folder)
    found = project.list_tables()
    if format is Format.JSON:
        print_json({"tables": [asdict(info) for info in found], **left_out_json(project)})
    else:
        print_tables(found)
        print_left_out(project, [info.table for info in found])


def print_tables(found: Sequence[TableInfo]) -> None:
    """Print the tables and their sums; a number that only reading the table would tell is left out."""
    from rich.markup import escape

    table = grid("~table", "kind", ">days", "from .. to", ">rows", ">size", "owner")
    for info in found:
        table.add_row(
            escape(info.table),
            escape(info.kind),
            "" if info.days is None else number(info.days),
            "no days" if info.days is None else spans_text([(info.first, info.last)]) if info.days else "",
            "" if info.rows is None else number(info.rows),
            "" if info.bytes is None else size_text(info.bytes),
            escape(info.owner),
        )
    out = console()
    if found:
        out.print(table)
    rows, size = sum(info.rows or 0 for info in found), sum(info.bytes or 0 for info in found)
    days = pluralize(sum(info.days or 0 for info in found), "partition")
    out.print(f"{pluralize(len(found), 'table')}, {days}, {pluralize(rows, 'row')}, {size_text(size)}")
