"""Windows over the days before each day, and medians of them in which days without a value do not count."""

from __future__ import annotations

import numpy as np

from drawloom.statistics.arrays import Array

MAD = 1.4826  # the median distance from the median times this is the standard deviation, of normal errors (Hampel 1974)


def before(values: Array, days: int) -> Array:
    """The so many days before each day: series x days x window, a view."""
    padded = np.concatenate([np.full((len(values), days), np.nan), values], axis=1)
    return np.lib.stride_tricks.sliding_window_view(padded, days, axis=1)[:, :-1]


def same_weekday(values: Array, weeks: int) -> Array:
    """The same weekday of the so many weeks before each day: series x days x weeks."""
    width = values.shape[1]
    padded = np.concatenate([np.full((len(values), 7 * weeks), np.nan), values], axis=1)
    return np.stack([padded[:, 7 * (weeks - n) : 7 * (weeks - n) + width] for n in range(1, weeks + 1)], axis=-1)


def medians(window: Array, fewest: int = 1) -> Array:
    """The median over the last axis; NaN where fewer than ``fewest`` have a value."""
    ordered = np.sort(window, axis=-1)  # NaN come last
    known = np.count_nonzero(~np.isnan(ordered), axis=-1)
    size = ordered.shape[-1]
    if not size:  # of detectors that look at no history
        return np.full(known.shape, np.nan)
    low = np.take_along_axis(ordered, np.clip((known - 1) // 2, 0, size - 1)[..., np.newaxis], axis=-1)[..., 0]
    high = np.take_along_axis(ordered, np.clip(known // 2, 0, size - 1)[..., np.newaxis], axis=-1)[..., 0]
    return np.where(known >= max(fewest, 1), (low + high) / 2, np.nan)


def shifted(values: Array, days: int, empty: float = np.nan) -> Array:
    """The values of so many days earlier; of days before the first, ``empty``."""
    if days == 0:
        return values
    out = np.full_like(values, empty)
    out[:, days:] = values[:, :-days]
    return out
