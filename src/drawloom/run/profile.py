"""Where the time of a command goes: the phases of a plan, and of each table that is written. Always measured, shown on request."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Spent:
    """The seconds of a phase, of a table where it is about one, and how often it was entered."""

    phase: str
    table: str
    seconds: float
    count: int


class Profile:
    """Adds up the seconds of phases, over all threads. A phase within another one is not counted in that."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._lock = threading.Lock()
        self._found: dict[tuple[str, str], Spent] = {}
        self._open = threading.local()

    @contextmanager
    def measure(self, phase: str, table: str = "") -> Iterator[None]:
        """Count the time of the block for a phase."""
        inner: list[float] = []
        outer: list[float] | None = getattr(self._open, "inner", None)
        self._open.inner = inner
        began = time.perf_counter()
        try:
            yield
        finally:
            whole = time.perf_counter() - began
            self._open.inner = outer
            if outer is not None:
                outer.append(whole)
            self._add(phase, table, whole - sum(inner))

    def _add(self, phase: str, table: str, seconds: float) -> None:
        with self._lock:
            known = self._found.get((phase, table), Spent(phase, table, 0.0, 0))
            self._found[phase, table] = Spent(phase, table, known.seconds + seconds, known.count + 1)

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.perf_counter() - self._began

    @property
    def spent(self) -> list[Spent]:
        """All phases, in the order in which they were first left."""
        return list(self._found.values())

    def to_json(self) -> dict[str, Any]:
        """The seconds in all, of each phase, and of the phases of each table."""
        tables: dict[str, dict[str, float]] = {}
        for one in self.spent:
            if one.table:
                tables.setdefault(one.table, {})[one.phase] = round(one.seconds, 6)
        phases = {one.phase: round(one.seconds, 6) for one in self.spent if not one.table}
        return {"seconds": round(self.seconds, 6), "phases": phases, "tables": tables}
