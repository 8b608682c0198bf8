"""How a landing looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drawloom.cli.output import console, counted, grid

if TYPE_CHECKING:
    from drawloom.run.land import Landed


def landing_json(landed: Landed) -> dict[str, Any]:
    """All of it, for machines."""
    return {
        "table": landed.table,
        "files": list(landed.files),
        "known": list(landed.known),
        "days": {ds.isoformat(): rows for ds, rows in (landed.days or {}).items()},
        "gaps": [ds.isoformat() for ds in landed.gaps],
        "columns": {column.name: column.type for column in landed.columns},
        "guessed": landed.guessed,
        "delimiter": landed.delimiter,
    }


def print_landing(landed: Landed) -> None:
    """Files, days and rows; types where they were inferred, and days without rows."""
    out = console()
    if landed.known:
        out.print(f"{counted(len(landed.known), 'file')} landed before, left as they are")
    if not landed.days:
        return
    days = sorted(landed.days)
    rows = sum(landed.days.values())
    span = f"{days[0]} .. {days[-1]}"
    out.print(
        f"[bold]{landed.table}[/]: {counted(rows, 'row')} of {counted(len(landed.files), 'file')} in "
        f"{counted(len(days), 'partition')}, {span}"
    )
    if landed.guessed:
        table = grid("column", "type")
        for column in landed.columns:
            table.add_row(column.name, column.type)
        out.print("Types as every value allows them; they are declared from now on:")
        out.print(table)
    if landed.gaps:
        shown = ", ".join(str(ds) for ds in landed.gaps[:5]) + (", ..." if len(landed.gaps) > 5 else "")
        out.print(f"[yellow]{counted(len(landed.gaps), 'day')} between without rows[/]: {shown}")
        out.print("  Steps wait for them. Land them as empty with --empty-days, if they are.")
