"""The commands on a project: init, check, compile, plan, run, status, registry rebuild."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from drawloom.cli.activity import Activity
from drawloom.cli.options import (
    Day,
    Days,
    Env,
    Exclude,
    First,
    Folder,
    Last,
    Names,
    OutFormat,
    WithProfile,
    days_of,
    open_in,
    open_project,
)
from drawloom.cli.output import (
    Format,
    console,
    count_problems,
    grid,
    number,
    pluralize,
    print_json,
    print_problems,
)
from drawloom.model import Pipeline, Read, errors, refuse
from drawloom.model.day_rules import rule_text, spans_text
from drawloom.run.rendered import rendered_sql
from drawloom.run.signals import GRACE, sigterm_as_interrupt

if TYPE_CHECKING:
    from drawloom.run.project import Project
    from drawloom.sql.catalog import Catalog

Only = Annotated[bool, typer.Option("--only", help="Leave out the tables that the named ones depend on.")]
Force = Annotated[bool, typer.Option("--force", help="Write the named partitions even if they are fresh.")]


class Dialect(StrEnum):
    """The SQL dialect to show."""

    DUCKDB = "duckdb"
    SPARK = "spark"
    TRINO = "trino"


ForceSource = Annotated[
    list[str] | None,
    typer.Option(help="Treat the days of this table, from --from on, as changed and rebuild what depends on them."),
]


def init(
    folder: Annotated[Path, typer.Argument(help="The folder of the project, created if needed.")] = Path(),
    name: Annotated[str | None, typer.Option(help="The project's name; by default that of the folder.")] = None,
    shop: Annotated[bool, typer.Option("--shop", help="The finished project of the tutorial.")] = False,
) -> None:
    """Create a project that runs: drawloom.yml, a spec with a unit test, and schemas for editors."""
    from drawloom.run.init import init_project, init_shop

    if shop and name:
        raise refuse("bad-name", f"name == {name!r}, must be left out: the project of --shop is called shop.")
    out = console()
    for path in init_shop(folder) if shop else init_project(folder, name):
        out.print(f"wrote {path}", markup=False)
    where = "" if folder == Path() else f" -C {folder}"
    steps = "bash land.sh" if shop else f"drawloom{where} run"
    out.print(f"\nNext: [bold]{f'cd {folder}; ' if shop and where else ''}{steps}[/]", highlight=False)


def check(
    context: typer.Context,
    names: Names = None,
    exclude: Exclude = None,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Check specs, their SQL and their unit tests; list every problem with its file, line and fix."""
    from drawloom.run.engine_check import check_on_engine
    from drawloom.run.init import write_schemas
    from drawloom.run.unit_tests.check import check_tests

    project = open_project(context, folder)
    problems = project.check()
    problems = (*problems, *check_on_engine(project))
    pipelines = project.pipelines
    if names or exclude:
        problems, pipelines = project.check_selected(problems, names or [], exclude or [])
    of_tests = check_tests(project, names or [], exclude or [])
    problems = (*problems, *(problem for problem in of_tests if problem not in problems))
    with suppress(OSError):  # a read-only project can be checked, too
        write_schemas(project.config.root)
    if format is Format.JSON:
        print_json({"problems": [problem.to_json() for problem in problems], "pipelines": len(pipelines)})
    else:
        print_problems(problems)
        console().print(f"{pluralize(len(pipelines), 'pipeline')}: {count_problems(problems)}")
    raise typer.Exit(2 if errors(problems) else 0)


def compile_(
    context: typer.Context,
    names: Names = None,
    exclude: Exclude = None,
    engine: Annotated[
        Dialect | None, typer.Option(help="The dialect of the SQL to show; by default that of the project's engine.")
    ] = None,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Show steps, the days they read, what they wait for, and the SQL of one day."""
    project = open_project(context, folder)
    pipelines = project.select(names or [], exclude or [])
    dialect = engine.value if engine else project.settings.engine.kind
    catalog = project.compiled_for(dialect).catalog
    if format is Format.JSON:
        print_json({"pipelines": [compiled_json(project, pipeline, dialect, catalog) for pipeline in pipelines]})
    else:
        for pipeline in pipelines:
            print_compiled(project, pipeline, dialect, catalog)


def plan(
    context: typer.Context,
    names: Names = None,
    ds: Day = None,
    first: First = None,
    last: Last = None,
    only: Only = False,
    force_source: ForceSource = None,
    exclude: Exclude = None,
    env: Env = None,
    last_days: Days = None,
    profile: WithProfile = False,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Show what a run would write, and why, without writing it."""
    from drawloom.cli.run_output import left_out_json, print_left_out, print_plan
    from drawloom.run.as_json import plan_json

    project = open_in(context, folder, env, last_days)
    days = days_of(ds, first, last)
    made = project.plan(names or [], *days, upstream=not only, force_source=force_source or [], exclude=exclude or [])
    if format is Format.JSON:
        print_json(plan_json(made) | left_out_json(project) | _profile_json(project, wanted=profile))
    else:
        if env is not None:
            _print_environment(project)
        print_plan(made)
        print_left_out(project, names or [])
        _print_profile(project, wanted=profile)
    raise typer.Exit(2 if project.left_out_of(names or [], exclude or []) else 0)


def run(
    context: typer.Context,
    names: Names = None,
    ds: Day = None,
    first: First = None,
    last: Last = None,
    only: Only = False,
    force: Force = False,
    force_source: ForceSource = None,
    exclude: Exclude = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1, max=256, help="The number of steps to run in parallel; by default it depends on the machine."
        ),
    ] = None,
    env: Env = None,
    last_days: Days = None,
    profile: WithProfile = False,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Write every partition that is missing or stale, in dependency order."""
    from drawloom.cli.run_output import RunProgress, left_out_json, print_left_out, print_summary
    from drawloom.run.as_json import summary_json

    project = open_in(context, folder, env, last_days)
    made = project.plan(
        names or [],
        *days_of(ds, first, last),
        upstream=not only,
        force=force,
        force_source=force_source or [],
        exclude=exclude or [],
    )
    with sigterm_as_interrupt(GRACE) as termination, RunProgress(made) as progress:
        summary = project.run(made, jobs=jobs, listener=progress)
    if format is Format.JSON:
        print_json(summary_json(summary) | left_out_json(project) | _profile_json(project, wanted=profile))
    else:
        print_summary(summary)
        print_left_out(project, names or [])
        _print_profile(project, wanted=profile)
    incomplete = project.left_out_of(names or [], exclude or []) and summary.exit_code in {0, 3}
    raise typer.Exit(termination.exit_code(2 if incomplete else summary.exit_code))


def status(
    context: typer.Context,
    names: Names = None,
    exclude: Exclude = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="How many of the newest partitions to show.")] = 60,
    env: Env = None,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Show the state of tables x days: fresh, stale, missing, waiting, failed, skipped."""
    from drawloom.cli.run_output import left_out_json, print_left_out, print_status
    from drawloom.run.as_json import status_json

    project = open_in(context, folder, env)
    made = project.status(names or [], exclude or [])
    if format is Format.JSON:
        print_json(status_json(made) | left_out_json(project))
    else:
        print_status(made, days)
        print_left_out(project, names or [])


def verify(
    context: typer.Context,
    tables: Annotated[list[str] | None, typer.Argument(help="Tables; all by default.", show_default=False)] = None,
    deep: Annotated[bool, typer.Option("--deep", help="Read every file and compare its rows, too.")] = False,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Compare the registry with the stored files; exit 1 if a file is missing, changed or not ours."""
    project = open_project(context, folder)
    with Activity() as activity:
        found = project.verify(tables or [], deep=deep, report=activity)
    if format is Format.JSON:
        print_json(asdict(found))
    else:
        from rich.markup import escape

        table = grid("table", "day", "what is wrong")
        for finding in found.findings:
            table.add_row(escape(finding.table), str(finding.ds or ""), escape(finding.message))
        out = console()
        if found.findings:
            out.print(table)
        how = "their contents were read" if deep else "their sizes and times were compared; --deep reads their contents"
        counts = f"{pluralize(found.partitions, 'partition')} of {pluralize(found.tables, 'table')}"
        out.print(f"{counts}, {pluralize(len(found.findings), 'finding')} ({how})")
    raise typer.Exit(1 if found.findings else 0)


def rebuild(context: typer.Context, folder: Folder = None, format: OutFormat = Format.TEXT) -> None:  # noqa: A002
    """Restore the registry from the metadata in the lake's files."""
    project = open_project(context, folder)
    restored = project.rebuild_registry()
    if format is Format.JSON:
        print_json({"restored": restored})
        return
    table = grid("table", ">partitions")
    for name, count in restored.items():
        table.add_row(name, number(count))
    console().print(table)


def compiled_json(project: Project, pipeline: Pipeline, dialect: str, catalog: Catalog) -> dict[str, Any]:
    """The compiled pipeline as JSON, with the SQL of the newest day."""
    from drawloom.frameworks.pipeline_json import pipeline_to_dict

    made, day = pipeline_to_dict(pipeline), pipeline.schedule.last_run_day(project.history.end)
    for step, shown in zip(pipeline.steps, made["steps"], strict=True):
        shown["rendered"] = rendered_sql(step, pipeline.schedule, day, dialect, catalog)
    return made


def print_compiled(project: Project, pipeline: Pipeline, dialect: str, catalog: Catalog) -> None:
    """Print steps, reads, waits, and the SQL of the newest day."""
    from rich.markup import escape
    from rich.syntax import Syntax

    out = console()
    day = pipeline.schedule.last_run_day(project.history.end)
    out.print(f"\n[bold]{pipeline.name}[/] {pipeline.kind}, {pipeline.schedule.text}, {escape(pipeline.owner)}")
    if pipeline.description:
        out.print(pipeline.description.strip(), style="dim", soft_wrap=True, markup=False)
    table = grid("step", "reads", "days", "known by", f"~on {day}")
    for step in pipeline.order:
        for read in step.reads or (None,):
            table.add_row(step.name, *(_read_row(read, day) if read else ("nothing", "", "", "")))
    out.print(table)
    for wait in pipeline.waits:
        out.print(f"waits for [bold]{wait.table}[/] {wait.days}")
    for read in pipeline.reads:
        if read.how in {"calendar", "fixed"} and read.exact:
            out.print(f"waits for [bold]{read.table}[/] {rule_text(read)}")
    for step in pipeline.order:
        sql = rendered_sql(step, pipeline.schedule, day, dialect, catalog)
        if sql:
            out.print(Syntax(sql, "sql", theme="ansi_dark", background_color="default", word_wrap=True))


def _profile_json(project: Project, *, wanted: bool) -> dict[str, Any]:
    return {"profile": project.profile.to_json()} if wanted else {}


def _print_profile(project: Project, *, wanted: bool) -> None:
    from drawloom.cli.profile_output import print_profile

    if wanted:
        print_profile(project.profile)


def _print_environment(project: Project) -> None:
    from drawloom.cli.environments import print_changes
    from drawloom.run.environments.environment import Environment

    assert isinstance(project, Environment)
    print_changes(project)


def _read_row(read: Read, day: date) -> tuple[str, ...]:
    days = rule_text(read) if read.how in {"offset", "calendar"} else ""
    return read.table, days, read.how, spans_text(read.on(day)) if read.how != "all" else f"all up to {day}"
