"""Options that several commands share."""

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
OutFormat = Annotated[Format, typer.Option("--format", help="The output format.")]
Names = Annotated[
    list[str] | None,
    typer.Argument(
        help="Pipelines, tables or selectors: 'core.*' (quoted, as shells expand it), +NAME or NAME+ with all that is"
        " up- or downstream, 2+NAME with two hops, tag:WORD, owner:WHO, kind:KIND, path:FOLDER, state:changed;"
        " A,B is what is in both. All by default.",
        show_default=False,
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(help="Leave out what this selector selects; can be given several times.", show_default=False),
]
Day = Annotated[str | None, typer.Option("--ds", help="One day, like 2026-01-31.", show_default=False)]
First = Annotated[str | None, typer.Option("--from", help="The first day of a range.", show_default=False)]
Last = Annotated[str | None, typer.Option("--to", help="The last day of a range.", show_default=False)]


def open_project(context: typer.Context, folder: Path | None) -> Project:
    """Open the project given by -C (before or after the command), DRAWLOOM_PROJECT, or the folders above this one.

    It is closed when the command ends.
    """
    from drawloom.run.project import Project

    project = Project.load(folder or context.obj or _find_upwards(Path.cwd()))
    context.call_on_close(project.close)
    return project


def day_of(text: str | None, option: str) -> date | None:
    """The date of an option.

    Raises:
        InputError: it is not a date.
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refuse("bad-day", f"{option} == {text!r}, must be a day like 2026-01-31.") from None


def days_of(ds: str | None, first: str | None, last: str | None) -> tuple[date | None, date | None]:
    """The range of --ds, or of --from and --to; None where it is open.

    Raises:
        InputError: they are not dates, in the wrong order, or mixed.
    """
    if ds is not None and (first is not None or last is not None):
        raise refuse("bad-range", "--ds cannot be combined with --from or --to.", fix="Use one or the other.")
    if ds is not None:
        return day_of(ds, "--ds"), day_of(ds, "--ds")
    start, end = day_of(first, "--from"), day_of(last, "--to")
    if start and end and end < start:
        raise refuse("bad-range", f"--from == {start}, must not be after --to == {end}.", fix="Swap them.")
    return start, end


def _find_upwards(folder: Path) -> Path:
    found = (path for path in (folder, *folder.parents) if (path / "drawloom.yml").is_file())
    return next(found, folder)
