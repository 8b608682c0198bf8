"""Cuts: which are counted over all entities, and which are added up from a finer one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drawloom.frameworks import sqlfiles


@dataclass(frozen=True, slots=True)
class Cut:
    """Dimensions that are counted by together; none for the total."""

    keys: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Their columns."""
        return [sqlfiles.name(key) for key in self.keys]

    @property
    def value(self) -> str:
        """What the cut is called, as a literal."""
        return sqlfiles.value(",".join(self.keys))


def counted(cuts: Sequence[Cut]) -> list[Cut]:
    """The cuts that no other one holds all dimensions of."""
    return [cut for cut in cuts if not any(set(cut.keys) < set(other.keys) for other in cuts)]


def finer(keys: Sequence[str], cuts: Sequence[Cut]) -> Cut | None:
    """The cut with the fewest dimensions that has all of these: entities are in one cell each, so that cells add up."""
    holding = [cut for cut in cuts if set(keys) <= set(cut.keys)]
    return min(holding, key=lambda cut: len(cut.keys), default=None)
