"""The commands on data: land, query, preview, diff."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from drawloom.cli.activity import Activity
from drawloom.cli.options import Env, Folder, OutFormat, day_of, open_environment, open_in, open_project
from drawloom.cli.output import Format, console, grid, number, pluralize, print_json
from drawloom.cli.results import ResultFormat, format_of, json_rows, print_as, print_result, write_as
from drawloom.model import refuse

if TYPE_CHECKING:
    from drawloom.run.diff import Difference
    from drawloom.run.land import LandResult

_SHOWN_DAYS = 5
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
    add: Annotated[bool, typer.Option(help="Add the rows to days that have already landed.")] = False,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Turn raw files into immutable daily partitions of a staging table."""
    project = open_project(context, folder)
    with Activity() as activity:
        landed = project.land(
            table, files, ds=ds, columns=columns, empty_days=empty_days, replace=replace, add=add, report=activity
        )
    if format is Format.JSON:
        print_json(landing_json(landed))
    else:
        print_landing(landed)


def query(
    context: typer.Context,
    sql: Annotated[str, typer.Argument(help="One SELECT over any tables.")],
    format: Annotated[  # noqa: A002
        ResultFormat | None,
        typer.Option(
            "--format", help="The output format; by default what the name of the file says.", show_default=False
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The file to write to, like answer.csv, .json or .parquet.")
    ] = None,
    env: Env = None,
    folder: Folder = None,
) -> None:
    """Run a query on any tables."""
    wanted = format_of(format, output)
    result = open_in(context, folder, env).query(sql)
    if output:
        write_as(result, wanted, output)
        console(stderr=True).print(f"wrote {number(result.num_rows)} rows to {output}", markup=False)
    else:
        print_as(result, wanted)


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
        print_json({"types": types, "rows": json_rows(result)})
    else:
        print_result(result, types=True)


def diff(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="A pipeline or table; with --env all by default.", show_default=False)
    ] = None,
    ds: Annotated[str | None, typer.Option("--ds", help="The day, like 2026-01-31.", show_default=False)] = None,
    key: Annotated[
        str | None, typer.Option(help="Columns that identify a row; by default those of a `unique` check.")
    ] = None,
    env: Env = None,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Show how a changed spec would change a stored partition, or how an environment differs from production."""
    if env is not None:
        _diff_environment(context, folder, env, [name] if name else [], format)
        return
    day = day_of(ds, "--ds")
    if name is None or day is None:
        raise refuse("bad-diff", "diff needs a name and --ds, or --env.", None, "drawloom diff NAME --ds 2026-01-31")
    found = open_project(context, folder).diff(name, day, key=tuple(key.split(",")) if key else ())
    if format is Format.JSON:
        print_json(difference_json(found))
    else:
        print_difference(found)


def _diff_environment(
    context: typer.Context,
    folder: Path | None,
    env: str,
    names: list[str],
    format: Format,  # noqa: A002
) -> None:
    from drawloom.cli.environments import differences_json, print_differences
    from drawloom.run.environments.compare import compare_environment

    environment = open_environment(context, folder, env, must_exist=True)
    with Activity() as activity:
        found = compare_environment(environment, names, report=activity)
    if format is Format.JSON:
        print_json(differences_json(found))
    else:
        print_differences(found)


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
        "changed": {ds.isoformat(): {"before": old, "now": new} for ds, (old, new) in landed.changed.items()},
        "dropped_ds": landed.dropped_key,
    }


def print_landing(landed: LandResult) -> None:
    """Print files, days and rows; types if they were inferred; and days without rows."""
    from rich.markup import escape

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
    _print_changed(landed)
    if landed.dropped_key:
        out.print("[yellow]The column ds of the files is not stored[/]: ds is the day of the partition, given by --ds.")
        out.print("  Rename it in the files to keep it.")
    if landed.inferred:
        table = grid("column", "type")
        for column in landed.columns:
            table.add_row(escape(column.name), escape(column.type))
        out.print("Types were inferred from all values and are fixed from now on:")
        out.print(table)
    if landed.gaps:
        shown = ", ".join(str(ds) for ds in landed.gaps[:5]) + (", ..." if len(landed.gaps) > 5 else "")
        out.print(f"[yellow]{pluralize(len(landed.gaps), 'day')} in between without rows[/]: {shown}")
        out.print("  Steps wait for them. If they really are empty, land them with --empty-days.")


def _print_changed(landed: LandResult) -> None:
    """What was replaced or added: the first days by themselves, then all together."""
    out = console()

    def text(what: str, before: int, now: int) -> str:
        if landed.added:
            return f"added to {what}: {pluralize(now - before, 'row')}, {number(now)} in all"
        return f"replaced {what}: {pluralize(before, 'row')} by {number(now)}"

    days = sorted(landed.changed)
    for ds in days[:_SHOWN_DAYS]:
        out.print(text(f"{landed.table} {ds}", *landed.changed[ds]))
    if len(days) > _SHOWN_DAYS:
        before, now = (sum(pair[n] for pair in landed.changed.values()) for n in (0, 1))
        out.print(text(pluralize(len(days), "day"), before, now))


def difference_json(found: Difference) -> dict[str, Any]:
    """All counts, as JSON."""
    return {**asdict(found), "same": found.same}


def print_difference(found: Difference) -> None:
    """Print counts of rows, then of changed values by column."""
    from rich.markup import escape

    out = console()
    by = f" by {escape(', '.join(found.key))}" if found.key else ""
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
            cells.add_row(escape(name), number(count))
        out.print(cells)
    for name in found.columns_added:
        out.print(f"[green]+[/] column {escape(name)}")
    for name in found.columns_removed:
        out.print(f"[red]-[/] column {escape(name)}")
    if found.same:
        out.print("Nothing would change.")
