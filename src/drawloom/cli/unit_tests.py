"""The command on unit tests of specs: test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from drawloom.cli.options import Exclude, Folder, OutFormat, open_project
from drawloom.cli.output import Format, print_json

if TYPE_CHECKING:
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
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Run the unit tests in tests/: rows in, rows out. Exit 1 if one fails, 2 if one is not valid."""
    from drawloom.cli.unit_test_output import outcomes_json, print_outcome, print_summary
    from drawloom.run.unit_tests.load import load_tests
    from drawloom.run.unit_tests.runner import TestRunner, exit_code
    from drawloom.run.unit_tests.select import select_tests

    project = open_project(context, folder)
    tests, problems = load_tests(project.config.root)
    chosen = select_tests(project, tests, names or [], exclude or [], words)
    with TestRunner(project) as runner:
        outcomes = runner.run_all(chosen, print_outcome if format is Format.TEXT else _ignore)
    if format is Format.JSON:
        print_json(outcomes_json(outcomes, problems))
    else:
        print_summary(outcomes, problems)
    raise typer.Exit(2 if problems else exit_code(outcomes))


def _ignore(_: Outcome) -> None:
    """Nothing is printed before the end."""
