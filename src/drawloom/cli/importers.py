"""``drawloom import``: projects of other tools."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drawloom.cli.options import OutFormat, day_of
from drawloom.cli.output import Format, console, grid, pluralize, print_json

if TYPE_CHECKING:
    from drawloom.model import Problem
    from drawloom.run.importers.imported import Imported, ImportedFile, Outcome

WIDTH = 80
OUTCOMES: tuple[Outcome, ...] = ("imported", "with notes", "not understood", "left out")


class Tool(StrEnum):
    """The tools whose projects can be imported."""

    DBT = "dbt"
    SQLMESH = "sqlmesh"
    BIGQUERY_ETL = "bigquery-etl"


def import_(
    tool: Annotated[Tool, typer.Argument(help="The tool whose project it is.", show_default=False)],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of that project.", show_default=False)],
    into: Annotated[
        Path | None,
        typer.Option(help="The folder to write; without it, only the report is printed.", show_default=False),
    ] = None,
    dialect: Annotated[
        str | None, typer.Option(help="The dialect of its SQL, where the project does not say.", show_default=False)
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(metavar="DAY", help="The first day of history.  [default: yesterday]", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that differ.")] = False,
    all_: Annotated[bool, typer.Option("--all", help="List files without notes, too.")] = False,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Turn a project of another tool into specs, and report what of it is not understood."""
    from drawloom.run.importers.front import import_project
    from drawloom.run.importers.write import write_imported

    made = import_project(tool.value, folder, dialect)
    wrote = write_imported(made, into, start=day_of(start, "--start"), force=force) if into else []
    if format is Format.JSON:
        print_json(_as_json(made, wrote))
    else:
        _print(made, into, wrote, show_all=all_)


def _print(made: Imported, into: Path | None, wrote: Sequence[Path], *, show_all: bool) -> None:
    from rich.text import Text

    out = console(width=WIDTH)
    table = grid("~file", "result", "~why, and what to do")
    files = [made.files[name] for name in sorted(made.files)]
    shown = [file for file in files if show_all or file.problems]
    for file in shown:
        table.add_row(*(Text(text) for text in (file.file, file.outcome, _why(file))))
    if shown:
        out.print(table)
    counts = Counter(file.outcome for file in files)
    parts = ", ".join(f"{counts[one]} {one}" for one in OUTCOMES if counts[one])
    out.print(f"{pluralize(len(files), 'file')}: {parts or 'nothing to import'}", markup=False)
    if into:
        out.print(f"wrote {pluralize(len(wrote), 'file')} to {into}", markup=False, soft_wrap=True)
        out.print(f"Next: drawloom -C {into} check", markup=False, soft_wrap=True)
    else:
        out.print("Nothing was written; give --into DIR.", markup=False)


def _why(file: ImportedFile) -> str:
    return "\n".join(f"{_line(one)}{one.message}{_fix(one)}" for one in file.problems) or ", ".join(file.wrote)


def _line(problem: Problem) -> str:
    return f"line {problem.where.line}: " if problem.where.line else ""


def _fix(problem: Problem) -> str:
    return f" -> {problem.fix.title}" if problem.fix else ""


def _as_json(made: Imported, wrote: Sequence[Path]) -> dict[str, object]:
    files = [
        {
            "file": file.file,
            "result": file.outcome,
            "wrote": file.wrote,
            "problems": [problem.to_json() for problem in file.problems],
        }
        for _, file in sorted(made.files.items())
    ]
    return {"files": files, "sources": sorted(made.sources), "wrote": [str(path) for path in wrote]}
