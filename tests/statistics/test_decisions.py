"""What is made of results: families, splits, priors, looks, sample sizes, impact, limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from drawloom.statistics import (
    Method,
    Moments,
    Prior,
    adjust,
    always_valid_p,
    compare_means,
    days_needed,
    detectable_now,
    global_impact,
    independence,
    look_bounds,
    minimum_detectable_effect,
    mixture_precision,
    mixture_sprt,
    posterior,
    power,
    repeated_p,
    running_p,
    sample_ratio,
    units_needed,
    units_remaining,
    winsorise,
    winsorise_limits,
)

FOUND = compare_means(
    Moments.of([5000, 5000, 50], [10.0, 10.0, 2.0], [45_000.0, 45_000.0, 0.0]),
    Moments.of([5100, 5000, 50], [10.1, 9.9, 3.0], [46_000.0, 45_000.0, 0.0]),
    Method(expected_units=10_000),
)


def test_nan_is_no_member_of_a_family() -> None:
    found = adjust([0.01, np.nan, 0.04], "holm")
    np.testing.assert_allclose(found, [0.02, np.nan, 0.04])
    assert adjust([], "holm").shape == (0,)


@pytest.mark.parametrize(
    "correction", ["bonferroni", "sidak", "holm", "hochberg", "hommel", "benjamini-hochberg", "benjamini-yekutieli"]
)
def test_families_are_adjusted_alone_and_in_any_order(correction: Any) -> None:
    p, names = np.array([0.02, 0.5, 0.004, 0.03, 0.2]), np.array(["a", "b", "a", "b", "a"])
    found = adjust(p, correction, names)
    for name in "ab":
        np.testing.assert_allclose(found[names == name], adjust(p[names == name], correction), rtol=1e-14)
    np.testing.assert_allclose(adjust(p[::-1], correction)[::-1], adjust(p, correction), rtol=1e-14)
    assert adjust([0.0, 1.0], correction).tolist() == [0.0, 1.0]
    assert (adjust(p, correction) >= p).all()


def test_p_values_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match=r"p_values == 1\.2, must be between 0 and 1"):
        adjust([0.5, 1.2])
    with pytest.raises(ValueError, match="p_values has 2 dimensions, must have one"):
        adjust([[0.5]])
    wrong: Any = "tukey"
    with pytest.raises(ValueError, match="correction == 'tukey', must be one of bonferroni"):
        adjust([0.5], wrong)


def test_splits_of_many_experiments() -> None:
    found = sample_ratio([[500, 500], [900, 1100], [0, 0], [3, 2]], [1, 1])
    assert found.reason.tolist() == ["", "", "no-units", "low-sample"]
    assert found.p_value[0] == 1
    np.testing.assert_allclose(found.p_value[1], stats.chisquare([900, 1100]).pvalue)
    assert np.isnan(found.p_value[2:]).all()


def test_units_where_none_should_be_are_a_mismatch() -> None:
    found = sample_ratio([[500, 500, 1], [500, 500, 0]], [1, 1, 0])
    assert found.p_value.tolist() == [0, 1]
    assert sample_ratio([50, 0], [1, 0]).reason == "too-few-units"


@pytest.mark.parametrize("weights", [[-1, 2], [0, 0]])
def test_weights_that_are_none_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match=r"weights == .*, must not be negative, and add up to more than 0"):
        sample_ratio([5, 5], weights)


@pytest.mark.parametrize("table", [[[50, 70], [60, 40]], [[500, 510, 480], [20, 25, 30], [7, 9, 300]]])
def test_independence_is_pearsons_test(table: list[list[int]]) -> None:
    from scipy.stats import chi2_contingency

    assert independence(table) == pytest.approx(chi2_contingency(table, correction=False).pvalue, rel=1e-9)


def test_rare_rows_count_together() -> None:
    assert independence([[50, 70], [60, 40], [2, 3], [3, 4], [0, 0]]) == independence([[50, 70], [60, 40], [5, 7]])
    for table in ([[50, 70]], [[50, 0], [60, 0]], [[3, 2], [2, 3]], [[0, 0]]):
        assert np.isnan(independence(table))


def test_the_prior_draws_towards_itself() -> None:
    flat, weak, strong = (posterior(FOUND, prior) for prior in (None, Prior(0, 10), Prior(0.5, 1e-6)))
    np.testing.assert_allclose(weak.effect[:2], flat.effect[:2], rtol=1e-4)
    np.testing.assert_allclose(strong.effect[:2], 0.5, rtol=1e-3)
    for one in (flat, weak, strong):
        assert one.reason[2] == "zero-variance"
        assert np.isnan([one.effect[2], one.chance_to_win[2], one.risk_control[2]]).all()


def test_lower_is_better_turns_chance_and_risk_around() -> None:
    for relative in (True, False):
        up, down = (posterior(FOUND, Prior(), is_relative=relative, lower_is_better=turn) for turn in (False, True))
        np.testing.assert_allclose(up.chance_to_win + down.chance_to_win, [1, 1, np.nan])
        np.testing.assert_array_equal(up.risk_control, down.risk_treatment)
        np.testing.assert_array_equal(up.effect, down.effect)


def test_risks_far_out_keep_their_digits() -> None:
    """What is lost by taking a treatment that is 30 standard errors better: the density's tail, never negative."""
    found = compare_means(Moments.of(1000, 0.0, 999.0), Moments.of(1000, 30 * np.sqrt(0.002), 999.0))
    risk = posterior(found, is_relative=False).risk_treatment
    tail = stats.norm.pdf(30) / 30**2 * (1 - 3 / 900 + 15 / 900**2)
    np.testing.assert_allclose(risk / np.sqrt(0.002), tail, rtol=1e-3)


def test_a_prior_without_width_is_refused() -> None:
    with pytest.raises(ValueError, match="sd == 0, must be above 0"):
        Prior(0, 0)


@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
@pytest.mark.parametrize("spending", ["power", "obrien-fleming", "pocock"])
def test_bounds_spend_what_they_may(alternative: Any, spending: Any) -> None:
    """200,000 random walks without an effect stop as often as planned, within four standard errors."""
    times = np.array([0.2, 0.45, 0.7, 1.0])
    found = look_bounds([0.2, 0.45, 0.7, 1.0], 0.05, alternative, spending)
    steps = np.random.default_rng(11).normal(size=(200_000, 4)) * np.sqrt(np.diff(times, prepend=0))
    z = steps.cumsum(axis=1) / np.sqrt(times)
    beyond = (np.abs(z) if alternative == "two-sided" else z) >= found.z
    stopped = np.maximum.accumulate(beyond, axis=1).mean(axis=0)
    error = np.sqrt(found.spent * (1 - found.spent) / 200_000)
    assert (np.abs(stopped - found.spent) < 4 * error).all(), (stopped, found.spent)
    np.testing.assert_allclose(found.spent[-1], 0.05, rtol=1e-12)


def test_one_look_is_the_fixed_test() -> None:
    np.testing.assert_allclose(look_bounds([1.0]).z, stats.norm.ppf([0.975]), rtol=1e-10)
    np.testing.assert_allclose(look_bounds([1.0], alternative="less").z, stats.norm.ppf([0.05]), rtol=1e-10)


def test_looks_must_rise() -> None:
    for wrong in ([0.5, 0.4], [0.0, 1.0], [0.5, 1.1], []):
        with pytest.raises(ValueError, match=r"information == .*, must rise from above 0 to at most 1"):
            look_bounds(wrong)
    with pytest.raises(ValueError, match="exponent == 0, must be above 0"):
        look_bounds([1.0], exponent=0)


def test_the_last_look_spends_what_is_left() -> None:
    for times in ([0.3, 0.6, 0.8], [0.3, 0.6, 1.3]):
        found = look_bounds(times, is_last=True)
        np.testing.assert_allclose(found.spent, [0.05 * 0.09, 0.05 * 0.36, 0.05])
        np.testing.assert_allclose(found.z[:2], look_bounds([0.3, 0.6, 1.0]).z[:2])
        steps = np.random.default_rng(12).normal(size=(200_000, 3)) * np.sqrt(np.diff(times, prepend=0))
        z = steps.cumsum(axis=1) / np.sqrt(times)
        assert abs((np.abs(z) >= found.z).any(axis=1).mean() - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 200_000)
    with pytest.raises(ValueError, match="must rise from above 0 to at most 1"):
        look_bounds([0.3, 1.2, 1.3], is_last=True)


@pytest.mark.parametrize("is_last", [False, True])
def test_a_repeated_p_value_is_the_level_whose_bound_is_reached(is_last: bool) -> None:
    times = [0.25, 0.5, 0.75]
    for level in (0.001, 0.0123, 0.05, 0.2):
        z = look_bounds(times, level, is_last=is_last).z[-1]
        (found,) = repeated_p([z], times, is_last=is_last)
        np.testing.assert_allclose(found, level, rtol=0.002)
    z = look_bounds(times, 0.03, is_last=is_last).z[-1]
    below, above = repeated_p([z * (1 - 1e-6), -z * (1 + 1e-6)], times, alpha=0.03, is_last=is_last)
    assert above < 0.03 < below
    nothing, unknown, everything = repeated_p([0.1, np.nan, 30.0], times, is_last=is_last)
    assert nothing == 1
    assert np.isnan(unknown)
    np.testing.assert_allclose(everything, 1e-12)


def test_one_look_has_the_fixed_p_value() -> None:
    np.testing.assert_allclose(repeated_p([1.5, 2.5], [1.0]), 2 * stats.norm.sf([1.5, 2.5]), rtol=1e-6)


def test_the_confidence_sequence_is_the_mixture_test() -> None:
    """Johari et al. (2017) with tau**2 = n rho**2 standard_error**2."""
    z, n = np.linspace(-6, 6, 13), 4000.0
    rho_squared = mixture_precision(0.05, 5000)
    mixture = mixture_sprt(z * 0.3, 0.3, n * rho_squared * 0.3**2)
    np.testing.assert_allclose(always_valid_p(z, np.full(13, n), rho_squared), mixture.p_value, rtol=1e-12)


def test_evidence_beyond_floats_is_not_an_overflow() -> None:
    mixture = mixture_sprt([50.0, 0.0], 1.0, 10.0)
    assert mixture.log_ratio[0] > 1000
    assert mixture.ratio[0] == np.inf
    assert mixture.p_value.tolist() == [0.0, 1.0]


def test_the_running_p_only_falls() -> None:
    np.testing.assert_array_equal(running_p([np.nan, 0.4, 0.7, np.nan, 0.1]), [np.nan, 0.4, 0.4, 0.4, 0.1])


@pytest.mark.parametrize(
    "method",
    [
        Method(),
        Method(alternative="greater"),
        Method(test="pooled", alpha=0.01),
        Method(test="z"),
        Method(expected_units=5000),
        Method(expected_units=5000, alternative="less"),
    ],
)
@pytest.mark.parametrize("ratio", [1.0, 0.25, 3.0])
def test_sizes_and_effects_are_inverse(method: Method, ratio: float) -> None:
    effect = np.array([0.05, 0.4, 5.0])
    units = units_needed(effect, 9.0, 0.9, method, ratio)
    assert (power(effect, 9.0, units, method, ratio) >= 0.9).all()
    assert (power(effect, 9.0, units - 1, method, ratio)[:2] < 0.9).all()
    np.testing.assert_allclose(minimum_detectable_effect(9.0, units, 0.9, method, ratio)[:2], effect[:2], rtol=5e-3)


def test_power_of_no_effect_is_the_level() -> None:
    np.testing.assert_allclose(power(0.0, 4.0, 300, Method(alpha=0.03)), 0.03, rtol=1e-9)
    assert np.isnan(power(1.0, 4.0, 2))
    assert np.isnan(minimum_detectable_effect(4.0, 2))


def test_what_no_sample_can_find_is_nan() -> None:
    assert np.isnan(units_needed(0.0, 4.0))
    with pytest.raises(ValueError, match=r"target == 1\.1, must be between 0 and 1"):
        units_needed(0.1, 4.0, 1.1)


@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("expected", [None, 10_000])
def test_what_is_missing_now_reaches_the_target(relative: bool, expected: float | None) -> None:
    method = Method(expected_units=expected)
    detectable = detectable_now(FOUND, 0.8, method, is_relative=relative)
    assert np.isnan(detectable[2])
    enough = units_remaining(FOUND, detectable * 1.001, 0.8, method, is_relative=relative)
    assert enough.units[:2].tolist() == [0, 0]
    assert np.isnan(enough.units[2])
    more = units_remaining(FOUND, detectable / 2, 0.8, method, is_relative=relative)
    if expected is None:
        np.testing.assert_allclose(more.factor[:2], 3, rtol=1e-9)
    else:
        assert (more.factor[:2] > 3).all()
    np.testing.assert_allclose(more.units, more.factor * (FOUND.n_control + FOUND.n_treatment))


def test_days_until_enough_units() -> None:
    daily = [100, 80, 60, 40]
    np.testing.assert_array_equal(days_needed([0, 100, 101, 280, 281], [daily] * 5), [0, 1, 2, 4, np.nan])


def test_impact_is_per_day_of_all_traffic() -> None:
    found = global_impact(FOUND, 10_100, 0.5, 14)
    scale = 10_100 / (0.5 * 14)
    np.testing.assert_allclose(found.effect, FOUND.effect * scale)
    np.testing.assert_allclose(found.sequential_high, FOUND.sequential_high * scale)
    with pytest.raises(ValueError, match=r"traffic == 0\.0, must be above 0 and at most 1"):
        global_impact(FOUND, 10_100, 0, 14)
    with pytest.raises(ValueError, match=r"days == -1\.0, must be above 0"):
        global_impact(FOUND, 10_100, 1, -1)


def test_limits_are_those_of_all_arms() -> None:
    arms = [[0, 0, 1, 2, 3], [4, 5, 100]]
    everybody = np.concatenate(arms)
    assert winsorise_limits(arms, 0.9, 0.1) == (np.quantile(everybody, 0.1), np.quantile(everybody, 0.9))
    assert winsorise_limits(arms, None, 0.5, ignore_zeros=True) == (np.quantile(everybody[2:], 0.5), np.inf)
    assert winsorise_limits([[], []]) == (-np.inf, np.inf)
    capped = winsorise(arms, 0.9)
    assert [len(arm) for arm in capped] == [5, 3]
    assert capped[1].max() == np.quantile(everybody, 0.9)


def test_limits_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="upper == 99, must be between 0 and 1"):
        winsorise_limits([[1.0]], 99)
    with pytest.raises(ValueError, match=r"lower == 0\.9, must be below upper == 0\.5"):
        winsorise_limits([[1.0]], 0.5, 0.9)
