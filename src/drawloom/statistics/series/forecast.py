"""The detector of textbooks: the error of a forecast one day ahead, by exponential smoothing with weekdays (statsmodels)."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike

from drawloom.statistics.arrays import Array, floats, quiet
from drawloom.statistics.series.judged import Judged
from drawloom.statistics.series.simple import judged_by
from drawloom.statistics.series.windows import MAD, medians, same_weekday

SEASONS = 2  # whole ones that smoothing needs before it can begin


@quiet
def forecast(
    values: ArrayLike, judge: int = 1, *, limit: float = 4.5, days: int = 180, season: int = 7, min_history: int = 28
) -> Judged:
    """How far a day is from its forecast, in robust standard deviations of the errors one day ahead of the days before it.

    Additive Holt-Winters smoothing without a trend, fitted anew for each judged day to the days before it (Hyndman and
    Athanasopoulos, "Forecasting: Principles and Practice", 8.3). Days without a value are filled by the median of their
    weekday for the fit. Takes about a tenth of a second for each series and day.

    Args:
        values: series x days.
        judge: how many of the last days are judged.
        limit: from which score on a day is flagged.
        days: how many days before each are looked at.
        season: days after which a series repeats itself.
        min_history: how many days before must have a value.
    """
    numbers = floats(values)
    start = numbers.shape[1] - judge
    last = numbers[:, start:]
    expected, spread = np.full_like(last, np.nan), np.full_like(last, np.nan)
    for row, column in np.argwhere(~np.isnan(last)):
        end = start + column
        history = numbers[row, max(0, end - days) : end]
        if np.count_nonzero(~np.isnan(history)) >= max(min_history, SEASONS * season):
            expected[row, column], spread[row, column] = _one_ahead(history, season)
    return judged_by(last, expected, spread, limit, ~np.isnan(expected))


def _one_ahead(history: Array, season: int) -> tuple[float, float]:
    """The forecast of the next day, and how far such forecasts were off."""
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    first = int(np.argmax(~np.isnan(history)))
    known = history[first:]
    filled = np.where(np.isnan(known), _usual(known), known)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fits that do not converge: their errors are larger, which the spread says
        fitted = ExponentialSmoothing(
            filled, seasonal="add", seasonal_periods=season, initialization_method="estimated"
        ).fit()
    errors = np.where(np.isnan(known), np.nan, known - fitted.fittedvalues)[season:]
    return float(fitted.forecast(1)[0]), float(MAD * medians(np.abs(errors)))


def _usual(known: Array) -> Array:
    """The median of the same weekday of the weeks before, else of all days."""
    weekly = medians(same_weekday(known[np.newaxis], 8))[0]
    return np.where(np.isnan(weekly), medians(known), weekly)
