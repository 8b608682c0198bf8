"""``weekday_robust``: a forecast one day ahead from the level of the last week and the profile of weekdays, or a slow test of weekdays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from drawloom.statistics.arrays import Array, Bools, floats, quiet
from drawloom.statistics.series.judged import HIGHEST, Judged
from drawloom.statistics.series.windows import MAD, before, medians, same_weekday, shifted

BLOCK = 2_000_000  # numbers of the largest window that are sorted at once
LEAST_RESIDUALS = 14
LEAST_LEVEL = 3
LEAST_WEEKS = 4
MONTHLY = 2.0  # standard deviations, which both errors of a monthly pattern must exceed
LEAST_SPREAD = 0.01  # of logarithms: nothing that moves at all is expected to within a percent


@dataclass(frozen=True, slots=True)
class Weekday:
    """The settings of ``weekday_robust``.

    Args:
        threshold: from which score on a day is flagged; the band ``lower`` to ``upper`` is that wide.
        min_history: how many days with a value a series must have before a day is judged.
        level_days: the level is the median of so many days.
        weeks: the profile of weekdays, and the slow test, look at so many weeks.
        residual_days: the scale is the spread of so many past errors, each of a forecast made before its day.
        slow_threshold: from which score on the slow test flags.
        slow_days: on so many days in a row.
    """

    threshold: float = 4.5
    min_history: int = 21
    level_days: int = 7
    weeks: int = 8
    residual_days: int = 84
    slow_threshold: float = 3.5
    slow_days: int = 3

    @property
    def history(self) -> int:
        """How many days before a judged day can have an effect."""
        return self.residual_days + 7 * self.weeks + 2 * self.level_days + self.slow_days


def weekday_robust(
    values: ArrayLike,
    judge: int = 1,
    settings: Weekday | None = None,
    *,
    month_days: ArrayLike | None = None,
    special: ArrayLike | None = None,
) -> Judged:
    """Judge the last ``judge`` days of each series.

    Values that are never negative are looked at as logarithms, so that half and double are equally far. The level is the median
    of the last week without its weekday profile; the profile of a weekday is the median of how far that weekday was from the
    week around it. The scale comes from past errors one day ahead, never from how well a curve fits. A level that moves slowly
    is followed by such a forecast, so that a second test compares each weekday with the same one of the weeks before: three
    days in a row that are all far off are drift.

    Args:
        values: series x days.
        judge: how many of the last days are judged.
        settings: thresholds and windows.
        month_days: the day of the month of each column: what the same days of the last two months did alike is expected.
        special: for each column whether it is special, as holidays are: it counts for no history, and must be twice as far off.
    """
    numbers, chosen = floats(values), settings or Weekday()
    width = numbers.shape[1]
    months = None if month_days is None else np.asarray(month_days)
    days_off = np.zeros(width, bool) if special is None else np.asarray(special, bool)
    rows = max(BLOCK // (max(width, 1) * chosen.residual_days), 1)
    blocks = [_judge(numbers[n : n + rows], judge, chosen, months, days_off) for n in range(0, len(numbers), rows)]
    return Judged.joined(blocks, judge)


@quiet
def _judge(values: Array, judge: int, settings: Weekday, months: Array | None, special: Bools) -> Judged:
    last = slice(values.shape[1] - judge, None)
    has_value = ~np.isnan(values)
    counted = np.cumsum(has_value, axis=1)
    is_before = (counted <= settings.min_history) | (np.arange(values.shape[1]) < last.start)
    scale = _Scale.of(np.where(is_before, values, np.nan))
    y = scale.transform(values)
    usual = np.where(special, np.nan, y)
    forecast = _forecast(usual, settings)
    errors = usual - forecast
    expected = forecast[:, last]
    spread = _spread(errors, expected, scale, settings)
    if months is not None:
        monthly = _same_day_of_month(errors, months, judge)
        expected = expected + np.where(np.abs(monthly) > MONTHLY * spread, monthly, 0.0)
    spread = np.where(special[last], 2 * spread, spread)
    off = y[:, last] - expected
    score = np.where(off == 0, 0.0, np.clip(off / spread, -HIGHEST, HIGHEST))
    slow = np.clip(_slow(usual, settings, judge) * settings.threshold / settings.slow_threshold, -HIGHEST, HIGHEST)
    is_drift = (np.abs(slow) > settings.threshold) & (np.abs(score) <= settings.threshold)
    is_judged = ((counted - has_value)[:, last] >= settings.min_history) & has_value[:, last] & ~np.isnan(score)
    far = settings.threshold * spread
    low, middle, high = (np.where(is_judged, scale.back(expected + n * far), np.nan) for n in (-1, 0, 1))
    return Judged(middle, low, high, np.where(is_judged, np.where(is_drift, slow, score), np.nan), is_judged & is_drift)


@dataclass(frozen=True, slots=True, eq=False)
class _Scale:
    """How values are looked at: as logarithms of ``value + shift`` where ``is_log``."""

    is_log: Bools
    is_count: Bools
    shift: Array

    @classmethod
    def of(cls, history: Array) -> _Scale:
        """By days before any that is judged: what comes later changes nothing about earlier days."""
        middle = medians(history)
        lowest = np.where(np.isnan(history), np.inf, history).min(axis=1, initial=np.inf)
        is_whole = np.all(np.isnan(history) | (history == np.round(history)), axis=1)
        is_log = (lowest >= 0) & (middle > 0)
        is_count = is_log & is_whole
        shift = np.where(is_count, 1.0, np.where(is_log, 0.01 * middle, 0.0))
        return cls(is_log[:, np.newaxis], is_count[:, np.newaxis], shift[:, np.newaxis])

    def transform(self, values: Array) -> Array:
        return np.where(self.is_log, np.log(np.maximum(values, 0) + self.shift), values)

    def back(self, y: Array) -> Array:
        return np.where(self.is_log, np.maximum(np.exp(np.minimum(y, 700)) - self.shift, 0), y)


def _forecast(y: Array, settings: Weekday) -> Array:
    """What each day should be, by the days before it."""
    middle = settings.level_days // 2
    trailing = medians(before(y, settings.level_days), LEAST_LEVEL)
    around = np.full_like(y, np.nan)  # of a day that is at least half a week ago
    around[:, : y.shape[1] - middle - 1] = trailing[:, middle + 1 :]
    profile = medians(same_weekday(y - around, settings.weeks), 2)
    profile = np.where(np.isnan(profile), 0.0, profile)
    return medians(before(y - profile, settings.level_days), LEAST_LEVEL) + profile


def _same_day_of_month(errors: Array, months: Array, judge: int) -> Array:
    """Of each judged day the smaller of the errors on this day of the last two months, if both are on one side."""
    found = np.full((2, len(errors), judge), np.nan)
    first = errors.shape[1] - judge
    for column in range(first, errors.shape[1]):
        earlier = np.flatnonzero(months[:column] == months[column])[::-1][:2]
        found[: len(earlier), :, column - first] = errors[:, earlier].T
    smaller = np.where(np.abs(found[0]) < np.abs(found[1]), found[0], found[1])
    return np.where(np.sign(found[0]) == np.sign(found[1]), smaller, 0.0)


def _spread(errors: Array, forecast: Array, scale: _Scale, settings: Weekday) -> Array:
    """The standard deviation of errors on the judged days, robustly, by the errors before each; 0 of what has never moved.

    Where more than half of the errors are 0, the root of the mean square tells how far it moves when it does.
    """
    judge = forecast.shape[1]
    window = np.abs(before(errors, settings.residual_days)[:, errors.shape[1] - judge :])
    spread = MAD * medians(window, LEAST_RESIDUALS)
    if np.any(spread == 0):
        known = np.maximum(np.count_nonzero(~np.isnan(window), axis=-1), 1)
        spread = np.where(spread == 0, np.sqrt(np.nansum(window**2, axis=-1) / known), spread)
    own = np.where(scale.is_count, np.exp(-np.maximum(forecast, 0) / 2), 0.0)  # a count's own, as of Poisson
    least = np.where(scale.is_log, np.maximum(own, LEAST_SPREAD), 0.0)
    return np.where(spread > 0, np.maximum(spread, least), spread)


def _slow(y: Array, settings: Weekday, judge: int) -> Array:
    """How far the judged day and those right before it are from their weekdays: the least of them if all are on one side, else 0."""
    first = max(y.shape[1] - judge - settings.slow_days, 0)
    window = same_weekday(y, settings.weeks)[:, first:]
    middle = medians(window, LEAST_WEEKS)
    spread = np.maximum(MAD * medians(np.abs(window - middle[..., np.newaxis]), LEAST_WEEKS), LEAST_SPREAD)
    score = np.nan_to_num((y[:, first:] - middle) / spread)
    least = score
    for days in range(1, settings.slow_days):
        earlier = shifted(score, days, 0.0)
        nearer = np.where(np.abs(earlier) < np.abs(least), earlier, least)
        least = np.where(np.sign(earlier) == np.sign(least), nearer, 0.0)
    return least[:, least.shape[1] - judge :]
