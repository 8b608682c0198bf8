"""What a detector says of each judged day of each series."""

from __future__ import annotations

from dataclasses import dataclass

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
