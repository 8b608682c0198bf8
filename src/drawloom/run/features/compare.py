"""Compares features with what their definition says: mismatches, values that are missing, and values that are too many."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from drawloom.run.features.spine import Spine

NEAR = 1e-9  # floats may differ by so much of themselves: the definition adds them up in another order


@dataclass(frozen=True, slots=True)
class Comparison:
    """One feature, compared with its definition.

    Args:
        feature: as ``set.feature``.
        rows: how many were compared.
        mismatches: rows where both have a value, and another one.
        missing: rows where only the definition has a value.
        extra: rows where only the feature has a value.
        smape: the sum of absolute differences over the sum of absolute values, from 0 to 1; None for other than numbers.
    """

    feature: str
    rows: int
    mismatches: int
    missing: int
    extra: int
    smape: float | None

    @property
    def is_equal(self) -> bool:
        """Whether all rows agree."""
        return not (self.mismatches or self.missing or self.extra)


def compare(feature: str, found: Sequence[Any], expected: Sequence[Any]) -> Comparison:
    """A feature of some rows, compared with what is expected of them."""
    pairs = list(zip(found, expected, strict=True))
    both = [(one, other) for one, other in pairs if one is not None and other is not None]
    missing = sum(one is None and other is not None for one, other in pairs)
    extra = sum(one is not None and other is None for one, other in pairs)
    different = sum(not _same(one, other) for one, other in both)
    return Comparison(feature, len(pairs), different, missing, extra, _smape(both))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=NEAR, abs_tol=NEAR) or (math.isnan(one) and math.isnan(other))
    return bool(one == other)


def _smape(pairs: Sequence[tuple[Any, Any]]) -> float | None:
    if not pairs or not all(isinstance(value, int | float) for pair in pairs for value in pair):
        return None
    total = math.fsum(abs(one) + abs(other) for one, other in pairs)
    return math.fsum(abs(one - other) for one, other in pairs) / total if total else 0.0


def is_sampled(share: float) -> Callable[[Sequence[Any]], bool]:
    """Whether an entity is in the sample: by a hash of its key, so that it is or is not with all of its rows."""
    below = share * 2**32

    def sampled(key: Sequence[Any]) -> bool:
        text = "|".join("" if value is None else str(value) for value in key)
        return int(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:8], 16) < below

    return sampled


def sample_mask(spine: Spine, share: float) -> pa.Array:
    """Which rows of a spine are of entities in the sample."""
    import pyarrow as pa

    sampled = is_sampled(share)
    keys = zip(*(spine.rows.column(name).to_pylist() for name in spine.key), strict=True)
    return pa.array([sampled(key) for key in keys], pa.bool_())
