"""What a detector says of each judged day of each series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drawloom.statistics.arrays import Array, Bools

HIGHEST = 99.0  # a series that never moved has no scale: whatever it does is this odd


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One row for each series, one column for each judged day; NaN where nothing can be said yet.

    Args:
        expected: the value that was expected.
        lower: the lowest value that is not flagged.
        upper: the highest value that is not flagged.
        score: how far off it is, in robust standard deviations; negative below what was expected. At most 99.
        is_drift: the day itself fits the week before, and the weeks have left where they were.
    """

    expected: Array
    lower: Array
    upper: Array
    score: Array
    is_drift: Bools

    @classmethod
    def joined(cls, parts: Sequence[Judged], judge: int) -> Judged:
        """Parts of the series, one after the other."""
        none = np.empty((0, judge))
        names = ("expected", "lower", "upper", "score")
        expected, lower, upper, score = (
            np.concatenate([none, *(getattr(one, name) for one in parts)]) for name in names
        )
        is_drift = np.concatenate([none.astype(bool), *(one.is_drift for one in parts)])
        return cls(expected, lower, upper, score, is_drift)
