"""What all rules share about one script is made once."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import TypeVar

from drawloom.sql.script import Script

Made = TypeVar("Made")


def per_script(make: Callable[[Script], Made]) -> Callable[[Script], Made]:
    """A function of a script that keeps its last answer. Scripts hold mappings, so `lru_cache` cannot hash them."""
    last: ContextVar[tuple[Script, Made] | None] = ContextVar(make.__name__, default=None)

    @wraps(make)
    def get(script: Script) -> Made:
        kept = last.get()
        if kept is None or kept[0] is not script:
            kept = (script, make(script))
            last.set(kept)
        return kept[1]

    return get
