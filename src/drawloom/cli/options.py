"""Options that commands share."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drawloom.cli.output import Format
from drawloom.model import refuse

if TYPE_CHECKING:
    from drawloom.run.project import Project

Folder = Annotated[
    Path | None,
    typer.Option("-C", "--project", envvar="DRAWLOOM_PROJECT", help="The project's folder.", show_default=False),
]
OutFormat = Annotated[Format, typer.Option("--format", help="How to print.")]
Names = Annotated[list[str] | None, typer.Argument(help="Pipelines or tables; all without.", show_default=False)]
Day = Annotated[str | None, typer.Option("--ds", help="One day, like 2026-01-31.", show_default=False)]
First = Annotated[str | None, typer.Option("--from", help="The first day of a range.", show_default=False)]
Last = Annotated[str | None, typer.Option("--to", help="The last day of a range.", show_default=False)]


def open_project(context: typer.Context, folder: Path | None) -> Project:
    """The project named by -C (before or after the command), DRAWLOOM_PROJECT, or the folders above this one.

    It is closed when the command ends.
    """
    from drawloom.run.project import Project

    project = Project.load(folder or context.obj or _upwards(Path.cwd()))
    context.call_on_close(project.close)
    return project


def day_of(text: str | None, option: str) -> date | None:
    """A date out of an option.

    Raises:
        InputError: it is none.
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refuse("bad-day", f"{option} == {text!r}, must be a day like 2026-01-31.") from None


def days_of(ds: str | None, first: str | None, last: str | None) -> tuple[date | None, date | None]:
    """The range that --ds, or --from and --to, name; None where open.

    Raises:
        InputError: they are no dates, are turned round, or are mixed.
    """
    if ds and (first or last):
        raise refuse("bad-range", "--ds == given with --from or --to, must stand alone.", fix="Use one or the other.")
    if ds:
        return day_of(ds, "--ds"), day_of(ds, "--ds")
    start, end = day_of(first, "--from"), day_of(last, "--to")
    if start and end and end < start:
        raise refuse("bad-range", f"--from == {start}, must not be after --to == {end}.", fix="Turn them round.")
    return start, end


def _upwards(folder: Path) -> Path:
    found = (path for path in (folder, *folder.parents) if (path / "drawloom.yml").is_file())
    return next(found, folder)
