"""Errors of engines with a catalog: messages that point at a line of the SQL, unreachable servers, wrong partitioning."""

from __future__ import annotations

import re

from drawloom.model import Fix, Problem

_PLACE = re.compile(r"line (\d+)(?:, ?| )?:?(?:pos(?:ition)? )?(\d+)")


def point_at(code: str, message: str, sql: str, place: tuple[int, int] | None) -> Problem:
    """The engine's message with the line of the SQL text, and a mark under the column; both count from 1."""
    lines = sql.splitlines()
    if not place or not 1 <= place[0] <= len(lines):
        return Problem(code, "error", message)
    line, column = place
    text = lines[line - 1]
    return Problem(code, "error", f"{message}\nLINE {line}: {text}\n{' ' * (len(f'LINE {line}: ') + column - 1)}^")


def error_position(message: str) -> tuple[int, int] | None:
    """The line and column in a message."""
    found = _PLACE.search(message)
    return (int(found[1]), int(found[2])) if found else None


def unreachable(engine: str, address: str, error: object, tried: str) -> Problem:
    """The problem that an engine does not answer; ``tried`` is the failed operation, such as "to run a query"."""
    message = f"{engine} at {address} does not answer; tried {tried}: {first_line(error)}"
    fix = Fix(f"Start it, or set `engine: {{kind: {engine}, url: ...}}` in drawloom.yml. Nothing was run.")
    return Problem("engine-unreachable", "error", message, fix=fix)


def first_line(error: object) -> str:
    """The first line of a message that is not empty."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def wrong_partitioning(table: str, keys: str) -> Problem:
    """The problem that a table exists and is not partitioned by day."""
    message = f"{table} is partitioned by {keys or 'nothing'}, must be partitioned by ds (a DATE) and nothing else."
    return Problem("not-by-day", "error", message, fix=Fix("Fill another table, or rename the old one."))
