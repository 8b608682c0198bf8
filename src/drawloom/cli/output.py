"""What all commands print with: the console, tables, problems, JSON, and the formats of numbers."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from drawloom.model import Problem
from drawloom.model.json_text import blob_text, json_text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


class Format(StrEnum):
    """The output format."""

    TEXT = "text"
    JSON = "json"


COLOURS = {"error": "red", "warn": "yellow", "info": "cyan"}


def console(*, stderr: bool = False, width: int | None = None) -> Console:
    """A console on the current standard output or error: as wide as given, or the terminal, or 160 columns without one."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = width or (None if stream.isatty() else 160)
    return Console(file=stream, width=width, highlight=False, soft_wrap=False)


def print_json(value: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(json_text(value) + "\n")


def grid(*headings: str, title: str | None = None) -> Table:
    """An empty table in the style of all commands.

    A heading that begins with > is aligned to the right. Where the terminal is narrow, texts wrap between words, and a
    word that does not fit is cut with an ellipsis; a column whose heading begins with ~ keeps all of it.
    """
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for heading in headings:
        wraps = heading.startswith("~")
        table.add_column(
            heading.lstrip(">~"),
            justify="right" if heading.startswith(">") else "left",
            no_wrap=heading.startswith(">"),
            overflow="fold" if wraps else "ellipsis",
        )
    return table


def print_problems(problems: Iterable[Problem], *, stderr: bool = False) -> None:
    """Print each problem with its place, message and fix."""
    from rich.markup import escape

    out = console(stderr=stderr)
    for problem in problems:
        colour = COLOURS[problem.severity]
        place = f"{problem.where}: " if str(problem.where) else ""
        out.print(f"[bold]{escape(place)}[/][{colour}]{problem.severity}[/] [dim]{problem.code}[/]", soft_wrap=True)
        out.print(f"  {escape(problem.message)}", soft_wrap=True)
        if problem.fix:
            out.print(f"  [green]->[/] {escape(problem.fix.title)}", soft_wrap=True)


def count_problems(problems: Sequence[Problem]) -> str:
    """Such as ``2 errors, 1 warning``."""
    names = {"error": "error", "warn": "warning", "info": "note"}
    counts = {severity: sum(p.severity == severity for p in problems) for severity in names}
    return ", ".join(pluralize(n, names[severity]) for severity, n in counts.items() if n) or "no problems"


def pluralize(count: int, noun: str) -> str:
    """Such as ``1 file`` and ``2 files``."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def number(value: float) -> str:
    """A count with commas between thousands; a float with two decimals."""
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"


def size_text(count: int) -> str:
    """A number of bytes, such as ``1.2 MB``."""
    size, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB", "PB"):
        if size < 999.5:
            break
        size, unit = size / 1000, larger
    return f"{size:.1f} {unit}" if unit != "B" and size < 9.95 else f"{size:,.0f} {unit}"


def value_text(value: Any) -> str:
    """A value of a query result, as markup; the text null is in quotes, as NULL is not."""
    from rich.markup import escape

    if value is None:
        return "[dim]null[/]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e16 else f"{value:.15g}"
    if isinstance(value, bytes):
        return escape(blob_text(value))
    return escape(f"'{value}'" if isinstance(value, str) and value.lower() == "null" else str(value))
