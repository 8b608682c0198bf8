"""What one arm says about a metric: an estimate and how uncertain it is. Every kind of metric becomes one of these."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drawloom.statistics import reasons
from drawloom.statistics.arrays import Array, Bools, Texts, floats, quiet
from drawloom.statistics.moments import Moments

CANCELLED = 1e-13  # of the terms that cancel: a variance below is rounding


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """One arm's estimates, one for each test; variances are those of the estimates, not of the units.

    ``baseline`` is what relative effects are relative to: the estimate itself, or where that is adjusted, the one that
    is not. ``covariance`` is that of value and baseline. ``reason`` says why values are NaN beyond too few units.
    """

    n: Array
    value: Array
    variance: Array
    baseline: Array
    baseline_variance: Array
    covariance: Array
    reason: Texts

    @classmethod
    def unadjusted(cls, n: Array, value: Array, variance: Array, reason: Texts | None = None) -> Estimate:
        """An estimate that is its own baseline."""
        none = np.full(np.shape(value), "") if reason is None else reason
        return cls(n, value, variance, value, variance, variance, none)


@quiet
def mean(moments: Moments) -> Estimate:
    """The mean of the first variable; its variance is the sample variance, with n - 1, over n."""
    value = moments.mean[..., 0]
    return Estimate.unadjusted(moments.n, value, moments.covariance[..., 0, 0] / moments.n)


def zero_denominators(denominator: Array, n: Array) -> Texts:
    """The reason of ratios whose denominator sums to nothing."""
    return reasons.pick(np.shape(denominator), (reasons.ZERO_DENOMINATOR, zero(denominator, n)))


def zero(denominator: Array, n: Array) -> Bools:
    """Where there are units, but the denominator is zero."""
    return np.asarray((denominator == 0) & (n > 0))


def variance_along(gradient: Array, covariance: Array) -> Array:
    """The variance of gradient @ x, for the covariances of x; zero where it is only what is left of cancelled terms."""
    variance = covariance_along(gradient, gradient, covariance)
    terms = covariance_along(np.abs(gradient), np.abs(gradient), np.abs(covariance))
    return np.where(variance <= CANCELLED * terms, 0.0, variance)


def covariance_along(left: Array, right: Array, covariance: Array) -> Array:
    """The covariance of left @ x and right @ x, for the covariances of x."""
    return floats(np.einsum("...i,...ij,...j->...", left, covariance, right))
