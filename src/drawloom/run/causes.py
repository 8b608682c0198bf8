"""Why partitions are not fresh: each is followed back to the partition that it began with, and those with one cause are told together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from drawloom.run.plan import Key, Plan, PlannedPartition, State
from drawloom.run.spans import without_days

_CHANGED = re.compile(r"input (?P<name>\S+).* (?P<how>changed|is not read any more)")
MOST_HOPS = 10_000


@dataclass(slots=True)
class CauseGroup:
    """Partitions in one state for one cause: ``words`` say it, ``table`` and ``ds`` are where it lies, the newest day of it.

    ``tables`` are how many partitions of each table it holds back, and ``newest`` the newest of them.
    """

    state: State
    words: str
    table: str
    ds: date
    tables: dict[str, int] = field(default_factory=dict)
    newest: date = date.min
    first: date = date.max

    @property
    def count(self) -> int:
        """How many partitions."""
        return sum(self.tables.values())


class Causes:
    """The causes of a plan's partitions."""

    def __init__(self, plan: Plan) -> None:
        self._planned = {one.key: one for one in plan.partitions}
        self._roots: dict[Key, Key] = {}
        for one in plan.partitions:  # each comes after those it needs
            if one.cause:
                self._roots[one.key] = self._roots.get(one.cause, one.cause)

    def root(self, one: PlannedPartition) -> PlannedPartition:
        """The partition that it began with: this one where nothing else is the cause."""
        key = self._roots.get(one.key)
        return self._planned.get(key, one) if key else one

    def chain(self, one: PlannedPartition) -> Sequence[PlannedPartition]:
        """The partitions from this one to the one it began with, hop by hop; of hops within one table the last."""
        found = [one]
        while (cause := found[-1].cause) and cause in self._planned and len(found) < MOST_HOPS:
            found.append(self._planned[cause])
        rest = found[1:]
        return [
            found[0],
            *(one for n, one in enumerate(rest) if rest[n + 1 : n + 2] == [] or rest[n + 1].key[0] != one.key[0]),
        ]

    def because(self, one: PlannedPartition) -> tuple[str, str, date | None]:
        """What happened where it began, in words, the table there and its day; no words where only this partition changed."""
        root = self.root(one)
        if root is not one:
            return words_of(root), root.key[0], root.ds
        changed = _CHANGED.fullmatch(without_days(one.reason))
        return (words_of(one), changed["name"], None) if changed else ("", "", None)

    def groups(self, partitions: Iterable[PlannedPartition], states: Iterable[State]) -> Sequence[CauseGroup]:
        """The partitions in these states by what they are in that state for, the largest group first."""
        wanted, found = frozenset(states), dict[tuple[State, str], CauseGroup]()
        for one in partitions:
            if one.state in wanted:
                root = self.root(one)
                words = words_of(root)
                group = found.get((one.state, words))
                if group is None:
                    found[one.state, words] = group = CauseGroup(one.state, words, root.key[0], root.ds)
                _add(group, one, root)
        return sorted(found.values(), key=lambda group: -group.count)


def _add(group: CauseGroup, one: PlannedPartition, root: PlannedPartition) -> None:
    table = one.key[0]
    group.tables[table] = group.tables.get(table, 0) + 1
    group.newest, group.first = max(group.newest, one.ds), min(group.first, one.ds)
    group.ds = max(group.ds, root.ds)


def words_of(root: PlannedPartition) -> str:
    """What happened to a partition that holds others back, without its day."""
    table, reason = root.key[0], without_days(root.reason)
    if root.state is State.STALE and reason.startswith("code changed"):
        return f"{table}'{'' if table.endswith('s') else 's'} {reason}"
    if root.state is State.STALE and (found := _CHANGED.fullmatch(reason)):
        return f"{found['name']} {found['how']}"
    if root.state is State.WAITING:
        return reason.removeprefix("waiting for ") + " is not there"
    if root.state in {State.FAILED, State.SKIPPED}:
        return f"{table} failed"
    if root.state is State.MISSED:
        return f"{table} was missed"
    return f"{table} {'is new' if root.state is State.MISSING else f'is {root.state.value}'}"
