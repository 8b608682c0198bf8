"""DuckDB's errors, and the disk's, as ours."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from drawloom.model import Fix, Problem, RunError

_LINE = re.compile(r"\bLINE (\d+):")
_OURS = "drawloom: "
_CODES: dict[type[duckdb.Error], str] = {
    duckdb.IOException: "engine-io",
    duckdb.OutOfMemoryException: "engine-memory",
    duckdb.InterruptException: "interrupted",
}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def engine_errors(shift: int = 0) -> Iterator[None]:
    """Raise what DuckDB raises as RunError; ``shift`` lines stand before the user's text."""
    try:
        yield
    except duckdb.Error as error:
        raise RunError(engine_problem(error, shift)) from error


def engine_problem(error: duckdb.Error, shift: int = 0) -> Problem:
    """DuckDB's message, with the line counted in the user's text."""
    text = str(error)
    if _OURS in text:
        code, _, message = text.split(_OURS, 1)[1].partition(": ")
        return Problem(code, "error", message)
    code = _CODES.get(type(error), "engine-error")
    return Problem(code, "error", _LINE.sub(lambda found: f"LINE {int(found[1]) - shift}:", text))


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Raise what the system says of a path in the lake as RunError."""
    try:
        yield
    except OSError as error:
        raise RunError(disk_problem(path, error)) from error


def disk_problem(path: Path, error: OSError) -> Problem:
    """What the system says of a path, and what to do."""
    if error.errno in _DENIED:
        fix = Fix("Give this user the right to write there, or set `lake` to another folder.")
        return Problem("read-only", "error", f"lake == {str(path)!r}, must be writable: {error.strerror}.", fix=fix)
    room = Fix("Make room on the disk; nothing was published.") if error.errno == errno.ENOSPC else None
    return Problem("engine-io", "error", f"file == {str(path)!r}, could not be written: {error.strerror}.", fix=room)
