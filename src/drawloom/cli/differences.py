"""How a difference looks."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from drawloom.cli.output import console, grid, number

if TYPE_CHECKING:
    from drawloom.run.diff import Difference


def difference_json(found: Difference) -> dict[str, Any]:
    """All counts, for machines."""
    return {**asdict(found), "same": found.same}


def print_difference(found: Difference) -> None:
    """Counts of rows, then of changed values by column."""
    out = console()
    by = f" by {', '.join(found.key)}" if found.key else ""
    out.print(f"[bold]{found.table}[/] {found.ds}: stored against what would be written{by}")
    table = grid("", ">rows")
    counts = {
        "stored": found.stored_rows,
        "new": found.new_rows,
        "added": found.added,
        "removed": found.removed,
        "changed": found.changed,
    }
    for name, count in counts.items():
        table.add_row(name, number(count))
    out.print(table)
    if found.cells:
        cells = grid("column", ">changed values")
        for name, count in found.cells.items():
            cells.add_row(name, number(count))
        out.print(cells)
    for name in found.columns_added:
        out.print(f"[green]+[/] column {name}")
    for name in found.columns_removed:
        out.print(f"[red]-[/] column {name}")
    if found.same:
        out.print("Nothing would change.")
