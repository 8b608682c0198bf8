"""Options that several commands share."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drawloom.cli.output import Format
from drawloom.model import refuse

if TYPE_CHECKING:
    from drawloom.run.environments.environment import Environment
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
Env = Annotated[
    str | None,
    typer.Option("--env", help="An environment, like dev, that lies over production.", show_default=False),
]
WithProfile = Annotated[bool, typer.Option("--profile", help="Show where the time went, too.")]
Days = Annotated[
    int | None, typer.Option("--days", min=1, help="Only the last so many days of the history.", show_default=False)
]


def open_in(context: typer.Context, folder: Path | None, environment: str | None, days: int | None = None) -> Project:
    """The project, or an environment of it where one is named."""
    if environment is None:
        if days is not None:
            raise refuse("bad-range", f"--days == {days}, must be given with --env.", fix="Use --from and --to.")
        return open_project(context, folder)
    return open_environment(context, folder, environment, days)


def open_environment(
    context: typer.Context, folder: Path | None, name: str, days: int | None = None, *, must_exist: bool = False
) -> Environment:
    """An environment of the project; with ``must_exist`` one that was run before.

    Raises:
        InputError: there is none of this name.
    """
    from drawloom.run.environments.environment import Environment
    from drawloom.run.environments.existing import find

    project = open_project(context, folder)
    if must_exist:
        find(project, name)
    first = project.history.end - timedelta(days=days - 1) if days else None
    environment = Environment(project.config, name, first)
    context.call_on_close(environment.close)
    return environment


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
