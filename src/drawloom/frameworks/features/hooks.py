"""Callbacks of a set: the user's functions that are called with what was made, and may refuse it."""

from __future__ import annotations

import traceback
from pathlib import Path

from drawloom.model import DrawloomError, Problem, RunError, Where
from drawloom.specs.load import find_function


def call_hook(field: str, name: str, made: object, folder: Path) -> None:
    """Call a function with what was made.

    Args:
        field: the field of the spec, such as ``on_scored``.
        name: the function as ``module:function``.
        made: its argument.
        folder: the project's, where its module is imported from if it has not been yet.

    Raises:
        RunError: it raises; what was made must not be used.
    """
    try:
        find_function(name, folder)(made)
    except DrawloomError:
        raise
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        message = f"The callback {field} == {name} raised {type(error).__name__}: {error}."
        raise RunError(Problem("callback-failed", "error", message, Where(frame.filename, frame.lineno))) from error
