"""Deep recursion where a text needs it: a chain of hundreds of CTEs is thousands of calls deep."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")
_RECURSION_LIMIT = 8_000
_STACK_BYTES = 256 << 20
_one_thread_at_a_time = threading.Lock()


def with_deep_stack(function: Callable[[], Result]) -> Result:
    """The function's result; where it exceeds the recursion limit it runs again in a thread with a larger stack.

    Raises:
        RecursionError: even that is not enough.
    """
    try:
        return function()
    except RecursionError:
        with _one_thread_at_a_time:
            return _in_thread(function)


def _in_thread(function: Callable[[], Result]) -> Result:
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(function())
        except BaseException as error:
            errors.append(error)

    levels, size = sys.getrecursionlimit(), threading.stack_size(_STACK_BYTES)
    try:
        sys.setrecursionlimit(max(levels, _RECURSION_LIMIT))
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
        sys.setrecursionlimit(levels)
    if errors:
        raise errors[0]
    return results[0]
