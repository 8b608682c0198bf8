"""Slices: the rows of a partition with one value of a column, so that readers of some are not concerned by the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from drawloom.model.hashing import digest


@dataclass(frozen=True, slots=True)
class Slices:
    """What a record keeps about the slices of its partition, by value of ``column``.

    ``contents`` is the content hash of each, ``code`` the fingerprint of what computes it, where that is known.
    """

    column: str
    contents: Mapping[str, str]
    code: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SliceRead:
    """The slices that a step reads of a table: its task sees only the rows whose ``column`` is one of ``values``.

    The table is another one than its own. A change of other slices makes nothing stale.
    """

    table: str
    column: str
    values: tuple[str, ...]

    def content(self, slices: Slices | None, whole: str) -> str:
        """The content hash of what is read of a partition; that of all of it where it is not known by slices."""
        if slices is None or slices.column != self.column:
            return whole
        return digest(f"{value} {slices.contents.get(value, '')}" for value in sorted(self.values))
