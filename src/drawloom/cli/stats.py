"""``drawloom stats``: the statistics of a table, two days of it side by side, and the daemon that keeps them up to date."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from drawloom.cli.activity import Activity
from drawloom.cli.options import Folder, OutFormat, day_of, open_project
from drawloom.cli.output import Format, console, grid, number, pluralize, print_json
from drawloom.cli.show import WIDTH
from drawloom.cli.terminal_charts import sparkline
from drawloom.frameworks.page_text import format_value
from drawloom.model import refuse

if TYPE_CHECKING:
    from rich.table import Table

    from drawloom.run.stats.compare import TableDrift
    from drawloom.run.stats.summary import ColumnSummary, Measured, Restatement, TableSummary
    from drawloom.run.stats.sync import Synced

LONGEST = 12  # letters of a value in a table
MOVED = 3  # statistics that are named of a restatement
Metrics = Mapping[str, "Measured"]


def show(
    context: typer.Context,
    table: Annotated[str, typer.Argument(help="A table of a spec, a landed one or a source.", show_default=False)],
    ds: Annotated[str | None, typer.Option("--ds", help="The day; the newest otherwise.", show_default=False)] = None,
    column: Annotated[
        str | None, typer.Option(help="All metrics of one column.", show_default=False, metavar="NAME")
    ] = None,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="DAY DAY", help="How far its columns have moved between two days.", show_default=False),
    ] = None,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Show the statistics of a table: those that are stored, or else computed now."""
    from drawloom.run.stats.compare import compare_days, drift_json
    from drawloom.run.stats.summary import summarize, summary_json

    project = open_project(context, folder)
    if compare:
        days = [day_of(text, "--compare") for text in compare]
        assert days[0]
        assert days[1]
        with Activity() as activity:
            activity(f"comparing {table}")
            drift = compare_days(project, table, days[0], days[1])
        print_json(drift_json(drift)) if format is Format.JSON else _print_drift(drift)
        return
    with Activity() as activity:
        activity(f"looking at {table}")
        found = summarize(project, table, day_of(ds, "--ds"))
    if format is Format.JSON:
        print_json(summary_json(found))
    elif column:
        _print_column(found, _find_column(found, column))
    else:
        _print_summary(found)


def sync(
    context: typer.Context,
    watch: Annotated[bool, typer.Option("--watch", help="Keep looking, until it is interrupted.")] = False,
    every: Annotated[float, typer.Option(min=1, help="With --watch: seconds between two looks.")] = 60,
    budget: Annotated[
        float | None,
        typer.Option(min=0, help="Begin nothing more after so many seconds; the rest is left.", show_default=False),
    ] = None,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Compute the statistics that are missing or outdated, the newest days first, and nothing else; exit 1 if one fails."""
    from drawloom.run.project import Project
    from drawloom.run.stats.sync import sync as sync_once

    project = open_project(context, folder)
    while True:
        with Project(project.config) as opened, Activity() as activity:  # specs may have changed since the last look
            activity("computing statistics")
            done = sync_once(opened, budget)
        if not watch or done.written or done.failed:
            print_json(asdict(done)) if format is Format.JSON else _print_synced(done)
        if not watch or done.interrupted:
            raise typer.Exit(130 if done.interrupted else 1 if done.failed else 0)
        time.sleep(every)


def export(
    context: typer.Context,
    tables: Annotated[
        list[str] | None, typer.Argument(help="Tables; all that are watched otherwise.", show_default=False)
    ] = None,
    hive: Annotated[
        str,
        typer.Option(
            metavar="URL", help="The metastore, thrift://host:9083; that of the settings otherwise.", show_default=False
        ),
    ] = "",
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Write the statistics of partitions to the Hive metastore, where the optimizers of Trino and Hive read them."""
    from drawloom.run.stats.export import export_statistics

    project = open_project(context, folder)
    with Activity() as activity:
        activity("writing to the metastore")
        found = export_statistics(project, tables or [], hive)
    if format is Format.JSON:
        print_json([asdict(one) for one in found])
        return
    for one in found:
        done = f"{pluralize(one.partitions, 'partition')}, {pluralize(one.columns, 'column')}"
        console().print(f"{one.table}: {one.reason or done}", markup=False, soft_wrap=True)


def _print_synced(done: Synced) -> None:
    parts = [f"{pluralize(done.written, 'partition')} written"]
    parts += [f"{number(done.failed)} failed: `drawloom status kind:stats` says why"] if done.failed else []
    parts += [f"{number(done.left)} left"] if done.left else []
    parts += [f"{number(done.waiting)} waiting for their tables"] if done.waiting else []
    text = ", ".join(parts) if done.written or len(parts) > 1 else "all statistics are up to date"
    console().print(text, markup=False, soft_wrap=True)


def _print_summary(found: TableSummary) -> None:
    from rich.markup import escape

    out = console(width=WIDTH)
    day = f" on {found.day}" if found.day else ""
    counts = f"{pluralize(int(found.row_count or 0), 'row')}, {pluralize(int(found.column_count or 0), 'column')}"
    out.print(f"[bold]{escape(found.table)}[/]{day}: {counts}")
    if len(found.rows) > 1:
        out.print(f"rows by day {sparkline(list(found.rows.values()))}", markup=False)
    if found.restatements:
        out.print(_restated(found.restatements), markup=False, soft_wrap=True)
    table = grid("~column", ">nulls", ">distinct", ">min", ">typical", ">max", "nulls by day")
    for column in found.columns:
        table.add_row(escape(column.name), *map(escape, _cells(column)))
    out.print(table)
    if not found.is_stored:
        out.print("[dim]Computed now: no spec of the kind stats watches this table, so nothing is kept.[/]")


def _restated(changes: Sequence[Restatement]) -> str:
    """How often a partition has changed since it was first measured, and what moved the last time."""
    last = changes[-1]
    moved = [one for one in last.changes if one["column"]]
    parts = [f"rows {_pair(last.rows)}"]
    parts += [f"{one['column']}.{one['metric']} {_pair((one['before'], one['after']))}" for one in moved[:MOVED]]
    more = [f"{len(moved) - MOVED} more"] if len(moved) > MOVED else []
    times = "once" if len(changes) == 1 else f"{number(len(changes))} times"
    return f"restated {times}, last seen {last.seen_at:%Y-%m-%d %H:%M} UTC: {', '.join([*parts, *more])}"


def _cells(column: ColumnSummary) -> list[str]:
    metrics = column.metrics
    return [
        _share(metrics, "null_ratio"),
        _text(metrics, "distinct"),
        _first(metrics, "min", "len_min", "size_min"),
        _typical(metrics),
        _first(metrics, "max", "len_max", "size_max"),
        sparkline(column.null_ratios, 0) if len(column.null_ratios) > 1 else "",
    ]


def _typical(metrics: Metrics) -> str:
    """The median or mean of numbers, the share of what is true, the length of texts, the size of lists."""
    for name in ("p50", "mean"):
        if name in metrics:
            return _text(metrics, name)
    if "true_ratio" in metrics:
        return f"{_share(metrics, 'true_ratio')} true"
    for name, unit in (("len_mean", "letters"), ("size_mean", "elements")):
        if name in metrics and metrics[name].value is not None:
            return f"{_text(metrics, name)} {unit}"
    return ""


def _first(metrics: Metrics, *names: str) -> str:
    return next((_text(metrics, name) for name in names if name in metrics), "")


def _share(metrics: Metrics, name: str) -> str:
    found = metrics.get(name)
    return "" if found is None or found.value is None else format_value(found.value, "percent")


def _text(metrics: Metrics, name: str) -> str:
    found = metrics.get(name)
    if found is None or (found.value is None and found.text is None):
        return ""
    if found.text is not None:
        return found.text if len(found.text) <= LONGEST else f"{found.text[: LONGEST - 1]}…"
    return _number(found.value)


def _find_column(found: TableSummary, name: str) -> ColumnSummary:
    from drawloom.specs.validation import did_you_mean

    column = next((one for one in found.columns if one.name.lower() == name.lower()), None)
    if column is None:
        names = [one.name for one in found.columns]
        fix = did_you_mean(name, names) or f"There are: {', '.join(names)}."
        raise refuse("unknown-name", f"--column == {name!r}, must be a column of {found.table}.", None, fix)
    return column


def _print_column(found: TableSummary, column: ColumnSummary) -> None:
    from rich.markup import escape

    from drawloom.frameworks.stats.metrics import METRICS

    out = console(width=WIDTH)
    out.print(f"[bold]{escape(found.table)}.{escape(column.name)}[/]{f' on {found.day}' if found.day else ''}")
    table = grid("metric", ">value", "~what it is")
    for name, measured in column.metrics.items():
        value = measured.text if measured.value is None or (name != "top" and measured.text) else None
        text = _number(measured.value) if value is None else value
        meaning = METRICS[name].description if name in METRICS else ""
        table.add_row(name, escape(text), meaning)
    out.print(table)
    if top := column.metrics.get("top"):
        _print_top(top, out_table := grid("value", ">rows"))
        out.print(out_table)


def _print_top(top: Measured, table: Table) -> None:
    import json

    from rich.markup import escape

    for value, count in json.loads(top.text or "[]")[:10]:
        table.add_row(escape(value), number(count))


def _print_drift(found: TableDrift) -> None:
    from rich.markup import escape

    out = console(width=WIDTH)
    out.print(f"[bold]{escape(found.table)}[/]: {found.before} and {found.now}")
    out.print(f"rows {_pair(found.rows)}", markup=False)
    table = grid("~column", ">PSI", "", ">nulls", ">distinct", ">mean")
    for one in found.columns:
        index = "" if one.index is None else f"{one.index:.3f}"
        nulls = _pair(one.null_ratio, share=True)
        table.add_row(escape(one.name), index, one.verdict, nulls, _pair(one.distinct), _pair(one.mean))
    out.print(table)
    out.print("[dim]PSI: below 0.1 nothing has moved, from 0.25 on much has.[/]")


def _number(value: float | None) -> str:
    return format_value(value, "integer" if value is not None and value == round(value) else "significant")


def _pair(values: Sequence[float | None], *, share: bool = False) -> str:
    texts = [format_value(value, "percent") if share else _number(value) for value in values]
    return texts[0] if texts[0] == texts[1] else " -> ".join(text or "none" for text in texts)
