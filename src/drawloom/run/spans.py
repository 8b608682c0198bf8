"""What is the same on several days, said once: spans of partitions in one state, and messages that differ in the day."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from drawloom.run.plan import PlannedPartition, State

_DAY = re.compile(r"(?: for)? \d{4}-\d\d-\d\d|; it found .*")  # what differs in the same reason on several days
_OF_ONE_DAY = re.compile(r"\d{4}-\d\d-\d\d|; it found .*")  # what differs in the same error on several days


@dataclass(frozen=True, slots=True)
class Span:
    """Partitions from ``first`` to ``last`` with one state; the reason names no day where theirs differ in it only."""

    state: State
    reason: str
    first: date
    last: date
    count: int

    @property
    def days(self) -> str:
        """The days as text."""
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"


def find_spans(partitions: Iterable[PlannedPartition]) -> tuple[Span, ...]:
    """The spans of one table's partitions, which are in the order of their days."""
    spans: list[Span] = []
    for _, group in groupby(partitions, key=lambda one: (one.state, without_days(one.reason))):
        found = list(group)
        first = found[0]
        reason = first.reason if len({one.reason for one in found}) == 1 else without_days(first.reason)
        spans.append(Span(first.state, reason, first.ds, found[-1].ds, len(found)))
    return tuple(spans)


def without_days(reason: str) -> str:
    """A reason without what differs from day to day."""
    return _DAY.sub("", reason) if reason else ""


def same_on_days(messages: Iterable[tuple[str, date, str]]) -> Iterator[tuple[str, Sequence[date], str]]:
    """Table, days and text of each message, once for all days on which it is the same but for the day."""
    found: dict[tuple[str, str], list[tuple[date, str]]] = {}
    for table, ds, text in messages:
        found.setdefault((table, _OF_ONE_DAY.sub("", text)), []).append((ds, text))
    for (table, _), each in found.items():
        yield table, [ds for ds, _ in each], each[-1][1]
