"""Shares of units, such as those that converted: t-tests, and exact p-values where units are few."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from drawloom.statistics.arrays import Array, Bools, floats, must_be_of, quiet
from drawloom.statistics.compare import Comparison, compare
from drawloom.statistics.estimates import Estimate
from drawloom.statistics.exact import exact_p
from drawloom.statistics.method import DEFAULT, Exact, Method
from drawloom.statistics.moments import Moments
from drawloom.statistics.special import normal_quantile

Interval = Literal["newcombe", "agresti-caffo", "wald"]


@quiet
def proportion(moments: Moments) -> Estimate:
    """The share of units that succeeded, with the variance p (1 - p) / n."""
    share = moments.mean[..., 0]
    if np.any(wrong := (share < 0) | (share > 1)):
        raise ValueError(f"mean == {share[wrong].flat[0]:g}, must be between 0 and 1 for a proportion")
    return Estimate.unadjusted(moments.n, share, share * (1 - share) / moments.n)


@quiet
def compare_proportions(
    control: Moments,
    treatment: Moments,
    method: Method = DEFAULT,
    exact_below: float = 1000,
    exact: Exact = "fisher",
) -> Comparison:
    """Shares, whose moments come from ``Moments.of_counts``, or are those of a variable of 0 and 1.

    The test has unpooled variances p (1 - p) / n; "pooled" is the z-test with the share of both arms. With fewer units
    than ``exact_below`` in both arms together the p-value is exact, and the interval Newcombe's, which unlike the
    t-interval does not collapse at no success.
    """
    must_be_of("exact", exact, ("fisher", "barnard", "boschloo"))
    arms = proportion(control), proportion(treatment)
    is_pooled = method.test == "pooled"
    found = compare(*_with_shared_variance(*arms), replace(method, test="z")) if is_pooled else compare(*arms, method)
    few = (found.n_control + found.n_treatment < exact_below) & ~np.isnan(found.p_value)
    if not np.any(few):
        return found
    p = np.array(found.p_value)
    p[few] = exact_p(_successes(control, few), _successes(treatment, few), method.alternative, exact)
    low, high = proportion_interval(control, treatment, method, "newcombe")
    return replace(
        found, p_value=p, ci_low=np.where(few, low, found.ci_low), ci_high=np.where(few, high, found.ci_high)
    )


def _successes(arm: Moments, few: Bools) -> tuple[Array, Array]:
    n = np.broadcast_to(arm.n, few.shape)[few]
    return n, np.rint(n * np.broadcast_to(arm.mean[..., 0], few.shape)[few])


def _with_shared_variance(control: Estimate, treatment: Estimate) -> tuple[Estimate, Estimate]:
    total = control.n + treatment.n
    share = (control.n * control.value + treatment.n * treatment.value) / total
    unit = share * (1 - share)
    return (
        Estimate.unadjusted(control.n, control.value, unit / control.n),
        Estimate.unadjusted(treatment.n, treatment.value, unit / treatment.n),
    )


@quiet
def proportion_interval(
    control: Moments, treatment: Moments, method: Method = DEFAULT, kind: Interval = "newcombe"
) -> tuple[Array, Array]:
    """The ends of an interval for the difference of shares.

    "newcombe" is the hybrid of Wilson's score intervals (Newcombe 1998, method 10), "agresti-caffo" adds one success and
    one failure to each arm (Agresti & Caffo 2000), "wald" is the normal approximation without correction.
    """
    must_be_of("kind", kind, ("newcombe", "agresti-caffo", "wald"))
    z = float(normal_quantile(method.upper_probability))
    ends = _newcombe(control, treatment, z) if kind == "newcombe" else _normal(control, treatment, z, kind)
    low, high = ends
    if method.alternative == "greater":
        high = np.where(np.isnan(high), np.nan, np.inf)
    if method.alternative == "less":
        low = np.where(np.isnan(low), np.nan, -np.inf)
    return low, high


def _newcombe(control: Moments, treatment: Moments, z: float) -> tuple[Array, Array]:
    p_c, p_t = control.mean[..., 0], treatment.mean[..., 0]
    low_c, high_c = _wilson(control, z)
    low_t, high_t = _wilson(treatment, z)
    effect = p_t - p_c
    return effect - np.hypot(p_t - low_t, high_c - p_c), effect + np.hypot(high_t - p_t, p_c - low_c)


def _wilson(arm: Moments, z: float) -> tuple[Array, Array]:
    n, share = arm.n, arm.mean[..., 0]
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    radius = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return centre - radius, centre + radius


def _normal(control: Moments, treatment: Moments, z: float, kind: Interval) -> tuple[Array, Array]:
    added = 1.0 if kind == "agresti-caffo" else 0.0
    effect, variance = floats(0.0), floats(0.0)
    for arm, sign in ((treatment, 1), (control, -1)):
        n = np.where(arm.n > 0, arm.n, np.nan) + 2 * added
        share = (arm.n * arm.mean[..., 0] + added) / n
        effect, variance = effect + sign * share, variance + share * (1 - share) / n
    radius = z * np.sqrt(variance)
    return effect - radius, effect + radius
