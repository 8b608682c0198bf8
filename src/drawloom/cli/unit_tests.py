"""The command on unit tests of specs: test."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from drawloom.cli.activity import Activity
from drawloom.cli.options import Day, Exclude, Folder, OutFormat, day_of, open_project
from drawloom.cli.output import Format, console, pluralize, print_json
from drawloom.model import refuse

if TYPE_CHECKING:
    from drawloom.run.project import Project
    from drawloom.run.unit_tests.runner import Outcome

TestNames = Annotated[
    list[str] | None,
    typer.Argument(
        help="Tests, or pipelines, tables and selectors of what they are about; all by default.", show_default=False
    ),
]


def run_tests(
    context: typer.Context,
    names: TestNames = None,
    words: Annotated[
        str | None, typer.Option("-k", help="Only tests with this text in their name.", show_default=False)
    ] = None,
    exclude: Exclude = None,
    engine: Annotated[
        bool, typer.Option("--engine", help="Run the SQL on the project's engine, not on DuckDB in memory.")
    ] = False,
    create: Annotated[
        str | None, typer.Option(help="Write a test of this table from a few rows of --ds.", show_default=False)
    ] = None,
    ds: Day = None,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Run the unit tests in tests/: rows in, rows out. Exit 1 if one fails, 2 if one is not valid."""
    from drawloom.cli.unit_test_output import outcomes_json, print_outcome, print_summary
    from drawloom.run.unit_tests.load import load_tests
    from drawloom.run.unit_tests.runner import TestRunner, exit_code
    from drawloom.run.unit_tests.select import select_tests

    project = open_project(context, folder)
    if create is not None or ds is not None:
        _create(project, create, day_of(ds, "--ds"), format)
        return
    tests, problems = load_tests(project.config.root)
    chosen = select_tests(project, tests, names or [], exclude or [], words)
    with TestRunner(project, on_engine=engine) as runner:
        outcomes = runner.run_all(chosen, print_outcome if format is Format.TEXT else _ignore)
    if format is Format.JSON:
        print_json(outcomes_json(outcomes, problems))
    else:
        print_summary(outcomes, problems)
    raise typer.Exit(2 if problems else exit_code(outcomes))


def _create(project: Project, name: str | None, ds: date | None, format: Format) -> None:  # noqa: A002
    from drawloom.run.unit_tests.create import create_test

    if name is None or ds is None:
        given, missing = ("--create", "--ds") if ds is None else ("--ds", "--create")
        raise refuse(
            "missing", f"{missing} is missing, must be given with {given}.", None, "--create core.rides --ds 2026-01-31"
        )
    with Activity() as activity:
        activity(f"choosing rows of {name} {ds}")
        made = create_test(project, name, ds)
    if format is Format.JSON:
        print_json({"file": str(made.file), "name": made.name, "rows": dict(made.rows), "masked": list(made.masked)})
        return
    out = console()
    rows = ", ".join(f"{pluralize(n, 'row')} of {table}" for table, n in made.rows.items())
    out.print(f"wrote {made.name} to {made.file}: {rows or 'no inputs'}", markup=False, soft_wrap=True)
    if made.masked:
        out.print(
            f"values of {', '.join(made.masked)} are made up, as they are tagged pii", markup=False, soft_wrap=True
        )


def _ignore(_: Outcome) -> None:
    """Nothing is printed before the end."""
