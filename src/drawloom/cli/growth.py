"""``drawloom growth``: how an activity grows, at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from drawloom.cli.options import Folder, OutFormat, open_project
from drawloom.cli.output import Format, console, grid, number, print_json
from drawloom.model import refuse

if TYPE_CHECKING:
    from drawloom.frameworks.growth.report import Report
    from drawloom.model import Pipeline
    from drawloom.run.project import Project

_BARS = "▁▂▃▄▅▆▇█"
_COLOURS = {"Growing": "green", "Shrinking": "red"}


def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The name of the growth spec.")],
    activity: Annotated[
        str | None, typer.Option(help="Which of its activities; all of them otherwise.", show_default=False)
    ] = None,
    window: Annotated[
        int | None, typer.Option(min=1, max=28, help="The window whose flows are listed; 7 days where there is one.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=56, help="How many days are listed.")] = 14,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Show the last days of a growth spec, and which way it goes."""
    from drawloom.frameworks.growth.report import make_report, report_sql

    project = open_project(context, folder)
    pipeline = _growth(project, name)
    table = f"growth.{pipeline.name}"
    reports = []
    for did in [activity] if activity else _activities(project, pipeline, table):
        rows = project.query(report_sql(table, did)).to_pylist()
        if window:
            rows = [row for row in rows if row["window_days"] >= window]
        if not any(row["window_days"] == (window or row["window_days"]) for row in rows):
            raise refuse("no-rows", f"{table} == no rows of {did}, must have some.", fix=f"drawloom run {table}")
        reports.append(make_report(rows, did, window, days))
    if format is Format.JSON:
        print_json([asdict(report) for report in reports])
        return
    for report in reports:
        _print(pipeline.name, report)


def _growth(project: Project, name: str) -> Pipeline:
    pipeline = project.named([name])[0]
    if pipeline.kind != "growth":
        growing = [p.name for p in project.pipelines if p.kind == "growth"]
        fix = f"There are: {', '.join(growing)}." if growing else "Write a spec of `kind: growth` first."
        raise refuse("not-growth", f"name == {name!r}, must be a growth spec.", fix=fix)
    return pipeline


def _activities(project: Project, pipeline: Pipeline, table: str) -> list[str]:
    if not project.observe([table]).days(table):
        message = f"{table} == no partitions, must have been filled."
        raise refuse("no-partition", message, fix=f"drawloom run {pipeline.name}")
    found = project.query(f"SELECT DISTINCT activity FROM {table} WHERE ds = (SELECT max(ds) FROM {table}) ORDER BY 1")
    return [row["activity"] for row in found.to_pylist()]


def _print(name: str, report: Report) -> None:
    out = console()
    colour = _COLOURS.get(report.verdict.partition(":")[0], "yellow")
    out.print(f"[bold]{name}: {report.activity}[/] on {report.last}")
    out.print(f"[{colour}]{report.verdict}[/]")
    table = grid("", ">now", ">7 days", ">28 days", "by day")
    for line in report.actives:
        table.add_row(
            line.name, number(line.now), _change(line.change[7]), _change(line.change[28]), _spark(line.history)
        )
    out.print(table)
    ratios = {
        "quick ratio over 28 days": report.quick_ratio,
        f"{report.actives[0].name} / {report.actives[-1].name}": report.stickiness,
    }
    told = [f"{label} [bold]{value:.2f}[/]" for label, value in ratios.items() if value is not None]
    out.print(", ".join(told) + "\n" if told else "")
    table = grid(
        "day",
        ">active",
        ">new",
        ">resurrected",
        ">churned",
        ">net",
        ">quick ratio",
        title=f"{report.window}-day window",
    )
    for day in report.days:
        flows = day.flows
        net = flows["new"] + flows["resurrected"] - flows["churned"]
        ratio = "" if day.ratio is None else f"{day.ratio:.2f}"
        counts = [
            *map(number, (day.active, *(flows[key] for key in ("new", "resurrected", "churned")))),
            f"{net:+,}" if net else "0",
        ]
        table.add_row(f"{day.ds}{' (warm-up)' if day.warmup else ''}", *counts, ratio)
    out.print(table)


def _change(part: float | None) -> str:
    if part is None:
        return ""
    return f"[{'green' if part >= 0 else 'red'}]{part:+.1%}[/]"


def _spark(values: Sequence[int]) -> str:
    """A line of bars, from zero to the most."""
    most = max(values) or 1
    return "".join(_BARS[round(value / most * (len(_BARS) - 1))] for value in values)
