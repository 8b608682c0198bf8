"""Less variance by what units did before they were assigned: CUPED for means and ratios."""

from __future__ import annotations

import numpy as np

from drawloom.statistics.arrays import Array, must_be_of, quiet
from drawloom.statistics.compare import Comparison, compare
from drawloom.statistics.estimates import Estimate, covariance_along, variance_along
from drawloom.statistics.method import DEFAULT, Method, Theta
from drawloom.statistics.moments import Moments
from drawloom.statistics.ratio import ratio, ratio_gradient


@quiet
def compare_adjusted_means(control: Moments, treatment: Moments, method: Method = DEFAULT) -> Comparison:
    """Means of the first variable, adjusted by the second, such as the same metric before exposure.

    theta = cov(y, x) / var(x) over the units of both arms, and each arm's variance is that of y - theta x (Deng, Xu,
    Kohavi & Walker 2013, equation 4). It is 0 where the covariate does not vary, which gives the unadjusted test.
    """
    pooled = control.merge(treatment)
    varies = (control.comoments[..., 1, 1] > 0) | (treatment.comoments[..., 1, 1] > 0)
    theta = np.where(varies, pooled.comoments[..., 0, 1] / pooled.comoments[..., 1, 1], 0.0)
    first, second = (_adjusted_mean(arm, theta, pooled.mean[..., 1]) for arm in (control, treatment))
    return compare(first, second, method, theta=theta, change=second.baseline - first.baseline)


def _adjusted_mean(arm: Moments, theta: Array, covariate: Array) -> Estimate:
    n, covariances = arm.n, arm.covariance
    baseline = arm.mean[..., 0]
    gradient = np.stack([np.ones(np.shape(theta)), -theta], axis=-1)
    unadjusted = gradient * np.array([1.0, 0.0])
    return Estimate(
        n=n,
        value=baseline - np.where(theta == 0, 0.0, theta * (arm.mean[..., 1] - covariate)),
        variance=variance_along(gradient, covariances) / n,
        baseline=baseline,
        baseline_variance=covariances[..., 0, 0] / n,
        covariance=covariance_along(gradient, unadjusted, covariances) / n,
        reason=np.full(np.shape(baseline), ""),
    )


@quiet
def compare_adjusted_ratios(
    control: Moments, treatment: Moments, method: Method = DEFAULT, theta_from: Theta = "arms"
) -> Comparison:
    """Ratios of the first variable to the second, adjusted by the ratio of the third to the fourth.

    Both ratios are linearised (Deng, Knoblich & Lu 2018). theta is the sum of both arms' covariances over the sum of
    their variances, or with ``theta_from="pooled"`` that of the units of both arms taken together.
    """
    must_be_of("theta_from", theta_from, ("arms", "pooled"))
    pooled = control.merge(treatment)
    sources = (control, treatment) if theta_from == "arms" else (pooled,)
    parts = [_linearised(source) for source in sources]
    variance = sum((variance_along(after, one.covariance) for (_, after), one in zip(parts, sources, strict=True)), 0.0)
    both = [covariance_along(*gradients, one.covariance) for gradients, one in zip(parts, sources, strict=True)]
    theta = np.where(variance > 0, sum(both, 0.0) / variance, 0.0)
    first, second = (_adjusted_ratio(arm, theta, ratio(pooled.only(2, 3)).value) for arm in (control, treatment))
    return compare(first, second, method, theta=theta)


def _linearised(moments: Moments) -> tuple[Array, Array]:
    """The gradients of the ratio and of its covariate by the four means; that of an undefined covariate is zero."""
    now, before = (ratio(moments.only(*pair)).value for pair in ((0, 1), (2, 3)))
    gradient = ratio_gradient(now, moments.mean[..., 1])
    covariate = np.nan_to_num(ratio_gradient(before, moments.mean[..., 3]), nan=0.0, posinf=0.0, neginf=0.0)
    return np.concatenate([gradient, 0 * gradient], axis=-1), np.concatenate([0 * covariate, covariate], axis=-1)


def _adjusted_ratio(arm: Moments, theta: Array, covariate: Array) -> Estimate:
    plain, before = ratio(arm.only(0, 1)), ratio(arm.only(2, 3))
    gradient, after = _linearised(arm)
    adjusted = gradient - theta[..., np.newaxis] * after
    return Estimate(
        n=arm.n,
        value=plain.value - np.where(theta == 0, 0.0, theta * (before.value - covariate)),
        variance=variance_along(adjusted, arm.covariance) / arm.n,
        baseline=plain.value,
        baseline_variance=plain.variance,
        covariance=covariance_along(adjusted, gradient, arm.covariance) / arm.n,
        reason=plain.reason,
    )
