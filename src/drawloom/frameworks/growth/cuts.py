"""Cuts: which of them are counted over all entities, and which are sums over a finer one."""

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
        return [sqlfiles.quote_name(key) for key in self.keys]

    @property
    def value(self) -> str:
        """The name of the cut as a literal."""
        return sqlfiles.quote_value(",".join(self.keys))


def finest_cuts(cuts: Sequence[Cut]) -> list[Cut]:
    """The cuts whose dimensions are not all in another cut."""
    return [cut for cut in cuts if not any(set(cut.keys) < set(other.keys) for other in cuts)]


def find_finer_cut(keys: Sequence[str], cuts: Sequence[Cut]) -> Cut | None:
    """The cut with the fewest dimensions that has all of these: entities are in one cell each, so that cells add up."""
    covering = [cut for cut in cuts if set(keys) <= set(cut.keys)]
    return min(covering, key=lambda cut: len(cut.keys), default=None)
