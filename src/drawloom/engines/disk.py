"""What the system says of files in the lake, as our errors."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drawloom.model import Fix, Problem, RunError

_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


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
