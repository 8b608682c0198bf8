"""DuckDB's errors as ours."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from drawloom.model import Fix, Problem, RunError

_LINE = re.compile(r"\bLINE (\d+):")
_INNER = re.compile(r'Async write failed for range .*"exception_message":"((?:[^"\\]|\\.)*)".*')
_OURS = "drawloom: "
_FULL = "No space left on device"
_CODES: dict[type[duckdb.Error], str] = {
    duckdb.IOException: "engine-io",
    duckdb.OutOfMemoryException: "engine-memory",
    duckdb.InterruptException: "interrupted",
}


@contextmanager
def engine_errors(shift: int = 0) -> Iterator[None]:
    """Raise what DuckDB raises as RunError; ``shift`` lines stand before the user's text."""
    try:
        yield
    except duckdb.Error as error:
        raise RunError(engine_problem(error, shift)) from error


def engine_problem(error: duckdb.Error, shift: int = 0) -> Problem:
    """DuckDB's message, with the line counted in the user's text."""
    text = _INNER.sub(lambda found: json.loads(f'"{found[1]}"'), str(error))
    if _OURS in text:
        code, _, message = text.split(_OURS, 1)[1].partition(": ")
        return Problem(code, "error", message)
    if _FULL in text:
        fix = Fix("Make room on the disk; nothing was published.")
        return Problem("engine-io", "error", f"disk == full: {text.replace('IO Error: ', '')}.", fix=fix)
    code = _CODES.get(type(error), "engine-error")
    return Problem(code, "error", _LINE.sub(lambda found: f"LINE {int(found[1]) - shift}:", text))
