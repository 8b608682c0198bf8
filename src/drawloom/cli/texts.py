"""``drawloom advise``: what a text reads and writes, day by day, and what is wrong with it; needs no project."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from drawloom.cli.output import Format, console, counted, grid, print_json, print_problems, problems_counted, spans_text
from drawloom.model import InputError, Schedule, errors

if TYPE_CHECKING:
    from drawloom.model import Read
    from drawloom.run.project import Project
    from drawloom.sql.cache import Description
    from drawloom.sql.script import Write

DIALECTS = ("duckdb", "spark", "hive", "trino", "presto", "bigquery", "snowflake", "redshift", "postgres", "mysql")


def advise(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="A SQL file, or - for standard input.")],
    dialect: Annotated[str | None, typer.Option(help=f"One of {', '.join(DIALECTS)}.", show_default="duckdb")] = None,
    keys: Annotated[str, typer.Option(help="Partition columns, where no catalog names them.")] = "ds",
    catalog: Annotated[str | None, typer.Option(help="JSON, or a file of it: table -> its partition columns.")] = None,
    schedule: Annotated[str | None, typer.Option(help="@daily, @hourly, @weekly, @monthly or a cron.")] = None,
    target: Annotated[str | None, typer.Option(help="The table that the text fills.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 2 where an error is found.")] = False,
    fix: Annotated[bool, typer.Option("--fix", help="Apply the safe fixes to the file.")] = False,
    format: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TEXT,  # noqa: A002
) -> None:
    """Tell which days of which tables a text reads, what it writes, and what is wrong with it."""
    from drawloom.run.advise import Question, advise_text, decode, fix_text, read_text

    path = None if file == "-" else Path(file)
    try:
        text = decode(sys.stdin.buffer.read(), "standard input") if path is None else read_text(path)
        question = Question.of(
            text,
            None if path is None else file,
            dialect=dialect,
            keys=tuple(key.strip() for key in keys.split(",") if key.strip()),
            catalog=catalog,
            schedule=schedule,
            target=target,
            project=_project(context.obj, path),
        )
        if fix and path:
            mended, count = fix_text(question)
            path.write_text(mended, encoding="utf-8")
            console(stderr=True).print(f"{counted(count, 'problem')} mended in {file}")
            question = replace(question, text=mended)
        found = advise_text(question)
    except InputError as error:
        if format is not Format.JSON:
            raise
        print_json({**_NOTHING, "problems": [problem.to_json() for problem in error.problems]})
        raise typer.Exit(error.exit_code) from error
    if format is Format.JSON:
        print_json(_json(found, question.schedule))
    else:
        _print(found)
    raise typer.Exit(2 if strict and errors(found.problems) else 0)


_NOTHING: dict[str, Any] = {"reads": {}, "writes": [], "waits": [], "lineage": {}}


def _project(named: Path | None, path: Path | None) -> Project | None:
    """The project that is named, or that the file is in; advice does not need one."""
    from drawloom.run.project import Project

    folders = [named] if named else [] if path is None else list(path.absolute().parents)
    home = next((folder for folder in folders if (folder / "drawloom.yml").is_file()), named)
    return Project.load(home) if home else None


def _json(found: Description, schedule: Schedule) -> dict[str, Any]:
    from drawloom.sql.describe import report

    told = report(found.reads, found.writes, found.lineage or {}, schedule)
    return {**told, "problems": [problem.to_json() for problem in found.problems]}


def _print(found: Description) -> None:
    out = console()
    if found.reads:
        table = grid("reads", "days", "known by")
        for read in found.reads:
            table.add_row(read.table, _days(read), read.how)
        out.print(table)
    if found.writes:
        writes = grid("writes", "mode", "partition")
        for write in found.writes:
            writes.add_row(write.table, write.mode, _partition(write))
        out.print(writes)
    print_problems(found.problems)
    out.print(problems_counted(found.problems))


def _days(read: Read) -> str:
    """Offsets from the run's day, or dates; those of a calendar for one run."""
    if read.how == "offset":
        return str(read.days)
    if read.how == "calendar" and read.measured:
        day, spans = read.measured[0]
        return f"{spans_text(spans)} on {day}"
    return spans_text(read.dates) if read.how == "fixed" else read.how


def _partition(write: Write) -> str:
    parts = (write.partition or {}).items()
    return ", ".join(f"{key} = {'any' if value is None else value}" for key, value in parts)
