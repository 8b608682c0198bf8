"""``drawloom advise``: what a text reads and writes, day by day, and what is wrong with it; needs no project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from drawloom.cli.output import Format, console, print_json
from drawloom.model import errors

if TYPE_CHECKING:
    pass

DIALECTS = ("duckdb", "spark", "hive", "trino", "presto", "bigquery", "snowflake", "redshift", "postgres", "mysql")


def advise(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="A SQL file, or - for standard input.")],
    dialect: Annotated[str | None, typer.Option(help=f"One of {', '.join(DIALECTS)}.", show_default="duckdb")] = None,
    keys: Annotated[str, typer.Option(help="Partition columns, where no catalog names them.")] = "ds",
    catalog: Annotated[str | None, typer.Option(help="JSON, or a file of it: table -> its partition columns.")] = None,
    schedule: Annotated[str | None, typer.Option(help="@daily, @hourly, @weekly, @monthly or a cron.")] = None,
    target: Annotated[str | None, typer.Option(help="The table that the text fills.")] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Apply the safe fixes to the file.")] = False,
    format: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TEXT,  # noqa: A002
) -> None:
    """Tell which days of which tables a text reads, what it writes, and what is wrong with it."""
    from drawloom.run.advise import Question, advise_text, fix_file

    path = None if file == "-" else _path(file, context.obj)
    question = Question(
        _text(path),
        file=None if path is None else file,
        dialect=dialect,
        keys=tuple(key.strip() for key in keys.split(",") if key.strip()),
        catalog=catalog,
        schedule=schedule,
        target=target,
        project=_project(context, path),
    )
    if fix and path:
        applied = fix_file(question, path)
        console(stderr=True).print(f"{applied} fixes applied to {file}")
        question = question.reread(path)
    found = advise_text(question)
    if format is Format.JSON:
        print_json(found.to_json())
    else:
        _print(found)
    raise typer.Exit(2 if errors(found.problems) else 0)
