"""What saving a text would do to partitions that exist: those that its new code makes stale, and those that read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from drawloom.model import Pipeline
from drawloom.run.plan import State
from drawloom.run.table_graph import table_inputs
from drawloom.web.site import Status


@dataclass(frozen=True, slots=True)
class Impact:
    """How many partitions of tables whose code changes are fresh now, and how many of the tables that are made of them."""

    own: int = 0
    below: int = 0
    readers: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """It in words."""
        if not self.own and not self.below:
            return "Saving it makes no partition stale."
        own = f"Saving it makes {_counted(self.own, 'partition')} stale"
        if not self.below:
            return f"{own}: what is computed changes. The next run writes {'it' if self.own == 1 else 'them'} anew."
        tables = _counted(len(self.readers), "table")
        return f"{own}, and then up to {_counted(self.below, 'partition')} in {tables} made of it: those whose input comes out changed."


def impact_of(status: Status, saved: Iterable[Pipeline], draft: Iterable[Pipeline]) -> Impact | None:
    """What it would do if pipelines were saved in the place of those that fill the same tables; None of new tables.

    It is found from the status that is known, without planning: which days of others read a changed one is not looked at.
    """
    saved = list(saved)
    before = {table: step.fingerprint for pipeline in saved for table, step in pipeline.tables.items()}
    after = {table: step.fingerprint for pipeline in draft for table, step in pipeline.tables.items()}
    if not before.keys() & after.keys():
        return None
    changed = {table for table, code in after.items() if before.get(table, code) != code}
    inputs, reached, rim = table_inputs(saved), set(changed), set(changed)
    while rim:
        rim = {made for made, sources in inputs.items() if rim & set(sources)} - reached
        reached |= rim
    readers = tuple(sorted(table for table in reached - changed if _fresh(status, table)))
    return Impact(sum(_fresh(status, one) for one in changed), sum(_fresh(status, one) for one in readers), readers)


def _fresh(status: Status, table: str) -> int:
    return status.tables[table].counts.get(State.FRESH, 0) if table in status.tables else 0


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
