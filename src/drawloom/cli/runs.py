"""``drawloom runs`` and ``drawloom explain``: what ran, when, and what took the time."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from drawloom.cli.options import Env, Folder, OutFormat, day_of, open_in, open_project
from drawloom.cli.output import Format, console, grid, number, pluralize, print_json
from drawloom.model import refuse

if TYPE_CHECKING:
    from drawloom.engines.base import Explanation
    from drawloom.run.past_runs import PastRun
    from drawloom.run.project import Project


def runs(
    context: typer.Context,
    run: Annotated[
        str | None, typer.Argument(help="One of them: its tables, slowest first.", show_default=False)
    ] = None,
    last: Annotated[int, typer.Option("--last", min=1, max=1000, help="How many of the newest.")] = 20,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Show what ran, when and how long, or where the time of one run went."""
    found = past_runs(open_project(context, folder))
    if run is not None:
        one = next((past for past in found if past.id == run), None)
        if one is None:
            raise refuse("unknown-run", f"run == {run!r}, must be one of `drawloom runs`.")
        _print_run(one, format)
    elif format is Format.JSON:
        print_json({"runs": [run_json(past) for past in found[:last]]})
    else:
        _print_runs(found, last)


def explain(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A pipeline or table.")],
    ds: Annotated[str, typer.Option("--ds", help="The day, like 2026-01-31.")],
    env: Env = None,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Show how the engine computes a partition, and what its time goes on; writes nothing."""
    day = day_of(ds, "--ds")
    assert day is not None
    found = open_in(context, folder, env).explain(name, day)
    if format is Format.JSON:
        print_json(asdict(found))
    elif found.operators:
        _print_operators(found)
    else:
        console().print(found.text, markup=False, soft_wrap=True)


def _print_operators(found: Explanation) -> None:
    from rich.markup import escape

    total = sum(one.seconds for one in found.operators) or 1.0
    table = grid("operator", ">rows", ">ms", ">share", "what")
    for one in found.operators:
        name = f"{'  ' * one.depth}{one.name.lower().replace('_', ' ').strip()}"
        share = f"{one.seconds / total:.0%}"
        table.add_row(escape(name), number(one.rows), f"{one.seconds * 1000:,.2f}", share, escape(one.detail))
    out = console()
    out.print(table)
    read = f", {found.bytes_read:,} bytes read from files" if found.bytes_read is not None else ""
    out.print(f"{total * 1000:,.1f} ms in all operators{read}")


def past_runs(project: Project) -> list[PastRun]:
    """All runs that the registry still shows, the newest first; those of environments are left out."""
    from drawloom.run.past_runs import find_past_runs

    stored = project.environment_tables()
    records = {table: days for table, days in project.registry.records().items() if table not in stored}
    failures = {key: error for key, error in project.registry.failures().items() if key[0] not in stored}
    return find_past_runs(records, failures, project.registry.failed_at())


def run_json(past: PastRun) -> dict[str, Any]:
    """A run as JSON, with its tables."""
    return {
        "run": past.id,
        "began": past.began,
        "ended": past.ended,
        "written": past.written,
        "failed": past.failed,
        "landed": past.landed,
        "tables": [
            {
                "table": one.table,
                "from": one.first,
                "to": one.last,
                "written": one.written,
                "failed": one.failed,
                "rows": one.rows,
                "seconds": one.seconds,
            }
            for one in past.tables
        ],
    }


def _print_runs(found: list[PastRun], last: int) -> None:
    out = console()
    if not found:
        out.print("Nothing ran yet. `drawloom run` does.")
        return
    table = grid("~run", ">took", ">written", ">failed", "slowest table")
    for past in found[:last]:
        slowest = max(past.tables, key=lambda one: one.seconds)
        what = "landed" if past.landed else f"{slowest.table} {slowest.seconds:,.1f} s"
        took = (past.ended - past.began).total_seconds()
        table.add_row(past.id, f"{took:,.1f} s", number(past.written), number(past.failed) if past.failed else "", what)
    out.print(table)
    out.print(
        f"{pluralize(len(found), 'run')}; `drawloom runs RUN` shows where the time of one went. The registry keeps the"
    )
    out.print("last write of each partition, so that a run which was written over is not shown.")


def _print_run(past: PastRun, format: Format) -> None:  # noqa: A002
    from rich.markup import escape

    if format is Format.JSON:
        print_json(run_json(past))
        return
    out = console()
    total = sum(one.seconds for one in past.tables) or 1.0
    table = grid("table", "days", ">written", ">failed", ">rows", ">seconds", ">share")
    for one in sorted(past.tables, key=lambda one: -one.seconds):
        days = f"{one.first} .. {one.last}" if one.first != one.last else str(one.first)
        counts = number(one.written), number(one.failed) if one.failed else "", number(one.rows)
        table.add_row(escape(one.table), days, *counts, f"{one.seconds:,.2f}", f"{one.seconds / total:.0%}")
    out.print(table)
    took = (past.ended - past.began).total_seconds()
    out.print(f"{past.began:%Y-%m-%d %H:%M:%S} UTC, {took:,.1f} s, in which steps ran side by side")
    for name, failed, error in past.failures:
        out.print(f"[red]failed[/] {escape(name)} {failed[0]}: {escape(error)}", soft_wrap=True)
