"""``drawloom advise``: what a text reads and writes, day by day, and what is wrong with it; needs no project."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from drawloom.cli.output import Format, console, count_problems, grid, pluralize, print_json, print_problems
from drawloom.model import InputError, errors, refuse
from drawloom.model.day_rules import rule_text

if TYPE_CHECKING:
    from drawloom.run.project import Project
    from drawloom.sql import Analysis
    from drawloom.sql.catalog import Catalog
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
    macros: Annotated[
        Path | None, typer.Option(help="A folder with macros, as dbt's; that of the project by default.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 2 where an error is found.")] = False,
    fix: Annotated[bool, typer.Option("--fix", help="Apply the safe fixes to the file.")] = False,
    format: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TEXT,  # noqa: A002
) -> None:
    """Tell which days of which tables a text reads, what it writes, and what is wrong with it."""
    from drawloom.run.advise import LintRequest, decode, fix_text, lint_text, read_text

    path = None if file == "-" else Path(file)
    if path and path.suffix.lower() in {".yml", ".yaml"}:
        hint = "`drawloom check` checks specs, and `drawloom compile` shows their SQL."
        raise refuse("not-sql", f"file == {file!r}, must be SQL; this is a spec.", None, hint)
    try:
        text = decode(sys.stdin.buffer.read(), "standard input") if path is None else read_text(path)
        project = _find_project(context.obj, path)
        request = LintRequest.from_text(
            text,
            None if path is None else file,
            dialect=dialect,
            keys=tuple(key.strip() for key in keys.split(",") if key.strip()),
            catalog=catalog,
            schedule=schedule,
            target=target,
            known_tables=_known_tables(project) if project and catalog is None else None,
            default_schedule=project.config.defaults.schedule if project else "@daily",
            timezone=project.config.timezone if project else "UTC",
            macros=_macros(macros, project),
        )
        if fix and path:
            fixed, count = fix_text(request)
            path.write_text(fixed, encoding="utf-8")
            console(stderr=True).print(f"{pluralize(count, 'problem')} fixed in {file}", markup=False)
            request = replace(request, text=fixed)
        analysis = lint_text(request)
    except InputError as error:
        if format is not Format.JSON:
            raise
        print_json({**_EMPTY, "problems": [problem.to_json() for problem in error.problems]})
        raise typer.Exit(error.exit_code) from error
    if format is Format.JSON:
        from drawloom.run.as_json import advice_json

        print_json(advice_json(analysis, request.schedule))
    else:
        _print(analysis)
    raise typer.Exit(2 if strict and errors(analysis.problems) else 0)


def _macros(named: Path | None, project: Project | None) -> Path | None:
    if named and not named.is_dir():
        raise refuse("missing-file", f"--macros == {str(named)!r}, must be a folder.")
    return named or (project.config.root / "macros" if project else None)


_EMPTY: dict[str, Any] = {"reads": {}, "writes": [], "waits": [], "lineage": {}}


def _find_project(named: Path | None, path: Path | None) -> Project | None:
    """The project of ``--project``, else the one that the file lies in, if any."""
    folders = [named] if named else [] if path is None else list(path.absolute().parents)
    home = next((folder for folder in folders if (folder / "drawloom.yml").is_file()), named)
    if home is None:
        return None
    from drawloom.run.project import Project

    return Project.load(home)


def _known_tables(project: Project) -> Catalog:
    """The catalog of a project, with what its statistics say of NULLs."""
    from drawloom.run.stats.nulls import with_nulls

    return with_nulls(project, project.catalog)


def _print(analysis: Analysis) -> None:
    from rich.markup import escape

    out = console()
    if analysis.reads:
        reads = grid("reads", "days", "known by")
        for read in analysis.reads:
            reads.add_row(escape(read.table), rule_text(read), read.how)
        out.print(reads)
    if analysis.writes:
        writes = grid("writes", "mode", "partition")
        for write in analysis.writes:
            writes.add_row(escape(write.table), write.mode, escape(_partition(write)))
        out.print(writes)
    print_problems(analysis.problems)
    out.print(count_problems(analysis.problems))


def _partition(write: Write) -> str:
    parts = (write.partition or {}).items()
    return ", ".join(f"{key} = {'any' if value is None else value}" for key, value in parts)
