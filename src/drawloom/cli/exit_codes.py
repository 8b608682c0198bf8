"""Runs a command in this process and turns errors into messages and exit codes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from drawloom.cli.output import print_json, print_problems
from drawloom.model import DrawloomError


def run_with_exit_code(app: Callable[..., Any], arguments: Sequence[str]) -> int:
    """Run a command line app; return 0 for success, 1 for a failed run, 2 for bad input, 3 for waiting for data."""
    try:
        app(list(arguments), prog_name="drawloom")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except DrawloomError as error:
        _print_error(error, as_json=_wants_json(arguments))
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()
    return 0


def _wants_json(arguments: Sequence[str]) -> bool:
    joined = " ".join(arguments)
    return "--format json" in joined or "--format=json" in joined


def _print_error(error: DrawloomError, *, as_json: bool) -> None:
    if as_json:
        print_json({"problems": [problem.to_json() for problem in error.problems]})
    else:
        print_problems(error.problems, stderr=True)
