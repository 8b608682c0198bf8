"""How many units, how long, and how small an effect: before an experiment and during it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import ArrayLike

from drawloom.statistics.arrays import Array, floats, must_be_between, quiet
from drawloom.statistics.compare import Comparison
from drawloom.statistics.method import DEFAULT, Method
from drawloom.statistics.sequential import confidence_radius, mixture_precision
from drawloom.statistics.special import noncentral_t_cdf, normal_cdf, t_quantile

STEPS = 200  # of a bisection: more than floats have digits
MOST = 1e18


@quiet
def power(
    effect: ArrayLike, variance: ArrayLike, units: ArrayLike, method: Method = DEFAULT, ratio: float = 1.0
) -> Array:
    """The probability to find an absolute effect with so many units, of both arms together.

    ``variance`` is that of a unit: for CUPED that of y - theta x, for ratios n times the squared standard error of an arm.
    ``ratio`` is treatment over control units. By the noncentral t (Cohen 1988, chapter 2), or with ``expected_units`` of
    the method, for one look of the confidence sequence, by the normal.
    """
    size, n = np.abs(floats(effect)), floats(units)
    n_control, n_treatment = n / (1 + ratio), n * ratio / (1 + ratio)
    error = np.sqrt(floats(variance) * (1 / n_control + 1 / n_treatment))
    share = n_treatment / n  # of the variance of the effect that comes from the control
    df = 1 / (share**2 / (n_control - 1) + (1 - share) ** 2 / (n_treatment - 1))
    if method.test != "welch":
        df = n - 2 if method.test == "pooled" else np.full(np.shape(n), np.inf)
    found = _power(size, error, np.where(df > 0, df, np.nan), n, method)
    return np.where((n_control > 1) & (n_treatment > 1), found, np.nan)


def _power(size: Array, error: Array, df: Array, n: Array, method: Method) -> Array:
    z = size / error
    if method.expected_units is not None:
        rho_squared = mixture_precision(method.alpha, method.expected_units, method.alternative)
        bound = confidence_radius(np.ones(np.shape(z)), n, method.alpha, rho_squared, method.alternative)
        other = 0.0 if method.is_one_sided else normal_cdf(-bound - z)
        return normal_cdf(z - bound) + other
    bound = t_quantile(method.upper_probability, df)
    other = 0.0 if method.is_one_sided else noncentral_t_cdf(-bound, df, z)
    return 1 - noncentral_t_cdf(bound, df, z) + other


def units_needed(
    effect: ArrayLike, variance: ArrayLike, target: float = 0.8, method: Method = DEFAULT, ratio: float = 1.0
) -> Array:
    """The units of both arms together with which an absolute effect is found with probability ``target``; NaN beyond 1e18."""
    must_be_between("target", target, 0, 1)
    shape = np.broadcast_shapes(np.shape(effect), np.shape(variance))
    fewest = 2.001 * (1 + max(ratio, 1 / ratio))
    found = _bisect(lambda n: power(effect, variance, n, method, ratio), target, np.full(shape, fewest), MOST)
    return np.where(found < MOST / 2, np.ceil(found - 1e-9), np.nan)


def minimum_detectable_effect(
    variance: ArrayLike, units: ArrayLike, target: float = 0.8, method: Method = DEFAULT, ratio: float = 1.0
) -> Array:
    """The smallest absolute effect that is found with probability ``target``; divide by the mean for the relative one."""
    must_be_between("target", target, 0, 1)
    scale = np.sqrt(floats(variance) / floats(units))
    found = _bisect(
        lambda size: power(size * scale, variance, units, method, ratio), target, np.full(scale.shape, 1e-9), 1e9
    )
    return np.where(np.isnan(power(scale, variance, units, method, ratio)), np.nan, found * scale)


def _bisect(rising: Callable[[Array], Array], target: float, low: Array, highest: float) -> Array:
    """Where a rising function reaches the target, by bisection of the logarithm."""
    bottom, top = np.log(low), np.full(np.shape(low), log(highest))
    for _ in range(STEPS):
        middle = (bottom + top) / 2
        if np.all(top - bottom < 1e-14 * np.maximum(1.0, np.abs(middle))):
            break
        reached = rising(np.exp(middle)) >= target
        bottom, top = np.where(reached, bottom, middle), np.where(reached, middle, top)
    return floats(np.exp(top))


@dataclass(frozen=True, slots=True, eq=False)
class Remaining:
    """What an experiment still needs: units of both arms besides those it has, and how many times those it has."""

    units: Array
    factor: Array


@quiet
def units_remaining(
    comparison: Comparison,
    effect: ArrayLike,
    target: float = 0.8,
    method: Method = DEFAULT,
    *,
    is_relative: bool = True,
) -> Remaining:
    """How many more units find the effect with probability ``target``, if the standard error goes on falling with sqrt(n).

    0 where there are enough. ``method`` counts with its level, sides and ``expected_units``; by the normal.
    """
    must_be_between("target", target, 0, 1)
    error = comparison.se_relative if is_relative else comparison.standard_error
    size, n = np.abs(floats(effect)), comparison.n_control + comparison.n_treatment
    many = np.full(np.shape(error), np.inf)

    def found(times: Array) -> Array:
        return _power(size, error / np.sqrt(times), many, n * times, method)

    times = np.maximum(1.0, _bisect(found, target, np.full(np.shape(error), 0.5), MOST))
    times = np.where(np.isnan(error) | (times > MOST / 2), np.nan, times)
    return Remaining((times - 1) * n, times - 1)


def detectable_now(
    comparison: Comparison, target: float = 0.8, method: Method = DEFAULT, *, is_relative: bool = True
) -> Array:
    """The smallest effect that the units so far find with probability ``target``; by the normal."""
    must_be_between("target", target, 0, 1)
    error = comparison.se_relative if is_relative else comparison.standard_error
    n = comparison.n_control + comparison.n_treatment
    ones, many = np.ones(np.shape(error)), np.full(np.shape(error), np.inf)
    return _bisect(lambda z: _power(z, ones, many, n, method), target, 1e-9 * ones, 1e9) * error


def days_needed(units: ArrayLike, new_units: ArrayLike) -> Array:
    """The days until so many units have come, for the new ones of each day, the last axis; NaN where they do not suffice.

    Traffic is what is measured or forecast: the first days bring more new units than later ones.
    """
    wanted, arrived = floats(units), np.cumsum(floats(new_units), axis=-1)
    reached = arrived >= wanted[..., np.newaxis]
    return np.where(wanted <= 0, 0.0, np.where(reached.any(axis=-1), reached.argmax(axis=-1) + 1.0, np.nan))
