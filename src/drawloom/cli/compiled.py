"""How a compiled pipeline looks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from drawloom.cli.output import console, grid, spans_text
from drawloom.model import InputError, Pipeline, Read, Step

if TYPE_CHECKING:
    from drawloom.run.project import Project
    from drawloom.sql.catalog import Catalog


def compiled_json(project: Project, pipeline: Pipeline, dialect: str, catalog: Catalog) -> dict[str, Any]:
    """The canonical plan, with the SQL of the last day of the history."""
    from drawloom.frameworks.plan import plan_of

    made = plan_of(pipeline)
    for step, shown in zip(pipeline.steps, made["steps"], strict=True):
        shown["rendered"] = _sql(project, pipeline, step, dialect, catalog)
    return made


def print_compiled(project: Project, pipeline: Pipeline, dialect: str, catalog: Catalog) -> None:
    """Steps, reads, waits, and the SQL of the last day of the history."""
    from rich.syntax import Syntax

    out = console()
    day = pipeline.schedule.last_run_day(project.history.end)
    out.print(f"\n[bold]{pipeline.name}[/] {pipeline.kind}, {pipeline.schedule.text}, {pipeline.owner}")
    if pipeline.description:
        out.print(pipeline.description.strip(), style="dim", soft_wrap=True)
    table = grid("step", "reads", "days", "known by", f"on {day}")
    for step in pipeline.order:
        for read in step.reads or (None,):
            table.add_row(step.name, *(_read_row(read, day) if read else ("nothing", "", "", "")))
    out.print(table)
    for wait in pipeline.waits:
        out.print(f"waits for [bold]{wait.table}[/] {wait.days}")
    for step in pipeline.order:
        sql = _sql(project, pipeline, step, dialect, catalog)
        if sql:
            out.print(Syntax(sql, "sql", theme="ansi_dark", background_color="default", word_wrap=True))


def _read_row(read: Read, day: date) -> tuple[str, ...]:
    days = str(read.days) if read.how == "offset" else ""
    return read.table, days, read.how, spans_text(read.on(day)) if read.how != "all" else f"all up to {day}"


def _sql(project: Project, pipeline: Pipeline, step: Step, dialect: str, catalog: Catalog) -> str | None:
    from drawloom.run.step import rendered
    from drawloom.sql.catalog import typed
    from drawloom.sql.dialect import transpile

    if step.sql is None:
        return None
    day = pipeline.schedule.last_run_day(project.history.end)
    try:
        text = rendered(step, pipeline.schedule, day, None, step.dialect).strip()
        return text if dialect == step.dialect else transpile(text, step.dialect, dialect, typed(catalog), pretty=True)
    except InputError as error:
        error.problems = tuple(replace(p, where=p.where if p.where.file else step.where) for p in error.problems)
        raise
