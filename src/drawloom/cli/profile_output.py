"""How ``--profile`` shows where the time went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drawloom.cli.output import console, grid

if TYPE_CHECKING:
    from drawloom.run.profile import Profile

MOST_TABLES = 20
COLUMNS = ("stage", "check", "publish")


def print_profile(profile: Profile) -> None:
    """Print the phases, then the slowest tables with what their time went on."""
    from rich.markup import escape

    out, total = console(), profile.seconds
    phases = grid("phase", ">seconds", ">share")
    for one in profile.spent:
        if not one.table:
            phases.add_row(one.phase, f"{one.seconds:,.2f}", f"{one.seconds / total:.0%}")
    out.print(phases)
    found: dict[str, dict[str, float]] = {}
    for one in profile.spent:
        if one.table:
            found.setdefault(one.table, {})[one.phase] = one.seconds
    if found:
        tables = grid("~table", *(f">{name}" for name in COLUMNS), ">seconds")
        for name in sorted(found, key=lambda name: -sum(found[name].values()))[:MOST_TABLES]:
            parts = [f"{found[name].get(phase, 0.0):,.2f}" for phase in COLUMNS]
            tables.add_row(escape(name), *parts, f"{sum(found[name].values()):,.2f}")
        out.print(tables)
    more = f"; {len(found) - MOST_TABLES} tables more are in --format json" if len(found) > MOST_TABLES else ""
    beside = ", in which steps ran side by side" if found else ""
    out.print(f"{total:,.2f} s since the project was opened{beside}{more}")
