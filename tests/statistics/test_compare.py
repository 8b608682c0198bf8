"""Means against SciPy's own tests, what is not defined, and what must hold for any numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from drawloom.statistics import Comparison, Method, Moments, compare_means
from drawloom.statistics.reasons import NO_UNITS, TOO_FEW_UNITS, ZERO_BASELINE, ZERO_VARIANCE

RNG = np.random.default_rng(20261122)
CONTROL = RNG.gamma(2.0, 3.0, 180)
TREATMENT = RNG.gamma(2.3, 3.0, 95)


def arms(scale: float = 1.0) -> tuple[Moments, Moments]:
    return Moments.of_values(CONTROL * scale), Moments.of_values(TREATMENT * scale)


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("test", ["welch", "pooled"])
@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_means_equal_scipys(alternative: Any, test: Any, alpha: float) -> None:
    expected = stats.ttest_ind(TREATMENT, CONTROL, equal_var=test == "pooled", alternative=alternative)
    found = compare_means(*arms(), Method(alpha=alpha, alternative=alternative, test=test))
    np.testing.assert_allclose(found.p_value, expected.pvalue, rtol=1e-11)
    interval = expected.confidence_interval(1 - alpha)
    np.testing.assert_allclose([found.ci_low, found.ci_high], [interval.low, interval.high], rtol=1e-11)
    np.testing.assert_allclose(found.df, expected.df, rtol=1e-11)


def test_the_z_test_uses_the_normal() -> None:
    found = compare_means(*arms(), Method(test="z"))
    z = found.effect / found.standard_error
    np.testing.assert_allclose(found.p_value, 2 * stats.norm.sf(abs(z)), rtol=1e-12)
    assert found.df == np.inf


def test_tails_keep_their_digits() -> None:
    """2 * (1 - cdf) would be 0 from p = 1e-16 on."""
    control = Moments.of([400.0], [5.0], [400.0])
    treatment = Moments.of([400.0], [6.0], [400.0])
    found = compare_means(control, treatment)
    expected = 2 * stats.t.sf(found.effect / found.standard_error, found.df)
    assert 0 < expected < 1e-30
    np.testing.assert_allclose(found.p_value, expected, rtol=1e-10)


def test_what_is_unknown_is_nan_with_a_reason() -> None:
    control = Moments.of([0, 1, 50, 50, 50], [0.0, 3.0, 2.0, 0.0, 2.0], [0.0, 0.0, 0.0, 40.0, 49.0])
    treatment = Moments.of([50, 1, 50, 50, 50], [1.0, 4.0, 3.0, 1.0, 2.0], [9.0, 0.0, 0.0, 45.0, 49.0])
    found = compare_means(control, treatment, Method(expected_units=100))
    assert list(found.reason) == [NO_UNITS, TOO_FEW_UNITS, ZERO_VARIANCE, ZERO_BASELINE, ""]
    nothing = [
        "standard_error",
        "df",
        "ci_low",
        "ci_high",
        "p_value",
        "sequential_low",
        "sequential_high",
        "sequential_p",
    ]
    for name in nothing:
        assert list(np.isnan(getattr(found, name))) == [True, True, True, False, False], name
    for name in ["se_relative", "ci_low_relative", "ci_high_relative", "p_value_relative"]:
        assert list(np.isnan(getattr(found, name))) == [True, True, True, True, False], name
    np.testing.assert_array_equal(found.effect, [np.nan, 1.0, 1.0, 1.0, 0.0])
    assert found.p_value[4] == 1.0  # no difference at all is known, too


@pytest.mark.parametrize("alternative", ["greater", "less"])
def test_an_unknown_interval_has_no_infinite_end(alternative: Any) -> None:
    found = compare_means(Moments.of(1, 3.0, 0.0), Moments.of(1, 4.0, 0.0), Method(alternative=alternative))
    assert np.isnan([found.ci_low, found.ci_high, found.p_value]).all()


def test_fewer_units_than_the_minimum_are_a_low_sample() -> None:
    found = compare_means(*arms(), Method(minimum_units=100))
    assert found.reason == "low-sample"
    assert np.isnan(found.p_value)
    assert found.effect == TREATMENT.mean() - CONTROL.mean()


@pytest.mark.parametrize("relative", ["delta", "log"])
def test_a_negative_baseline_turns_relative_effects_around(relative: Any) -> None:
    """Losses of 10 that become 9 are a relative effect of +10 %, with the mirrored interval."""
    method = Method(relative=relative, expected_units=300)
    up, down = compare_means(*arms(), method), compare_means(*arms(-1.0), method)
    assert up.effect_relative > 0
    for name in ["effect_relative", "ci_high_relative", "sequential_high_relative"]:
        opposite = name.replace("high", "low")
        np.testing.assert_allclose(getattr(down, opposite), -getattr(up, name), rtol=1e-12)
    np.testing.assert_allclose(down.se_relative, up.se_relative, rtol=1e-12)


def test_the_log_interval_is_that_of_the_ratio() -> None:
    found = compare_means(*arms(), Method(relative="log"))
    parts = [values.var(ddof=1) / len(values) / values.mean() ** 2 for values in (CONTROL, TREATMENT)]
    error = np.sqrt(sum(parts))
    df = sum(parts) ** 2 / sum(
        part**2 / (len(values) - 1) for part, values in zip(parts, (CONTROL, TREATMENT), strict=True)
    )
    ratio = TREATMENT.mean() / CONTROL.mean()
    half = stats.t.ppf(0.975, df) * error
    expected = [ratio * np.exp(-half) - 1, ratio * np.exp(half) - 1]
    np.testing.assert_allclose([found.ci_low_relative, found.ci_high_relative], expected, rtol=1e-11)


def test_means_of_two_signs_have_no_logarithm() -> None:
    found = compare_means(Moments.of(50, -1.0, 40.0), Moments.of(50, 1.0, 40.0), Method(relative="log"))
    assert found.reason == "low-sample"
    assert np.isnan(found.ci_low_relative)
    assert found.p_value < 0.001


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"alpha": 1.5}, r"alpha == 1\.5, must be between 0 and 1"),
        ({"alternative": "both"}, "alternative == 'both', must be one of two-sided, greater, less"),
        ({"test": "t"}, "test == 't', must be one of welch, pooled, z"),
        ({"relative": "ratio"}, "relative == 'ratio', must be one of delta, log"),
        ({"expected_units": 0}, "expected_units == 0, must be above 0"),
        ({"alternative": "less", "alpha": 0.5, "expected_units": 9}, r"alpha == 0\.5, must be between 0 and 0\.5"),
    ],
)
def test_a_wrong_method_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Method(**settings)


def test_many_tests_at_once_equal_one_by_one() -> None:
    n = RNG.integers(2, 3000, (2, 40)).astype(float)
    mean, m2 = RNG.normal(3, 2, (2, 40)), n * RNG.uniform(0.1, 4, (2, 40))
    method = Method(expected_units=2000)
    together = compare_means(Moments.of(n[0], mean[0], m2[0]), Moments.of(n[1], mean[1], m2[1]), method)
    for i in range(40):
        first, second = (Moments.of(n[arm, i], mean[arm, i], m2[arm, i]) for arm in (0, 1))
        alone = compare_means(first, second, method)
        for name, column in together.columns().items():
            np.testing.assert_array_equal(column[i], getattr(alone, name), err_msg=name)


def test_one_control_serves_many_treatments() -> None:
    found: Comparison = compare_means(
        Moments.of(1000, 10.0, 900.0), Moments.of([900, 950], [10.1, 10.2], [800.0, 850.0])
    )
    assert {np.shape(column) for column in found.columns().values()} == {(2,)}
