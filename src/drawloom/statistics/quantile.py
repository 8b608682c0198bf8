"""Quantiles of units, or of events whose units are clusters of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from drawloom.statistics import reasons
from drawloom.statistics.arrays import Array, floats, must_be_between, quiet
from drawloom.statistics.compare import Comparison, compare
from drawloom.statistics.estimates import Estimate
from drawloom.statistics.method import DEFAULT, Method
from drawloom.statistics.moments import Moments
from drawloom.statistics.ratio import ratio

Z = 1.959963984540054  # bounds are read 95 % apart, whatever the level of the test


@dataclass(frozen=True, slots=True, eq=False)
class Quantiles:
    """One arm's quantiles at a level between 0 and 1, with the values at ``quantile_bounds(level, n_bounds)`` around them.

    ``n`` is the number of values. ``n_bounds`` is the number for which the bounds were read, n if it was known before.
    ``clusters`` are the moments over units of two variables, how many of a unit's values are at or below the quantile
    and how many values it has; without them values are independent.
    """

    level: float
    n: Array
    value: Array
    low: Array
    high: Array
    n_bounds: Array
    clusters: Moments | None = None

    @classmethod
    def of_values(cls, level: float, values: ArrayLike, units: ArrayLike | None = None) -> Quantiles:
        """Of the values of one arm, and the unit of each where units have several."""
        array = floats(values)
        n = floats(array.size)
        points = [level, *(float(point) for point in quantile_bounds(level, n))]
        value, low, high = (floats(np.quantile(array, np.clip(point, 0, 1))) for point in points)
        if units is None:
            return cls(level, n, value, low, high, n)
        _, unit = np.unique(np.asarray(units), return_inverse=True)
        below = np.bincount(unit, weights=array <= value)
        return cls(level, n, value, low, high, n, Moments.of_values(below, np.bincount(unit)))


def quantile_bounds(level: float, n: ArrayLike) -> tuple[Array, Array]:
    """The two levels whose values, read from the data, tell how uncertain the quantile is: level -+ z sqrt(level (1 - level) / n)."""
    must_be_between("level", level, 0, 1)
    radius = Z * np.sqrt(level * (1 - level) / floats(n))
    return level - radius, level + radius


@quiet
def quantile(arm: Quantiles) -> Estimate:
    """The quantile with its variance, (n* / n) (n - 1) / n ((high - low) / 2 z)**2, from the distance of the bounds.

    With clusters it is multiplied by the variance of the share at or below the quantile, as a ratio over units, over
    the variance level (1 - level) / n of independent values (Deng, Knoblich & Lu 2018, section 4.2).
    """
    level, n = arm.level, arm.n
    variance = arm.n_bounds / n * (n - 1) / n * ((arm.high - arm.low) / (2 * Z)) ** 2
    if arm.clusters is not None:
        variance = variance * ratio(arm.clusters).variance * n / (level * (1 - level))
    fewest = Z * Z * max(level / (1 - level), (1 - level) / level)
    reason = reasons.pick(
        np.shape(arm.value),
        (reasons.LOW_SAMPLE, np.asarray(n <= fewest)),
        (reasons.ZERO_VARIANCE, np.asarray(~(variance > 0))),
    )
    return Estimate.unadjusted(n, np.where(n > 0, arm.value, np.nan), variance, reason)


def compare_quantiles(control: Quantiles, treatment: Quantiles, method: Method = DEFAULT) -> Comparison:
    """Quantiles at the same level. Low samples, whose bounds lie outside of the data, have no test."""
    if control.level != treatment.level:
        raise ValueError(f"level == {treatment.level:g}, must be that of the control, {control.level:g}")
    return compare(quantile(control), quantile(treatment), method)
