"""Detectors that are easier to explain: z-scores, fixed limits, and the change since the day before."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from drawloom.statistics.arrays import Array, Bools, floats, quiet
from drawloom.statistics.series.judged import HIGHEST, Judged
from drawloom.statistics.series.windows import before


@quiet
def zscore(values: ArrayLike, judge: int = 1, *, limit: float = 3.0, days: int = 28, min_history: int = 14) -> Judged:
    """How many standard deviations a day is from the mean of the days before it, which never include the day itself.

    A series that never moved has no deviation: whatever it does then has the highest score.

    Args:
        values: series x days.
        judge: how many of the last days are judged.
        limit: from which score on a day is flagged.
        days: how many days before each are looked at.
        min_history: how many of these must have a value.
    """
    numbers = floats(values)
    last = numbers[:, numbers.shape[1] - judge :]
    window = before(numbers, days)[:, numbers.shape[1] - judge :]
    known = np.count_nonzero(~np.isnan(window), axis=-1)
    mean = np.nansum(window, axis=-1) / known
    squares = np.nansum((window - mean[..., np.newaxis]) ** 2, axis=-1)
    spread = np.sqrt(squares / (known - 1))
    is_judged = (known >= max(min_history, 2)) & ~np.isnan(last)
    return judged_by(last, mean, spread, limit, is_judged)


@quiet
def threshold(values: ArrayLike, judge: int = 1, *, low: float = -np.inf, high: float = np.inf) -> Judged:
    """Whether a day is between two fixed limits; outside of them its score is the highest. Needs no history."""
    numbers = floats(values)
    last = numbers[:, numbers.shape[1] - judge :]
    score = np.where(last < low, -HIGHEST, np.where(last > high, HIGHEST, np.where(np.isnan(last), np.nan, 0.0)))
    expected = np.where(np.isnan(last), np.nan, np.clip(last, low, high))
    lower, upper = np.full_like(last, low), np.full_like(last, high)
    return Judged(expected, lower, upper, score, np.zeros(last.shape, bool))


@quiet
def change(values: ArrayLike, judge: int = 1, *, most: float = 0.5, days: int = 7, limit: float = 4.5) -> Judged:
    """How far a day is from the same weekday of the week before (``days`` = 7) or from the day before (1), as a share of it.

    Args:
        values: series x days.
        judge: how many of the last days are judged.
        most: the largest share that is not flagged, like 0.5 for half; a score of ``limit`` is this far off.
        days: how many days earlier the other day is.
        limit: the score at ``most``.
    """
    numbers = floats(values)
    start = numbers.shape[1] - judge
    last, earlier = numbers[:, start:], before(numbers, days)[:, start:, 0]
    spread = most * np.abs(earlier) / limit
    return judged_by(last, earlier, spread, limit, ~np.isnan(last) & ~np.isnan(earlier))


def judged_by(last: Array, expected: Array, spread: Array, limit: float, is_judged: Bools) -> Judged:
    """The judgement of days by what was expected of them, and how far such days usually are from it."""
    off = last - expected
    score = np.where(off == 0, 0.0, np.clip(off / spread, -HIGHEST, HIGHEST))
    columns = (expected, expected - limit * spread, expected + limit * spread, score)
    middle, low, high, shown = (np.where(is_judged, column, np.nan) for column in columns)
    return Judged(middle, low, high, shown, np.zeros(last.shape, bool))
