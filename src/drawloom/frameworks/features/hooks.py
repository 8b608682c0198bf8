"""Callbacks of a set: the user's functions that are called with what was made, and may refuse it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path

from drawloom.frameworks.pipeline_json import function_name
from drawloom.model import DrawloomError, Problem, RunError, Where
from drawloom.specs.load import find_function


def call_hook(field: str, hook: str | Callable[..., object], made: object, folder: Path = Path()) -> None:
    """Call a function with what was made.

    Args:
        field: the field of the spec, such as ``on_scored``.
        hook: the function, or its name as ``module:function``.
        made: its argument.
        folder: the project's, where the module of a name is imported from if it has not been yet.

    Raises:
        RunError: it raises; what was made must not be used.
    """
    name = hook if isinstance(hook, str) else function_name(hook)
    try:
        (find_function(hook, folder) if isinstance(hook, str) else hook)(made)
    except DrawloomError:
        raise
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        message = f"The callback {field} == {name} raised {type(error).__name__}: {error}."
        raise RunError(Problem("callback-failed", "error", message, Where(frame.filename, frame.lineno))) from error
