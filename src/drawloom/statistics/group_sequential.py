"""A few planned looks: the bounds of Lan & DeMets, which spend the level bit by bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from drawloom.statistics.arrays import Array, floats, must_be_between, must_be_of
from drawloom.statistics.method import Alternative
from drawloom.statistics.special import normal_cdf, normal_density, normal_quantile

Spending = Literal["power", "obrien-fleming", "pocock"]
POINTS = 160  # of the quadrature over the values with which an experiment goes on
GRID = 20  # levels at which the bounds of repeated p-values are computed
MOST_LEVEL = 0.499
FAR = 9.0  # beyond so many standard deviations nothing is left to integrate


@dataclass(frozen=True, slots=True, eq=False)
class LookBounds:
    """For each look the share of the information, the level spent so far, and the bound of effect / standard error.

    Stop where it is beyond the bound, in the direction of the alternative. effect -+ z * standard error is the repeated
    confidence interval (Jennison & Turnbull 1989).
    """

    information: Array
    spent: Array
    z: Array


def look_bounds(
    information: Sequence[float],
    alpha: float = 0.05,
    alternative: Alternative = "two-sided",
    spending: Spending = "power",
    exponent: float = 2.0,
    *,
    is_last: bool = False,
) -> LookBounds:
    """The bounds of looks at these shares of the final information, such as units so far / planned units, rising to at most 1.

    ``is_last``: no look comes after the last one, which spends all that is left, however many units have come; it may lie beyond 1.

    Lan & DeMets (1983); "power" spends alpha t**exponent (Kim & DeMets 1987), the others are theirs. The bounds come from
    the recursion of Armitage, McPherson & Rowe (1969), by Gauss-Legendre quadrature.
    """
    must_be_between("alpha", alpha, 0, 0.5)
    must_be_of("spending", spending, ("power", "obrien-fleming", "pocock"))
    times = floats(information)
    planned = times[:-1] if is_last else times
    if times.ndim != 1 or not times.size or times[0] <= 0 or np.any(planned > 1 + 1e-12) or np.any(np.diff(times) <= 0):
        raise ValueError(f"information == {list(information)}, must rise from above 0 to at most 1")
    spent = spent_level(np.minimum(times, 1.0), alpha, spending, exponent, sides=2 if alternative == "two-sided" else 1)
    if is_last:
        spent[-1] = alpha
    z = _bounds(times, np.diff(spent, prepend=0.0), is_symmetric=alternative == "two-sided")
    return LookBounds(times, spent, -z if alternative == "less" else z)


def repeated_p(
    z: ArrayLike,
    information: Sequence[float],
    spending: Spending = "power",
    *,
    alpha: float = 0.05,
    is_last: bool = False,
) -> Array:
    """The repeated p-values of effect / standard error at the last of these looks: the level at which its bound is just reached.

    Two-sided; Jennison & Turnbull (1989). Bounds are computed for a grid of levels, ``alpha`` among them, so that a p-value is
    below ``alpha`` just where the bound is exceeded; between its points normal quantiles of levels are
    interpolated, to about 0.1 %. 1 where even a level of 0.5 does not reach it, and never below 1e-12.
    """
    first, last = (-float(normal_quantile(level / 2)) for level in (MOST_LEVEL, 1e-12))
    grid = np.linspace(first, last, GRID)
    levels = np.unique(np.append(2 * normal_cdf(-grid), alpha))
    bounds = floats([look_bounds(information, level, spending=spending, is_last=is_last).z[-1] for level in levels])
    size = np.abs(floats(z))
    quantiles = np.interp(size, bounds[::-1], -normal_quantile(levels / 2)[::-1])
    found = 2 * normal_cdf(-quantiles)
    return np.where(np.isnan(size), np.nan, np.where(size < bounds[-1], 1.0, found))


def spent_level(times: Array, alpha: float, spending: Spending, exponent: float, sides: int) -> Array:
    """How much of the level may be spent by each share of the information."""
    if spending == "power":
        if not exponent > 0:
            raise ValueError(f"exponent == {exponent}, must be above 0")
        return alpha * times**exponent
    if spending == "pocock":
        return alpha * np.log1p((np.e - 1) * times)
    half = normal_quantile(1 - alpha / (2 * sides))
    return 2 * sides * normal_cdf(-half / np.sqrt(times))


def _bounds(times: Array, levels: Array, *, is_symmetric: bool) -> Array:
    """The bound of each look, from the distribution of the score process over those that no look before has stopped."""
    nodes, weights = np.polynomial.legendre.leggauss(POINTS)
    places, density = np.zeros(1), np.ones(1)
    before = 0.0
    bounds = []
    for time, level in zip(times, levels, strict=True):
        step = float(np.sqrt(time - before))
        bound = _solve(places, density, step, float(level), float(np.sqrt(time)), is_symmetric)
        bounds.append(bound / np.sqrt(time))
        low = -bound if is_symmetric else -FAR * float(np.sqrt(time))
        here = low + (nodes + 1) * (bound - low) / 2
        density = normal_density((here[:, np.newaxis] - places) / step) @ density / step * weights * (bound - low) / 2
        places, before = here, float(time)
    return floats(bounds)


def _solve(places: Array, density: Array, step: float, level: float, scale: float, is_symmetric: bool) -> float:
    """The bound beyond which this look stops with the given probability, by bisection."""
    low, high = 0.0 if is_symmetric else -FAR * scale, FAR * scale
    for _ in range(80):
        middle = (low + high) / 2
        beyond = float(normal_cdf((places - middle) / step) @ density)
        if is_symmetric:
            beyond += float(normal_cdf((-places - middle) / step) @ density)
        low, high = (middle, high) if beyond > level else (low, middle)
    return (low + high) / 2
