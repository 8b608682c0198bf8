"""Intervals and p-values that stay valid however often somebody looks."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, log1p

import numpy as np
from numpy.typing import ArrayLike

from drawloom.statistics.arrays import Array, floats, quiet
from drawloom.statistics.method import Alternative


def mixture_precision(alpha: float, expected_units: float, alternative: Alternative = "two-sided") -> float:
    """The squared rho of the asymptotic confidence sequence that is tightest at the expected number of units.

    Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2021), arXiv:2103.06476v7, equation 161; with 2 alpha for one side.
    """
    level = alpha if alternative == "two-sided" else 2 * alpha
    return (-2 * log(level) + log1p(-2 * log(level))) / expected_units


@quiet
def confidence_radius(
    standard_error: Array, n: Array, alpha: float, rho_squared: float, alternative: Alternative = "two-sided"
) -> Array:
    """Half the width of the confidence sequence: equation 9 of arXiv:2103.06476v7, one-sided equation 134.

    ``n`` is the number of units of both arms. The interval holds at all looks at once with probability 1 - alpha.
    """
    information = n * rho_squared
    half_log = 0.5 * np.log1p(information)
    both = alternative == "two-sided"
    bound = half_log - log(alpha) if both else np.logaddexp(0.0, half_log - log(2 * alpha))
    return standard_error * np.sqrt(2 * (1 + 1 / information) * bound)


@quiet
def always_valid_p(z: Array, n: Array, rho_squared: float, alternative: Alternative = "two-sided") -> Array:
    """The p-value of the same sequence, from effect / standard error: the alpha at which its interval touches zero.

    Equation 155 of arXiv:2103.06476v7, in logarithms. Its minimum over looks is valid, too. One-sided it is the
    inverse of equation 134, and 1 where the effect goes the other way.
    """
    information = n * rho_squared
    half_log = 0.5 * np.log1p(information)
    evidence = z * z * information / (2 * (1 + information))
    if alternative == "two-sided":
        return np.exp(np.minimum(0.0, half_log - evidence))
    towards = z > 0 if alternative == "greater" else z < 0
    p = np.exp(np.minimum(0.0, half_log - np.log(2.0) - evidence - np.log(-np.expm1(-evidence))))
    return np.where(np.isnan(z), np.nan, np.where(towards, p, 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class MixtureRatio:
    """A likelihood ratio against no effect, as its logarithm, and the p-value 1 / ratio, at most 1."""

    log_ratio: Array
    p_value: Array

    @property
    @quiet
    def ratio(self) -> Array:
        """The likelihood ratio itself; infinite where it is beyond floats."""
        return np.exp(self.log_ratio)


@quiet
def mixture_sprt(effect: ArrayLike, standard_error: ArrayLike, tau_squared: ArrayLike) -> MixtureRatio:
    """The Gaussian mixture sequential probability ratio test (Johari, Koomen, Pekelis & Walsh 2017).

    ``tau_squared`` is the variance of effects that the mixture expects. The asymptotic confidence sequence is this test
    with tau_squared = n * rho_squared * standard_error**2.
    """
    ratio = floats(tau_squared) / floats(standard_error) ** 2
    z = floats(effect) / floats(standard_error)
    log_ratio = 0.5 * (z * z * ratio / (1 + ratio) - np.log1p(ratio))
    return MixtureRatio(log_ratio, np.exp(np.minimum(0.0, -log_ratio)))


def running_p(p_values: ArrayLike, axis: int = -1) -> Array:
    """The smallest p-value of all looks so far, which for always valid p-values is always valid; NaN looks are passed over."""
    return np.fmin.accumulate(floats(p_values), axis=axis)
