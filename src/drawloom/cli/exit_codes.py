"""Runs a command in this process and turns errors into messages and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from drawloom.cli.output import print_json, print_problems
from drawloom.model import DrawloomError

_LACKS_MEMORY = ("failed to map segment", "cannot allocate memory", "can't start new thread", "out of memory")


def run_with_exit_code(app: Callable[..., Any], arguments: Sequence[str]) -> int:
    """Run a command line app; return 0 for success, 1 for a failed run, 2 for bad input, 3 for waiting for data."""
    try:
        code = _run(app, arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        sys.stderr.write(f"error: {error.filename or 'standard output'}: {error.strerror or error}.\n")
        _discard_output()
        return 1
    except Exception as error:
        if not _is_lack_of_memory(error):
            raise
        sys.stderr.write("error: there is not enough memory. Raise its limit, or lower `memory` in drawloom.yml.\n")
        return 1
    return code


def _run(app: Callable[..., Any], arguments: Sequence[str]) -> int:
    try:
        app(list(arguments), prog_name="drawloom")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except DrawloomError as error:
        _print_error(error, as_json=_wants_json(arguments))
        return error.exit_code
    return 0


def _is_lack_of_memory(error: Exception) -> bool:
    """Whether memory ran out, which importing a library, starting a thread and DuckDB say in ways of their own."""
    if isinstance(error, MemoryError):
        return True
    text = str(error).lower()
    return any(words in text for words in _LACKS_MEMORY)


def _discard_output() -> None:
    """Let Python flush what it still holds, when it exits, to nowhere."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _wants_json(arguments: Sequence[str]) -> bool:
    joined = " ".join(arguments)
    return "--format json" in joined or "--format=json" in joined


def _print_error(error: DrawloomError, *, as_json: bool) -> None:
    if as_json:
        print_json({"problems": [problem.to_json() for problem in error.problems]})
    else:
        print_problems(error.problems, stderr=True)
