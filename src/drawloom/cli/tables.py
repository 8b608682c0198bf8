"""``drawloom tables``: the list of all tables of a project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from drawloom.cli.options import Folder, OutFormat, open_project
from drawloom.cli.output import Format, console, grid, number, pluralize, print_json, size_text

if TYPE_CHECKING:
    from drawloom.run.table_list import TableInfo

NARROW = 100  # columns: what is wider is one line for each table, else two


def tables(context: typer.Context, folder: Folder = None, format: OutFormat = Format.TEXT) -> None:  # noqa: A002
    """List all tables, landed and external ones, too: kind, days, rows, size, owner, tags."""
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

    out = console()
    has_tags = any(info.tags for info in found)
    table = (
        grid("~table", "kind", ">days", ">from .. to", ">rows", ">size", "owner", *(["tags"] if has_tags else []))
        if out.width > NARROW
        else grid("~table", "kind, owner", ">days", ">from .. to", ">rows, size")
    )
    for info in found:
        name, kind, owner, tags = map(escape, (info.table, info.kind, info.owner, ", ".join(info.tags)))
        days = "" if info.days is None else number(info.days)
        rows = "" if info.rows is None else number(info.rows)
        size = "" if info.bytes is None else size_text(info.bytes)
        if out.width > NARROW:
            table.add_row(name, kind, days, _span(info, " .. "), rows, size, owner, *([tags] if has_tags else []))
        else:
            table.add_row(
                name, "\n".join([kind, owner, *([tags] if tags else [])]), days, _span(info, " ..\n"), f"{rows}\n{size}"
            )
    if found:
        out.print(table)
    rows_of_all, size_of_all = sum(info.rows or 0 for info in found), sum(info.bytes or 0 for info in found)
    days_of_all = pluralize(sum(info.days or 0 for info in found), "partition")
    out.print(
        f"{pluralize(len(found), 'table')}, {days_of_all}, {pluralize(rows_of_all, 'row')}, {size_text(size_of_all)}"
    )


def _span(info: TableInfo, between: str) -> str:
    if info.days is None:
        return "no days"
    return between.join(dict.fromkeys(str(day) for day in (info.first, info.last) if day))
