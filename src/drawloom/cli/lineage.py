"""``drawloom lineage``: what a table or column is made of, and what is made of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from drawloom.cli.options import Folder, open_project
from drawloom.cli.output import console, print_json
from drawloom.model import refuse

if TYPE_CHECKING:
    from rich.tree import Tree

    from drawloom.run.lineage import Edge, Lineage


class LineageFormat(StrEnum):
    """How lineage is printed."""

    TEXT = "text"
    JSON = "json"
    MERMAID = "mermaid"


def lineage(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="A table, or a column like core.rides.fare.", show_default=False)
    ] = None,
    up: Annotated[bool, typer.Option("--up", help="Only what it is made of.")] = False,
    down: Annotated[bool, typer.Option("--down", help="Only what is made of it.")] = False,
    depth: Annotated[
        int | None, typer.Option(min=1, help="At most so many hops; all by default.", show_default=False)
    ] = None,
    openlineage: Annotated[
        bool, typer.Option("--openlineage", help="OpenLineage events, of the table or of all, a line each.")
    ] = False,
    folder: Folder = None,
    format: Annotated[LineageFormat, typer.Option("--format", help="The output format.")] = LineageFormat.TEXT,  # noqa: A002
) -> None:
    """Show what a table or a column is made of, and what is made of it."""
    from drawloom.run.lineage import ALL, find_lineage

    project = open_project(context, folder)
    if openlineage:
        from drawloom.run.openlineage import job_events

        for event in job_events(project, project.select([name] if name else [])):
            typer.echo(json.dumps(event, ensure_ascii=False))
        return
    if name is None:
        raise refuse("bad-name", "name is missing, must be a table or a column.", None, "drawloom lineage core.rides")
    found = find_lineage(project, name, up=up or not down, down=down or not up, depth=depth or ALL)
    match format:
        case LineageFormat.JSON:
            print_json({**asdict(found), "edges": [asdict(edge) for edge in found.edges]})
        case LineageFormat.MERMAID:
            console().print(mermaid(found), markup=False, soft_wrap=True)
        case _:
            _print_text(found)


def mermaid(found: Lineage) -> str:
    """The lineage as a Mermaid flowchart."""
    names = dict.fromkeys([found.name, *(end for edge in found.edges for end in (edge.source, edge.target))])
    ids = {name: f"n{number}" for number, name in enumerate(names)}
    labels = {name: f"{name}{_tagged(found, name)}".replace('"', "#quot;") for name in names}
    lines = ["flowchart LR", *(f'  {ids[name]}["{labels[name]}"]' for name in names)]
    arrows = {"filtered": "-.->", "transformed": "==>"}
    lines += [f"  {ids[e.source]} {arrows.get(e.how, '-->')} {ids[e.target]}" for e in dict.fromkeys(found.edges)]
    return "\n".join(lines)


def _print_text(found: Lineage) -> None:
    from rich.markup import escape
    from rich.tree import Tree

    out = console()
    for title, edges, upwards in (("is made of", found.up, True), ("is used by", found.down, False)):
        tree = Tree(f"[bold]{escape(found.name)}[/]{_tagged(found, found.name)} {title}", guide_style="dim")
        _grow(tree, found, found.name, edges, {found.name}, upwards=upwards)
        if edges:
            out.print(tree)
    if not found.edges:
        out.print(f"{escape(found.name)} is made of nothing that is known here, and nothing is made of it")
    for reason in found.unknown:
        out.print(f"[yellow]not all is known[/]: {escape(reason)}", soft_wrap=True)


def _tagged(found: Lineage, name: str) -> str:
    """The tags of a column, in words."""
    tags = found.tags.get(name, ())
    return f" (tagged {', '.join(tags)})" if tags else ""


def _grow(tree: Tree, found: Lineage, name: str, edges: tuple[Edge, ...], above: set[str], *, upwards: bool) -> None:
    """Hang what is next to a name under it; what only filters in one line."""
    from rich.markup import escape

    ends = [
        (edge, edge.source if upwards else edge.target)
        for edge in edges
        if name == (edge.target if upwards else edge.source)
    ]
    filters = [end for edge, end in dict.fromkeys(ends) if edge.how == "filtered"]
    for edge, end in dict.fromkeys(ends):
        if edge.how == "filtered":
            continue
        how = "" if edge.how == "read" else f" [dim]{edge.how}[/]"
        branch = tree.add(f"{escape(end)}{how}{_tagged(found, end)}")
        if end not in above:
            _grow(branch, found, end, edges, above | {end}, upwards=upwards)
    if filters:
        text = ", ".join(filters)
        tree.add(f"[dim]{'filtered by' if upwards else 'filters'}[/] {escape(text)}")
