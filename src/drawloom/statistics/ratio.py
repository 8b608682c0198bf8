"""Ratios of two sums, such as clicks per view, where units are users: the delta method."""

from __future__ import annotations

import numpy as np

from drawloom.statistics.arrays import Array, quiet
from drawloom.statistics.compare import Comparison, compare
from drawloom.statistics.estimates import Estimate, variance_along, zero_denominators
from drawloom.statistics.method import DEFAULT, Method
from drawloom.statistics.moments import Moments


@quiet
def ratio(moments: Moments) -> Estimate:
    """The first variable's sum over the second's, with its variance by the delta method (Deng, Knoblich & Lu 2018).

    The units are what was assigned, such as users: taking the denominator's events as independent covers too little.
    """
    denominator = moments.mean[..., 1]
    value = np.where(denominator == 0, np.nan, moments.mean[..., 0] / denominator)
    variance = variance_along(ratio_gradient(value, denominator), moments.covariance) / moments.n
    return Estimate.unadjusted(moments.n, value, variance, zero_denominators(denominator, moments.n))


def ratio_gradient(value: Array, denominator: Array) -> Array:
    """The derivatives of numerator / denominator by the two means."""
    return np.stack([1 / denominator, -value / denominator], axis=-1)


def compare_ratios(control: Moments, treatment: Moments, method: Method = DEFAULT) -> Comparison:
    """Ratios of the first variable to the second."""
    return compare(ratio(control), ratio(treatment), method)
