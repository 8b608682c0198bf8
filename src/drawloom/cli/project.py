"""Commands on a project: init, check, compile, plan, run, status."""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from drawloom.cli.options import Day, First, Folder, Last, Names, OutFormat, days_of, open_project
from drawloom.cli.output import Format, console, counted, grid, number, print_json, print_problems, problems_counted
from drawloom.cli.signals import stopped_by_signals
from drawloom.model import errors

Only = Annotated[bool, typer.Option("--only", help="Without the tables that the named ones need.")]
Force = Annotated[bool, typer.Option("--force", help="Write the named partitions though they are fresh.")]


class Dialect(StrEnum):
    """Whose SQL to show."""

    DUCKDB = "duckdb"
    SPARK = "spark"
    TRINO = "trino"
    HIVE = "hive"


ForceSource = Annotated[
    list[str] | None,
    typer.Option(help="Take this table's days from --from on for changed, and write what they change."),
]


def init(
    folder: Annotated[Path, typer.Argument(help="Where; made if need be.")] = Path(),
    name: Annotated[str | None, typer.Option(help="The project's name; the folder's otherwise.")] = None,
) -> None:
    """Make a project that runs: drawloom.yml, a spec, a schema for editors."""
    from drawloom.run.init import init_project

    out = console()
    for path in init_project(folder, name):
        out.print(f"wrote {path}")
    where = "" if folder == Path() else f" -C {folder}"
    out.print(f"\nNow: [bold]drawloom{where} run[/]")


def check(context: typer.Context, folder: Folder = None, format: OutFormat = Format.TEXT) -> None:  # noqa: A002
    """Read all specs and their SQL; tell every problem with file, line and the way out."""
    from drawloom.run.init import write_schemas

    project = open_project(context, folder)
    problems = project.check()
    with suppress(OSError):  # a project that may only be read can be checked all the same
        write_schemas(project.config.root)
    if format is Format.JSON:
        print_json({"problems": [problem.to_json() for problem in problems], "pipelines": len(project.pipelines)})
    else:
        print_problems(problems)
        console().print(f"{counted(len(project.pipelines), 'pipeline')}: {problems_counted(problems)}")
    raise typer.Exit(2 if errors(problems) else 0)


def compile_(
    context: typer.Context,
    names: Names = None,
    engine: Annotated[
        Dialect | None, typer.Option(help="Whose SQL to show; that of the project's engine otherwise.")
    ] = None,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Show steps, what they read day by day, what they wait for, and the SQL of a day."""
    from drawloom.cli.compiled import compiled_json, print_compiled

    project = open_project(context, folder)
    pipelines = project.named(names or [])
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
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Show what a run would write, and why; writes nothing."""
    from drawloom.cli.views import plan_json, print_plan

    project = open_project(context, folder)
    made = project.plan(names or [], *days_of(ds, first, last), upstream=not only, force_source=force_source or [])
    if format is Format.JSON:
        print_json(plan_json(made))
    else:
        print_plan(made)


def run(
    context: typer.Context,
    names: Names = None,
    ds: Day = None,
    first: First = None,
    last: Last = None,
    only: Only = False,
    force: Force = False,
    force_source: ForceSource = None,
    jobs: Annotated[int | None, typer.Option(min=1, max=256, help="Steps at once; by the machine otherwise.")] = None,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Write every partition that is missing or stale, each once, in the right order."""
    from drawloom.cli.progress import RunProgress
    from drawloom.cli.views import print_summary, summary_json

    project = open_project(context, folder)
    made = project.plan(
        names or [], *days_of(ds, first, last), upstream=not only, force=force, force_source=force_source or []
    )
    with stopped_by_signals(), RunProgress(made) as progress:
        summary = project.run(made, jobs=jobs, listener=progress)
    if format is Format.JSON:
        print_json(summary_json(summary))
    else:
        print_summary(summary)
    raise typer.Exit(summary.exit_code)


def status(
    context: typer.Context,
    names: Names = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="How many of the newest partitions to draw.")] = 60,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Show tables x days: fresh, stale, missing, waiting, failed."""
    from drawloom.cli.views import print_status, status_json

    made = open_project(context, folder).status(names or [])
    if format is Format.JSON:
        print_json(status_json(made))
    else:
        print_status(made, days)


def rebuild(context: typer.Context, folder: Folder = None, format: OutFormat = Format.TEXT) -> None:  # noqa: A002
    """Restore the registry from what the lake's files say of themselves."""
    project = open_project(context, folder)
    restored = project.rebuild_registry()
    if format is Format.JSON:
        print_json({"restored": restored})
        return
    table = grid("table", ">partitions")
    for name, count in restored.items():
        table.add_row(name, number(count))
    console().print(table)
