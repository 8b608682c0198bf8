"""How far a run has come: its events, added up as they are appended."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from drawloom.run.spans import same_on_days

MOST_AT_ONCE = 1_000_000  # bytes


@dataclass(slots=True)
class TableProgress:
    """One table of a run: how many partitions are to be written, and what became of those that were."""

    todo: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    seconds: float = 0.0
    first: date | None = None
    last: date | None = None

    @property
    def done(self) -> int:
        """How many partitions have come to an end, whatever it is."""
        return sum(self.outcomes.values())

    def add(self, event: Mapping[str, Any]) -> None:
        """Add what became of one partition."""
        ds = date.fromisoformat(event["ds"])
        self.outcomes[event["outcome"]] += 1
        self.rows += event.get("rows", 0)
        self.seconds += event.get("seconds", 0.0)
        self.first, self.last = min(self.first or ds, ds), max(self.last or ds, ds)


@dataclass(slots=True)
class Progress:
    """What has happened in a run so far. ``offset`` is how much of its events has been read."""

    tables: dict[str, TableProgress] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)
    planned: bool = False
    error: str = ""
    offset: int = 0
    _failed: list[tuple[str, date, str]] = field(default_factory=list)
    _warned: list[tuple[str, date, str]] = field(default_factory=list)

    def read(self, events: Path) -> None:
        """Add the events that were appended since."""
        for end, line in read_lines(events, self.offset):
            self.offset = end
            with suppress(
                ValueError, KeyError, TypeError, AttributeError, RecursionError
            ):  # somebody has damaged the file
                self.add(json.loads(line))

    def add(self, event: Mapping[str, Any]) -> None:
        """Add one event."""
        if event["event"] == "planned":
            self.planned, self.waiting = True, event["waiting"]
            self.tables = {table: TableProgress(todo) for table, todo in event["todo"].items()}
        elif event["event"] == "error":
            self.error = event["text"]
        elif event["event"] == "result":
            table = event["table"]
            self.tables.setdefault(table, TableProgress()).add(event)
            if event["outcome"] == "failed":
                self._failed.append((table, date.fromisoformat(event["ds"]), event.get("error", "")))
            self._warned += [(table, date.fromisoformat(event["ds"]), text) for text in event.get("warnings", ())]

    @property
    def todo(self) -> int:
        """How many partitions are to be written."""
        return sum(one.todo for one in self.tables.values())

    @property
    def done(self) -> int:
        """How many of them have come to an end."""
        return sum(one.done for one in self.tables.values())

    @property
    def outcomes(self) -> Counter[str]:
        """How many came to which end."""
        return sum((one.outcomes for one in self.tables.values()), Counter())

    @property
    def failures(self) -> list[tuple[str, Sequence[date], str]]:
        """Each error with its table and all days that have it."""
        return [(table, sorted(days), text) for table, days, text in same_on_days(self._failed)]

    @property
    def warnings(self) -> list[tuple[str, Sequence[date], str]]:
        """Each warning with its table and all days that have it."""
        return [(table, sorted(days), text) for table, days, text in same_on_days(self._warned)]


def read_lines(path: Path, offset: int, most: int = MOST_AT_ONCE) -> Iterator[tuple[int, bytes]]:
    """The whole lines from this place on, each with the place where it ends. A line that is being written comes later.

    Args:
        path: a file to which lines are appended; it may not exist yet.
        offset: where a line begins.
        most: how many bytes to read at once.
    """
    try:
        file = path.open("rb")
    except OSError:
        return
    with file:
        file.seek(offset)
        while lines := file.readlines(most):
            for line in lines:
                if not line.endswith(b"\n"):
                    return
                offset += len(line)
                yield offset, line
