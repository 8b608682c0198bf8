"""``drawloom show``: the page of a spec in the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from drawloom.cli.options import Env, Folder, OutFormat, open_in
from drawloom.cli.output import Format, console, grid, pluralize, print_json
from drawloom.cli.terminal_charts import chart_lines, sparkline
from drawloom.frameworks.page_text import format_value
from drawloom.model import refuse

if TYPE_CHECKING:
    from rich.console import Console

    from drawloom.frameworks.page import Choice, DataColumn, DataTable
    from drawloom.run.pages import FactValue, PageData
    from drawloom.run.project import Project
    from drawloom.run.step_columns import ColumnRow

WIDTH = 80
TONES = {"good": "green", "bad": "red", "neutral": "yellow", "unknown": "yellow"}


def show(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(help="A pipeline, one of its tables, or a family; a list of them without.", show_default=False),
    ] = None,
    brief: Annotated[bool, typer.Option("--brief", help="The verdict and the facts only.")] = False,
    env: Env = None,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Show the page of a spec: a verdict, facts, charts and tables. What a page lets you choose is an option, like --window 28."""
    from drawloom.run.column_notes import columns_of_page
    from drawloom.run.page_columns import page_with_columns
    from drawloom.run.pages import load_page

    project = open_in(context, folder, env)
    if name is None:
        _show_list(project, as_json=format is Format.JSON)
        return
    data = load_page(project, name, parse_choices(context.args))
    if format is Format.JSON:
        print_json(page_with_columns(project, name, data))
        return
    out = console(width=WIDTH)
    print_page(replace(data, blocks=()) if brief else data, out, choices=not brief)
    if not brief:
        _print_columns(*columns_of_page(project, name), out)


def _show_list(project: Project, *, as_json: bool) -> None:
    """Print the names that have pages: pipelines, and families."""
    from rich.markup import escape

    found = [(p.name, p.kind, p.description.strip().partition("\n")[0]) for p in project.pipelines]
    found += [(f.name, "family", pluralize(len(f.members), "table")) for f in project.families]
    if as_json:
        print_json([dict(zip(("name", "kind", "description"), row, strict=True)) for row in found])
        return
    table = grid("name", "kind", "~what it is")
    for row in sorted(found):
        table.add_row(*map(escape, row))
    console(width=WIDTH).print(table)


def _print_columns(table: str, rows: Sequence[ColumnRow], out: Console) -> None:
    """Print the columns of which somebody said something, with where that was said."""
    from rich.markup import escape

    said = [row for row in rows if row.description or row.tags]
    if not said:
        return
    out.print(f"\n[bold]Columns of {escape(table)}[/]")
    shown = grid("~column", "type", "what it is")
    for row in said:
        parts = [row.description.strip(), f"tagged {', '.join(row.tags)}" if row.tags else ""]
        parts += [f"from {', '.join(row.noted_at)}" if row.noted_at else ""]
        shown.add_row(escape(row.name), escape(row.type), escape("\n".join(filter(None, parts))))
    out.print(shown)


def parse_choices(arguments: Sequence[str]) -> dict[str, str]:
    """Choices out of ``--name value`` and ``--name=value``; a value may stand alone, as in ``--absolute``.

    Raises:
        InputError: something else is among them.
    """
    chosen: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if not name.startswith("--") or name == "--":
            raise refuse("bad-choice", f"choice == {name!r}, must be given as --name value.")
        is_alone = not equals and (not rest or rest[0].startswith("--"))
        chosen[name.removeprefix("--").replace("-", "_")] = value if equals or is_alone else rest.pop(0)
    return chosen


def print_page(data: PageData, out: Console, *, choices: bool = True) -> None:
    """Print a page, 80 columns wide; with what may be chosen on it."""
    from rich.markup import escape

    from drawloom.frameworks.page import Chart

    page = data.page
    day = next((f" on {fact.day}" for fact in data.facts if fact.day), "")
    out.print(f"[bold]{escape(page.title)}[/]{day}")
    if page.description:
        out.print(f"[dim]{escape(page.description.strip())}[/]")
    if data.verdict:
        out.print(f"[{TONES[data.verdict.tone]}]{escape(data.verdict.text)}[/]")
    _print_facts(data.facts, out)
    for block, rows in data.blocks:
        out.print(f"\n[bold]{escape(block.title)}[/]")
        if not rows:
            out.print(f"[dim]{escape(block.empty)}[/]")
        elif isinstance(block, Chart):
            for line in chart_lines(block, rows, WIDTH):
                out.print(line, no_wrap=True, overflow="crop")
        else:
            out.print(_table(block, rows))
        if block.caption and rows:
            out.print(f"[dim]{escape(block.caption)}[/]")
    _print_choices(page.choices if choices else (), out)


def _print_facts(facts: Iterable[FactValue], out: Console) -> None:
    from rich.markup import escape

    found = list(facts)
    with_history = [one for one in found if one.history]
    if with_history:
        spans = sorted({days for one in with_history for days in one.changes})
        table = grid("", ">now", *(f">{pluralize(days, 'day')}" for days in spans), "by day")
        for one in with_history:
            changes = [_change(one.changes.get(days), higher_is_better=one.fact.higher_is_better) for days in spans]
            value = format_value(one.value, one.fact.format) or "-"
            table.add_row(escape(one.fact.label), escape(value), *changes, sparkline(one.history[-28:]))
        out.print(table)
    for one in found:
        if not one.history:
            note = f" [dim]{escape(one.fact.note)}[/]" if one.fact.note else ""
            value = format_value(one.value, one.fact.format) or "-"
            out.print(f"{escape(one.fact.label)} [bold]{escape(value)}[/]{note}")


def _change(part: float | None, *, higher_is_better: bool | None) -> str:
    if part is None:
        return ""
    if higher_is_better is None or not part:
        return f"{part:+.1%}"
    return f"[{'green' if (part > 0) == higher_is_better else 'red'}]{part:+.1%}[/]"


def _table(block: DataTable, rows: Sequence[Mapping[str, Any]]) -> Any:
    from rich.markup import escape

    from drawloom.frameworks.page import DataColumn

    columns = block.columns or tuple(DataColumn(key) for key in rows[0])
    table = grid(
        *(f"{'>' if _is_number(column, rows) else ''}{escape(column.label or column.name)}" for column in columns)
    )
    for row in rows:
        table.add_row(*(_cell(column, row) for column in columns))
    return table


def _cell(column: DataColumn, row: Mapping[str, Any]) -> str:
    from rich.markup import escape

    text = escape(format_value(row[column.name], column.format))
    colour = {"better": "green", "worse": "red"}.get(row[column.tone] if column.tone else "")
    return f"[{colour}]{text}[/]" if colour else text


def _is_number(column: DataColumn, rows: Sequence[Mapping[str, Any]]) -> bool:
    if column.format != "text":
        return True
    return any(isinstance(row[column.name], int | float | Decimal) and row[column.name] is not True for row in rows)


def _print_choices(choices: Sequence[Choice], out: Console) -> None:
    from rich.markup import escape

    if choices:
        out.print("\n[bold]To choose[/]")
    for choice in choices:
        if len(choice.values) == 1:
            continue  # there is nothing to choose
        values = "|".join(choice.values) or "latest|a day"
        out.print(f"  {choice.flag} {escape(choice.value)} [dim]{escape(f'{choice.label} ({values})')}[/]")
