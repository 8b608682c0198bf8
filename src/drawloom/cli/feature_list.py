"""``drawloom features list``: what there is in all sets."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from drawloom.cli.options import Folder, OutFormat, open_project
from drawloom.cli.output import Format, console, grid, pluralize, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drawloom.run.features.find import FoundFeature


def list_(
    context: typer.Context,
    search: Annotated[
        str, typer.Option(help="Words that its name, definition, entity, source or owner has.", show_default=False)
    ] = "",
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """List the features of all sets: how each is defined, and whom it is about."""
    from drawloom.run.features.find import find_features

    found = find_features(open_project(context, folder), search)
    if format is Format.JSON:
        print_json({"features": [{"set": one.set, "entity": one.entity, **asdict(one.feature)} for one in found]})
    else:
        _print(found)


def _print(found: Sequence[FoundFeature]) -> None:
    from rich.markup import escape

    table = grid("~feature", "definition", "of")
    for one in found:
        table.add_row(escape(one.name), escape(one.feature.sql), escape(one.entity))
    if found:
        console().print(table)
    console().print(pluralize(len(found), "feature"), markup=False)
