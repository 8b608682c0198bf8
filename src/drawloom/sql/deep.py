"""Deep recursion where a text needs it: a chain of hundreds of CTEs is many calls deep, and still answered."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")
_LEVELS = 8_000
_STACK = 256 << 20
_one_at_a_time = threading.Lock()


def deeply(function: Callable[[], Answer]) -> Answer:
    """The function's answer; where it runs out of levels it runs again in a thread that has more of them.

    Raises:
        RecursionError: even those are too few.
    """
    try:
        return function()
    except RecursionError:
        with _one_at_a_time:
            return _in_thread(function)


def _in_thread(function: Callable[[], Answer]) -> Answer:
    answers: list[Answer] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(function())
        except BaseException as error:
            errors.append(error)

    levels, size = sys.getrecursionlimit(), threading.stack_size(_STACK)
    try:
        sys.setrecursionlimit(max(levels, _LEVELS))
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
        sys.setrecursionlimit(levels)
    if errors:
        raise errors[0]
    return answers[0]
