"""What an engine says of a text, with the line of our SQL that it means."""

from __future__ import annotations

import re

from drawloom.model import Fix, Problem

_PLACE = re.compile(r"line (\d+)(?:, ?| )?:?(?:pos(?:ition)? )?(\d+)")


def marked(code: str, said: str, sql: str, place: tuple[int, int] | None) -> Problem:
    """The engine's message, and the line of the text with the column, both from 1, underlined."""
    lines = sql.splitlines()
    if not place or not 1 <= place[0] <= len(lines):
        return Problem(code, "error", said)
    line, column = place
    text = lines[line - 1]
    return Problem(code, "error", f"{said}\nLINE {line}: {text}\n{' ' * (len(f'LINE {line}: ') + column - 1)}^")


def place_in(said: str) -> tuple[int, int] | None:
    """The line and column that a message names."""
    found = _PLACE.search(said)
    return (int(found[1]), int(found[2])) if found else None


def unreachable(engine: str, address: str, error: object, tried: str) -> Problem:
    """An engine that does not answer: by its name, its address, and what was tried."""
    message = f"{engine} == {address}, must answer; tried {tried}: {first_line(error)}"
    fix = Fix(f"Start it, or set `engine: {{kind: {engine}, url: ...}}` in drawloom.yml. Nothing was run.")
    return Problem("engine-unreachable", "error", message, fix=fix)


def first_line(error: object) -> str:
    """The first line of a message that says something."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def not_by_day(table: str, keys: str) -> Problem:
    """A table that is there and has other partitions than days."""
    message = f"{table} is partitioned by {keys or 'nothing'}, must be partitioned by ds (a DATE) and nothing else."
    return Problem("not-by-day", "error", message, fix=Fix("Fill another table, or move the old one out of the way."))
