"""Post-stratification: the effect as the mean of those of strata, weighted by their units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from drawloom.statistics.arrays import Array, Bools, floats, must_be_of, quiet
from drawloom.statistics.compare import Comparison, compare_means, with_effect
from drawloom.statistics.cuped import compare_adjusted_means, compare_adjusted_ratios
from drawloom.statistics.estimates import variance_along
from drawloom.statistics.method import DEFAULT, Method
from drawloom.statistics.moments import Moments, merge_all
from drawloom.statistics.ratio import compare_ratios, ratio, ratio_gradient

Metric = Literal["mean", "adjusted-mean", "ratio", "adjusted-ratio"]
UNSTRATIFIED: dict[str, Callable[[Moments, Moments, Method], Comparison]] = {
    "mean": compare_means,
    "adjusted-mean": compare_adjusted_means,
    "ratio": compare_ratios,
    "adjusted-ratio": compare_adjusted_ratios,
}
SINGULAR = 1e-12  # of the product of variances: covariates with a smaller determinant say the same


@quiet
def compare_stratified(
    control: Moments, treatment: Moments, metric: Metric = "mean", method: Method = DEFAULT
) -> Comparison:
    """Any metric of sums, with strata along the last axis of the moments' groups; variables are those of the plain comparison.

    Miratrix, Sekhon & Yu (2013), with strata as a sample: their weights are multinomial. Adjusted metrics have a regression
    on arm and covariates in each stratum (Lin 2013). A stratum in which an arm has no variance is joined with the largest;
    with one left the comparison is the plain one. Degrees of freedom are those of the plain comparison.
    """
    must_be_of("metric", metric, tuple(UNSTRATIFIED))
    if method.relative != "delta":
        raise ValueError(f"relative == {method.relative!r}, must be 'delta' for strata")
    outcomes = 2 if "ratio" in metric else 1
    strata = range(control.n.shape[-1])
    plain = UNSTRATIFIED[metric](
        merge_all([control.at(i) for i in strata]), merge_all([treatment.at(i) for i in strata]), method
    )
    control, treatment, is_cell = _join_small_strata(control, treatment, outcomes)
    values, covariance = _cells(control, treatment, outcomes)
    values, covariance = _weighted(values, covariance, np.where(is_cell, control.n + treatment.n, 0.0))
    effect, variance, relative, relative_variance = _effects(values, covariance, outcomes)
    usable = (is_cell.sum(axis=-1) > 1) & (variance > 0) & np.isfinite(plain.standard_error)
    return with_effect(
        plain,
        method,
        effect=np.where(usable, effect, plain.effect),
        standard_error=np.where(usable, np.sqrt(variance), plain.standard_error),
        effect_relative=np.where(usable, relative, plain.effect_relative),
        se_relative=np.where(usable, np.sqrt(relative_variance), plain.se_relative),
    )


def _join_small_strata(control: Moments, treatment: Moments, outcomes: int) -> tuple[Moments, Moments, Bools]:
    """The strata, those without a test of their own joined with the largest, and which are left."""
    n = control.n + treatment.n
    covariates = control.mean.shape[-1] - outcomes
    viable = (np.minimum(control.n, treatment.n) >= 2) & (n > 2 + 2 * covariates)
    for arm in (control, treatment):
        variance = arm.comoments[..., 0, 0] if outcomes == 1 else ratio(arm.only(0, 1)).variance
        viable = viable & (variance > 0)
    is_largest = np.arange(n.shape[-1]) == n.argmax(axis=-1)[..., np.newaxis]
    small = ~viable & ~is_largest
    joined = [_join(arm, small, is_largest) for arm in (control, treatment)]
    return joined[0], joined[1], viable | is_largest


def _join(arm: Moments, small: Bools, is_largest: Bools) -> Moments:
    strata = range(arm.n.shape[-1])
    lost = Moments(
        np.where(small, arm.n, 0.0), arm.mean, np.where(small[..., np.newaxis, np.newaxis], arm.comoments, 0.0)
    )
    extra = merge_all([lost.at(i) for i in strata])
    whole = arm.merge(
        Moments(extra.n[..., np.newaxis], extra.mean[..., np.newaxis, :], extra.comoments[..., np.newaxis, :, :])
    )
    return Moments(
        np.where(is_largest, whole.n, arm.n),
        np.where(is_largest[..., np.newaxis], whole.mean, arm.mean),
        np.where(is_largest[..., np.newaxis, np.newaxis], whole.comoments, arm.comoments),
    )


def _cells(control: Moments, treatment: Moments, outcomes: int) -> tuple[Array, Array]:
    """For each stratum the means of the outcomes, those of the control first, and their covariances."""
    own = [
        arm.covariance[..., :outcomes, :outcomes] / arm.n[..., np.newaxis, np.newaxis] for arm in (control, treatment)
    ]
    means = [arm.mean[..., :outcomes] for arm in (control, treatment)]
    nothing = np.zeros(np.shape(own[0]))
    values, covariance = np.concatenate(means, axis=-1), _blocks(own[0], nothing, own[1])
    if control.mean.shape[-1] == outcomes:
        return values, covariance
    adjusted, adjusted_covariance, usable = _regression(control, treatment, outcomes)
    return (
        np.where(usable[..., np.newaxis], adjusted, values),
        np.where(usable[..., np.newaxis, np.newaxis], adjusted_covariance, covariance),
    )


def _regression(control: Moments, treatment: Moments, outcomes: int) -> tuple[Array, Array, Bools]:
    """The means at the covariates' mean of the stratum, by least squares of outcomes on arm and covariates."""
    within = control.comoments + treatment.comoments
    pooled = control.merge(treatment)
    covariates = within.shape[-1] - outcomes
    products = within[..., outcomes:, outcomes:]
    usable = _is_regular(control, outcomes) & _is_regular(treatment, outcomes) & _is_invertible(products)
    inverse = np.linalg.inv(np.where(usable[..., np.newaxis, np.newaxis], products, np.eye(covariates)))
    cross = within[..., outcomes:, :outcomes]
    slopes = inverse @ cross
    n = pooled.n[..., np.newaxis, np.newaxis]
    residual = (within[..., :outcomes, :outcomes] - _transposed(slopes) @ cross) / (n - 2 - covariates)
    spread = pooled.comoments[..., outcomes:, outcomes:] / (n - 1) / n  # the covariances of the covariates' mean
    shared = residual * np.trace(inverse @ spread, axis1=-2, axis2=-1)[..., np.newaxis, np.newaxis]
    shared = shared + _transposed(slopes) @ spread @ slopes
    first, second = ((arm.mean - pooled.mean)[..., np.newaxis, outcomes:] for arm in (control, treatment))

    def error(left: Array, right: Array, own: Array | float) -> Array:
        return floats(residual * (own + left @ inverse @ _transposed(right)) + shared)

    blocks = _blocks(
        error(first, first, 1 / control.n[..., np.newaxis, np.newaxis]),
        error(first, second, 0.0),
        error(second, second, 1 / treatment.n[..., np.newaxis, np.newaxis]),
    )
    means = [
        arm.mean[..., :outcomes] - (away @ slopes)[..., 0, :] for arm, away in ((control, first), (treatment, second))
    ]
    return np.concatenate(means, axis=-1), blocks, usable


def _is_regular(arm: Moments, outcomes: int) -> Bools:
    variances = np.diagonal(arm.comoments[..., outcomes:, outcomes:], axis1=-2, axis2=-1)
    return np.asarray((variances > 0).all(axis=-1))


def _is_invertible(products: Array) -> Bools:
    variances = np.diagonal(products, axis1=-2, axis2=-1).prod(axis=-1)
    return np.asarray(np.linalg.det(products) > SINGULAR * variances)


def _transposed(matrix: Array) -> Array:
    return np.swapaxes(matrix, -1, -2)


def _blocks(control: Array, both: Array, treatment: Array) -> Array:
    top = np.concatenate([control, both], axis=-1)
    return np.concatenate([top, np.concatenate([_transposed(both), treatment], axis=-1)], axis=-2)


def _weighted(values: Array, covariance: Array, n: Array) -> tuple[Array, Array]:
    """The strata's mean, weighted by units, and its covariances, those of random weights included."""
    total = n.sum(axis=-1)
    share = n / total[..., np.newaxis]
    used = share > 0
    values = np.where(used[..., np.newaxis], values, 0.0)
    covariance = np.where(used[..., np.newaxis, np.newaxis], covariance, 0.0)
    mean = np.einsum("...s,...si->...i", share, values)
    away = values - mean[..., np.newaxis, :]
    between = np.einsum("...s,...si,...sj->...ij", share, away, away) / total[..., np.newaxis, np.newaxis]
    return mean, np.einsum("...s,...sij->...ij", share * share, covariance) + between


def _effects(values: Array, covariance: Array, outcomes: int) -> tuple[Array, Array, Array, Array]:
    """The effect and its variance, the relative effect and its variance."""
    arms = [values[..., :outcomes], values[..., outcomes:]]
    if outcomes == 1:
        control, treatment = (arm[..., 0] for arm in arms)
        gradients = [np.ones(np.shape(arm)) for arm in arms]
    else:
        control, treatment = (arm[..., 0] / arm[..., 1] for arm in arms)
        gradients = [ratio_gradient(value, arm[..., 1]) for value, arm in zip((control, treatment), arms, strict=True)]
    size = np.where(control == 0, np.nan, np.abs(control))
    slope = np.where(control == 0, np.nan, -treatment / (control * size))
    absolute = np.concatenate([-gradients[0], gradients[1]], axis=-1)
    relative = np.concatenate([slope[..., np.newaxis] * gradients[0], gradients[1] / size[..., np.newaxis]], axis=-1)
    effect = treatment - control
    return effect, variance_along(absolute, covariance), effect / size, variance_along(relative, covariance)
