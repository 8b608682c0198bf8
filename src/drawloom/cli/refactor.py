"""``drawloom rename`` and ``drawloom format``: texts that change without changing what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import unified_diff
from typing import TYPE_CHECKING, Annotated

import typer

from drawloom.cli.options import Exclude, Folder, Names, OutFormat, open_project
from drawloom.cli.output import Format, console, pluralize, print_json
from drawloom.model import refuse

if TYPE_CHECKING:
    from drawloom.run.project import Project
    from drawloom.run.refactor.format_specs import Formatted
    from drawloom.run.refactor.rename import Rename


def rename(
    context: typer.Context,
    old: Annotated[str, typer.Argument(help="The table, like core.rides.", show_default=False)],
    new: Annotated[str, typer.Argument(help="Its new name, like core.trips.", show_default=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the diff, and write nothing.")] = False,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Rename a table in all specs, drawloom.yml, macros and tests, and move its partitions; what is fresh stays fresh."""
    from drawloom.run.refactor.rename import apply_rename, plan_rename

    project = open_project(context, folder)
    if _finish_interrupted(project, old, new, dry_run=dry_run):
        if format is Format.JSON:
            print_json({"finished": True})
        else:
            console().print(f"finished the rename of {old} to {new}", markup=False, highlight=False)
        return
    made = plan_rename(project, old, new)
    if not dry_run:
        apply_rename(project, made)
    if format is Format.JSON:
        places = [{"file": place.file, "line": place.line} for place in made.left]
        print_json({"files": sorted(made.texts), "partitions": made.partitions, "left": places, "written": not dry_run})
    else:
        _print_rename(made, dry_run=dry_run)


def _finish_interrupted(project: Project, old: str, new: str, *, dry_run: bool) -> bool:
    """Finish the rename that was interrupted, and say whether there was one."""
    from drawloom.run.refactor.journal import Journal
    from drawloom.run.refactor.rename import finish_rename

    begun = Journal.load(project.config.root)
    if begun is None:
        return False
    if (begun.old.lower(), begun.new) != (old.lower(), new) or dry_run:
        message = f"The rename of {begun.old} to {begun.new} was interrupted."
        raise refuse("unfinished-rename", message, None, f"Finish it: `drawloom rename {begun.old} {begun.new}`.")
    finish_rename(project, begun)
    return True


def _print_rename(made: Rename, *, dry_run: bool) -> None:
    out = console()
    for file, (before, after) in made.texts.items():
        if dry_run:
            lines = unified_diff(before.splitlines(), after.splitlines(), f"a/{file}", f"b/{file}", "", "", 1, "")
            out.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
        else:
            out.print(f"changed {file}", markup=False, highlight=False)
    for place in made.left:
        out.print(f"left as it is, a comment or a text: {place}", markup=False, highlight=False, style="dim")
    what = "would move" if dry_run else "moved"
    text = f"{made.old} -> {made.new}: {pluralize(len(made.texts), 'file')}, {what} {pluralize(made.partitions, 'partition')}"
    out.print(text, markup=False, highlight=False)


def format_(
    context: typer.Context,
    names: Names = None,
    exclude: Exclude = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if a file is not formatted.")] = False,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Format the SQL of specs: lines and spaces only, so that nothing becomes stale. What is not safe is left and named."""
    from drawloom.run.refactor.format_specs import format_specs, write_formatted

    project = open_project(context, folder)
    found = format_specs(project, names or [], exclude or [])
    if not check:
        write_formatted(project.config.root, found)
    changed = [one.file for one in found if one.changed]
    if format is Format.JSON:
        left = [problem.to_json() for one in found for problem in one.problems]
        print_json({"changed": changed, "left": left, "files": len(found), "written": not check})
    else:
        _print_formatted(found, check=check)
    raise typer.Exit(1 if check and changed else 0)


def _print_formatted(found: Sequence[Formatted], *, check: bool) -> None:
    out = console()
    for one in found:
        if one.changed:
            out.print(f"{'would format' if check else 'formatted'} {one.file}", markup=False, highlight=False)
        for problem in one.problems:
            out.print(f"left as it is: {problem}", markup=False, highlight=False, soft_wrap=True)
    changed = sum(one.changed for one in found)
    what = "to format" if check else "formatted"
    left = sum(bool(one.problems) for one in found)
    more = f", {left} left as they are" if left else ""
    out.print(f"{pluralize(len(found), 'file')}: {changed} {what}{more}", highlight=False)
