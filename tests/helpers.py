"""Counting function calls, which unlike seconds is the same on a busy machine, and the number of examples of properties."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from hypothesis import Phase, settings


def count_calls(work: Callable[[], object]) -> int:
    """How many functions are called in this thread while ``work`` runs, Python's own too."""
    called = 0

    def count(_frame: FrameType, event: str, _arg: Any) -> None:
        nonlocal called
        called += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return called


def examples(quick: int, nightly: int, **more: Any) -> settings:
    """How often a property is tried by scripts/test and by scripts/test-all; both try the same examples every time."""
    is_nightly = settings.get_current_profile_name() == "nightly"
    return settings(max_examples=nightly if is_nightly else quick, **more)


UNSHRUNK = (Phase.explicit, Phase.generate)  # an example takes seconds: hundreds of smaller ones are not looked for


def without_lines(plan: str) -> str:
    """A plan as JSON without the lines of its checks: they are where their spec has them."""
    return re.sub(r'"line": \d+', '"line": 0', plan)
