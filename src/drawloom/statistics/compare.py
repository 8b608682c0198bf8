"""Control against treatment: effect, interval and p-value, absolute, relative and sequential, for any number of tests at once."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from drawloom.statistics import estimates, reasons
from drawloom.statistics.arrays import Array, Bools, Texts, quiet
from drawloom.statistics.estimates import Estimate
from drawloom.statistics.method import DEFAULT, Method
from drawloom.statistics.moments import Moments
from drawloom.statistics.sequential import always_valid_p, confidence_radius, mixture_precision
from drawloom.statistics.special import t_cdf, t_quantile


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """The results of tests, each field an array of the tests' shape. NaN is unknown, and ``reason`` says why.

    Effects are treatment - control, relative ones divided by the absolute value of the control's estimate. The absolute
    effect is there wherever both arms have units, everything else only where it can be told how uncertain it is. ``control``
    and ``treatment`` are the estimates before any adjustment. ``theta`` is the coefficient of the covariate, or NaN.
    """

    n_control: Array
    n_treatment: Array
    control: Array
    treatment: Array
    effect: Array
    standard_error: Array
    df: Array
    ci_low: Array
    ci_high: Array
    p_value: Array
    effect_relative: Array
    se_relative: Array
    ci_low_relative: Array
    ci_high_relative: Array
    p_value_relative: Array
    sequential_low: Array
    sequential_high: Array
    sequential_p: Array
    sequential_low_relative: Array
    sequential_high_relative: Array
    sequential_p_relative: Array
    theta: Array
    reason: Texts

    def columns(self) -> dict[str, Array | Texts]:
        """All fields by name, for a table with a row for each test."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True, eq=False)
class Test:
    """An estimate with its interval, its p-value and those that are valid at every look."""

    low: Array
    high: Array
    p_value: Array
    sequential_low: Array
    sequential_high: Array
    sequential_p: Array


@dataclass(frozen=True, slots=True, eq=False)
class StudentsT:
    """The distribution of estimates, and the quantile that bounds them, which is the dear part and made once for all of a test."""

    df: Array
    bound: Array

    @classmethod
    def of(cls, df: Array, method: Method) -> StudentsT:
        """With the bound that the method's level asks for."""
        return cls(df, t_quantile(method.upper_probability, df))


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """Effects with their standard errors, whatever they were made of."""

    n: Array
    df: Array
    effect: Array
    standard_error: Array
    effect_relative: Array
    se_relative: Array


def compare_means(control: Moments, treatment: Moments, method: Method = DEFAULT) -> Comparison:
    """Means of one variable, by Welch's t-test (Welch 1947), or pooled or with known variance as the method says."""
    return compare(estimates.mean(control), estimates.mean(treatment), method)


@quiet
def compare(
    control: Estimate,
    treatment: Estimate,
    method: Method = DEFAULT,
    *,
    theta: Array | None = None,
    change: Array | None = None,
) -> Comparison:
    """Two arms' estimates of any kind of metric.

    ``change`` is the difference with which the baseline's uncertainty enters the error of the relative effect: that of
    the values, if nothing else is said.
    """
    first, second = _pooled(control, treatment) if method.test == "pooled" else (control, treatment)
    reason = reason_of(first, second, method)
    found = _effect(first, second, method, (reason == "") | (reason == reasons.ZERO_BASELINE), change)
    t = StudentsT.of(found.df, method)
    if method.relative == "log":
        found, relative, low_sample = _log_relative(control, treatment, method, found)
        reason = np.where(low_sample & (reason == ""), reasons.LOW_SAMPLE, reason)
    else:
        relative = test_of(found.effect_relative, found.se_relative, found.n, t, method)
    shape = np.shape(found.effect)
    return Comparison(
        n_control=np.broadcast_to(control.n, shape),
        n_treatment=np.broadcast_to(treatment.n, shape),
        control=np.broadcast_to(control.baseline, shape),
        treatment=np.broadcast_to(treatment.baseline, shape),
        effect=found.effect,
        standard_error=found.standard_error,
        df=found.df,
        effect_relative=found.effect_relative,
        se_relative=found.se_relative,
        theta=np.full(shape, np.nan) if theta is None else np.broadcast_to(theta, shape),
        reason=reason,
        **_columns(test_of(found.effect, found.standard_error, found.n, t, method), relative),
    )


@quiet
def with_effect(
    plain: Comparison,
    method: Method,
    *,
    effect: Array,
    standard_error: Array,
    effect_relative: Array,
    se_relative: Array,
) -> Comparison:
    """A comparison with another estimate of the same effect, and all that follows from it."""
    n = plain.n_control + plain.n_treatment
    t = StudentsT.of(plain.df, method)
    absolute = test_of(effect, standard_error, n, t, method)
    relative = test_of(effect_relative, se_relative, n, t, method)
    return replace(
        plain,
        effect=effect,
        standard_error=standard_error,
        effect_relative=effect_relative,
        se_relative=se_relative,
        **_columns(absolute, relative),
    )


def _columns(absolute: Test, relative: Test) -> dict[str, Any]:
    return {
        "ci_low": absolute.low,
        "ci_high": absolute.high,
        "p_value": absolute.p_value,
        "ci_low_relative": relative.low,
        "ci_high_relative": relative.high,
        "p_value_relative": relative.p_value,
        "sequential_low": absolute.sequential_low,
        "sequential_high": absolute.sequential_high,
        "sequential_p": absolute.sequential_p,
        "sequential_low_relative": relative.sequential_low,
        "sequential_high_relative": relative.sequential_high,
        "sequential_p_relative": relative.sequential_p,
    }


def reason_of(control: Estimate, treatment: Estimate, method: Method = DEFAULT) -> Texts:
    """Why tests have no result, or only an absolute one."""
    fewest = np.minimum(control.n, treatment.n)
    variance = control.variance + treatment.variance
    shape = np.broadcast_shapes(np.shape(fewest), np.shape(variance))
    own = [
        (name, np.asarray((control.reason == name) | (treatment.reason == name)))
        for name in (reasons.ZERO_DENOMINATOR, reasons.LOW_SAMPLE, reasons.ZERO_VARIANCE)
    ]
    return reasons.pick(
        shape,
        (reasons.NO_UNITS, np.asarray(~(fewest > 0))),
        (reasons.TOO_FEW_UNITS, np.asarray(fewest < 2)),
        *own,
        (reasons.LOW_SAMPLE, np.asarray(fewest < method.minimum_units)),
        (reasons.ZERO_VARIANCE, np.asarray(~(variance > 0))),
        (reasons.ZERO_BASELINE, np.asarray(control.baseline == 0)),
    )


def _effect(control: Estimate, treatment: Estimate, method: Method, is_known: Bools, change: Array | None) -> Effect:
    effect = treatment.value - control.value
    variance = np.where(is_known, control.variance + treatment.variance, np.nan)
    size = np.where(control.baseline == 0, np.nan, np.abs(control.baseline))
    share = (effect if change is None else change) / control.baseline
    return Effect(
        n=control.n + treatment.n,
        df=np.where(is_known, degrees_of_freedom(control, treatment, method), np.nan),
        effect=effect,
        standard_error=np.sqrt(variance),
        effect_relative=np.where(is_known, effect / size, np.nan),
        se_relative=_relative_error(control, variance, share, size),
    )


def _relative_error(control: Estimate, variance: Array, share: Array, size: Array) -> Array:
    """The standard error of effect / |baseline| by the delta method (Deng, Knoblich & Lu 2018), from the variance of the effect."""
    total = variance + 2 * share * control.covariance + share * share * control.baseline_variance
    return np.sqrt(np.maximum(total, 0.0)) / size


def degrees_of_freedom(control: Estimate, treatment: Estimate, method: Method = DEFAULT) -> Array:
    """Welch & Satterthwaite's (1946), n - 2 for pooled variances, infinite for the z-test."""
    if method.test == "z":
        return np.full(np.broadcast_shapes(np.shape(control.n), np.shape(treatment.n)), np.inf)
    if method.test == "pooled":
        return control.n + treatment.n - 2
    return _welch(control.variance, control.n, treatment.variance, treatment.n)


def _welch(control: Array, n_control: Array, treatment: Array, n_treatment: Array) -> Array:
    share = control / (control + treatment)
    return 1 / (share * share / (n_control - 1) + (1 - share) ** 2 / (n_treatment - 1))


def _pooled(control: Estimate, treatment: Estimate) -> tuple[Estimate, Estimate]:
    """Both arms with the variance of a unit that they share (Student's t-test)."""
    df = control.n + treatment.n - 2

    def unit(one: Array, other: Array) -> Array:
        return ((control.n - 1) * control.n * one + (treatment.n - 1) * treatment.n * other) / df

    variance = unit(control.variance, treatment.variance)
    baseline = unit(control.baseline_variance, treatment.baseline_variance)
    both = unit(control.covariance, treatment.covariance)

    def shared(arm: Estimate) -> Estimate:
        n = arm.n
        return Estimate(n, arm.value, variance / n, arm.baseline, baseline / n, both / n, arm.reason)

    return shared(control), shared(treatment)


def test_of(effect: Array, standard_error: Array, n: Array, t: StudentsT, method: Method) -> Test:
    """Intervals and p-values of effects; NaN where the standard error is, or is 0: that of a first order says nothing."""
    standard_error = np.where(standard_error > 0, standard_error, np.nan)
    z = effect / standard_error
    low, high = _interval(effect, t.bound * standard_error, method)
    if method.expected_units is None:
        nothing = np.full(np.shape(effect), np.nan)
        return Test(low, high, _p_value(z, t.df, method), nothing, nothing, nothing)
    rho_squared = mixture_precision(method.alpha, method.expected_units, method.alternative)
    radius = confidence_radius(standard_error, n, method.alpha, rho_squared, method.alternative)
    p = always_valid_p(z, n, rho_squared, method.alternative)
    return Test(low, high, _p_value(z, t.df, method), *_interval(effect, radius, method), p)


def _interval(effect: Array, radius: Array, method: Method) -> tuple[Array, Array]:
    low, high = effect - radius, effect + radius
    if method.alternative == "greater":
        high = np.where(np.isnan(high), np.nan, np.inf)
    if method.alternative == "less":
        low = np.where(np.isnan(low), np.nan, -np.inf)
    return low, high


def _p_value(z: Array, df: Array, method: Method) -> Array:
    if method.alternative == "greater":
        return t_cdf(-z, df)
    if method.alternative == "less":
        return t_cdf(z, df)
    return 2 * t_cdf(-np.abs(z), df)


def _log_relative(control: Estimate, treatment: Estimate, method: Method, found: Effect) -> tuple[Effect, Test, Bools]:
    """The relative effect by way of log(treatment / control), and where the estimates have no such logarithm.

    Its standard error is that of the delta method; the interval is exp of the logarithm's, so it is never below -100 %.
    """
    sign = np.sign(control.value)
    has_log = control.value * treatment.value > 0
    logs = [_log_estimate(one, has_log & (found.standard_error > 0)) for one in (control, treatment)]
    first, second = _pooled(*logs) if method.test == "pooled" else logs
    change = sign * (second.value - first.value)
    error = np.sqrt(first.variance + second.variance)
    df = degrees_of_freedom(first, second, method)
    test = test_of(change, error, found.n, StudentsT.of(df, method), method)
    ends = [_back(end, sign) for end in (test.low, test.high, test.sequential_low, test.sequential_high)]
    relative = _back(change, sign)
    both = replace(found, effect_relative=relative, se_relative=error * (1 + sign * relative))
    low_sample = np.isfinite(found.standard_error) & (control.baseline != 0) & ~has_log
    return both, Test(ends[0], ends[1], test.p_value, ends[2], ends[3], test.sequential_p), low_sample


def _log_estimate(one: Estimate, defined: Bools) -> Estimate:
    value = np.where(defined, one.value, np.nan)
    return Estimate.unadjusted(one.n, np.log(np.abs(value)), one.variance / value**2)


def _back(change: Array, sign: Array) -> Array:
    """A change of the logarithm as a share of the control's absolute value; what is infinite stays so."""
    return np.where(np.isinf(change), change, sign * np.expm1(sign * change))
