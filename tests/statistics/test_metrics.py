"""Ratios, CUPED, strata, proportions and quantiles: what they have in common with a mean, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from drawloom.statistics import (
    Comparison,
    Method,
    Moments,
    Quantiles,
    compare_adjusted_means,
    compare_adjusted_ratios,
    compare_means,
    compare_proportions,
    compare_quantiles,
    compare_ratios,
    compare_stratified,
    proportion_interval,
    quantile_bounds,
)

RNG = np.random.default_rng(3)
METHOD = Method(expected_units=500)


def rows(n: int, columns: int, lift: float = 0.0) -> Any:
    shared = RNG.gamma(2.0, 2.0, (n, 1))
    return shared + RNG.gamma(2.0, 1.0, (n, columns)) + 1 + lift * (np.arange(columns) == 0)


def moments(values: Any) -> Moments:
    return Moments.of_values(*values.T)


def assert_same(found: Comparison, expected: Comparison, *names: str, rtol: float = 1e-10) -> None:
    for name in names or tuple(expected.columns()):
        if name not in {"reason", "theta"}:
            np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=rtol, err_msg=name)


def test_a_ratio_to_one_is_a_mean() -> None:
    control, treatment = rows(80, 1), rows(90, 1, 0.5)
    ones = [moments(np.column_stack([part, np.ones(len(part))])) for part in (control, treatment)]
    assert_same(compare_ratios(ones[0], ones[1], METHOD), compare_means(moments(control), moments(treatment), METHOD))


def test_a_ratio_that_is_the_same_for_all_has_no_variance() -> None:
    denominators = [RNG.integers(1, 50, 60).astype(float) for _ in range(2)]
    arms = [Moments.of_values(0.3 * d, d) for d in denominators]
    assert compare_ratios(arms[0], arms[1]).reason == "zero-variance"


def test_a_ratio_without_denominator_has_no_effect() -> None:
    found = compare_ratios(Moments.of_values([1, 2], [0, 0]), moments(rows(50, 2)))
    assert found.reason == "zero-denominator"
    assert np.isnan(found.effect)
    assert np.isnan(found.p_value)


@pytest.mark.parametrize("theta_from", ["arms", "pooled"])
def test_a_covariate_that_says_nothing_changes_nothing(theta_from: Any) -> None:
    control, treatment = rows(80, 4), rows(90, 4, 0.5)
    for part in (control, treatment):
        part[:, 2], part[:, 3] = 7.0, 1.0
    adjusted = compare_adjusted_ratios(moments(control), moments(treatment), METHOD, theta_from)
    assert adjusted.theta == 0
    assert_same(adjusted, compare_ratios(moments(control[:, :2]), moments(treatment[:, :2]), METHOD))
    found = compare_adjusted_means(moments(control[:, [0, 2]]), moments(treatment[:, [0, 2]]), METHOD)
    assert found.theta == 0
    assert_same(found, compare_means(moments(control[:, :1]), moments(treatment[:, :1]), METHOD))


def test_a_covariate_without_denominator_changes_nothing() -> None:
    control, treatment = rows(80, 4), rows(90, 4, 0.5)
    for part in (control, treatment):
        part[:, 2:] = 0.0
    adjusted = compare_adjusted_ratios(moments(control), moments(treatment))
    assert_same(adjusted, compare_ratios(moments(control[:, :2]), moments(treatment[:, :2])))


def test_an_adjusted_ratio_to_one_is_nearly_an_adjusted_mean() -> None:
    """theta of means is that of the pooled sample, that of ratios is made of both arms' own: the same up to the effect."""
    control, treatment = rows(800, 2), rows(900, 2)
    wide = [
        np.column_stack([part[:, 0], np.ones(len(part)), part[:, 1], np.ones(len(part))])
        for part in (control, treatment)
    ]
    ratio = compare_adjusted_ratios(moments(wide[0]), moments(wide[1]), METHOD, "pooled")
    mean = compare_adjusted_means(moments(control), moments(treatment), METHOD)
    names = ("effect", "standard_error", "df", "p_value", "sequential_p", "theta", "control")
    assert_same(ratio, mean, *names)


def test_adjustment_takes_the_variance_that_the_covariate_explains() -> None:
    control, treatment = rows(2000, 2), rows(2000, 2, 0.3)
    plain = compare_means(moments(control[:, :1]), moments(treatment[:, :1]))
    adjusted = compare_adjusted_means(moments(control), moments(treatment))
    r = np.corrcoef(np.concatenate([control, treatment]).T)[0, 1]
    np.testing.assert_allclose(adjusted.standard_error / plain.standard_error, np.sqrt(1 - r * r), rtol=0.01)
    np.testing.assert_array_equal(adjusted.control, plain.control)


def test_a_covariate_that_says_all_leaves_no_variance() -> None:
    values = rows(100, 1)[:, 0]
    arms = [Moments.of_values(part, 3 * part + 1) for part in (values[:40], values[40:])]
    assert compare_adjusted_means(arms[0], arms[1]).reason == "zero-variance"


def test_pooled_variance_of_adjusted_means_is_students_on_adjusted_rows() -> None:
    control, treatment = rows(60, 2), rows(75, 2, 0.4)
    found = compare_adjusted_means(moments(control), moments(treatment), Method(test="pooled"))
    left, right = (part[:, 0] - found.theta * part[:, 1] for part in (control, treatment))
    np.testing.assert_allclose(found.p_value, stats.ttest_ind(right, left).pvalue, rtol=1e-9)


def stacked(cells: list[Any]) -> Moments:
    """Cells along the last axis."""
    parts = [moments(cell) for cell in cells]
    return Moments(*(np.stack([getattr(part, name) for part in parts]) for name in ("n", "mean", "comoments")))


METRICS = {
    "mean": (1, compare_means),
    "adjusted-mean": (2, compare_adjusted_means),
    "ratio": (2, compare_ratios),
    "adjusted-ratio": (4, compare_adjusted_ratios),
}


@pytest.mark.parametrize("metric", METRICS)
def test_one_stratum_is_the_plain_comparison(metric: Any) -> None:
    columns, plain = METRICS[metric]
    control, treatment = rows(60, columns), rows(70, columns, 0.5)
    expected = plain(moments(control), moments(treatment), METHOD)
    assert_same(compare_stratified(stacked([control]), stacked([treatment]), metric, METHOD), expected)


@pytest.mark.parametrize("metric", METRICS)
def test_small_strata_are_joined_with_the_largest(metric: Any) -> None:
    columns, _ = METRICS[metric]
    large, other, single = ((rows(n, columns), rows(n + 5, columns)) for n in (80, 40, 1))
    constant = np.ones((9, columns)), np.ones((8, columns))
    joined = [np.concatenate([large[i], single[i], constant[i]]) for i in (0, 1)]
    found = [stacked([other[i], large[i], single[i], constant[i]]) for i in (0, 1)]
    expected = [stacked([joined[i], other[i]]) for i in (0, 1)]
    assert_same(
        compare_stratified(found[0], found[1], metric, METHOD),
        compare_stratified(expected[0], expected[1], metric, METHOD),
    )


@pytest.mark.parametrize("metric", METRICS)
def test_strata_of_many_tests_equal_one_by_one(metric: Any) -> None:
    columns, _ = METRICS[metric]
    tests = [[stacked([rows(n, columns) for n in (30, 50, 1)]) for _ in range(2)] for _ in range(3)]
    arms = [
        Moments(*(np.stack([getattr(test[arm], name) for test in tests]) for name in ("n", "mean", "comoments")))
        for arm in (0, 1)
    ]
    together = compare_stratified(arms[0], arms[1], metric, METHOD)
    for i, (control, treatment) in enumerate(tests):
        alone = compare_stratified(control, treatment, metric, METHOD)
        for name in ("effect", "standard_error", "se_relative", "p_value", "sequential_p_relative"):
            np.testing.assert_allclose(getattr(together, name)[i], getattr(alone, name), rtol=1e-12)


def test_strata_take_out_what_they_explain() -> None:
    """Two groups of users with very different spending, of which one arm has more of the large ones by chance."""
    small, large = RNG.normal(1, 0.3, (2, 500)), RNG.normal(50, 0.3, (2, 100))
    arms = [stacked([small[i][:, np.newaxis], large[i][: 80 + 20 * i, np.newaxis]]) for i in (0, 1)]
    plain = compare_means(arms[0].at(0).merge(arms[0].at(1)), arms[1].at(0).merge(arms[1].at(1)))
    found = compare_stratified(arms[0], arms[1])
    assert abs(plain.effect) > 1
    assert abs(found.effect) < 0.2
    assert found.standard_error < plain.standard_error / 10


def test_covariates_that_say_the_same_are_not_used() -> None:
    def cell(n: int) -> Any:
        values = rows(n, 3)
        return np.column_stack([values, 2 * values[:, 2]])

    cells = [(cell(50), cell(55)), (cell(40), cell(45))]
    arms = [stacked([pair[i] for pair in cells]) for i in (0, 1)]
    found = compare_stratified(arms[0], arms[1], "adjusted-ratio")
    expected = compare_stratified(arms[0].only(0, 1), arms[1].only(0, 1), "ratio")
    assert_same(found, expected, "effect", "standard_error")


def test_strata_have_no_logarithms_and_known_metrics() -> None:
    arm = stacked([rows(9, 1)])
    with pytest.raises(ValueError, match="relative == 'log', must be 'delta' for strata"):
        compare_stratified(arm, arm, "mean", Method(relative="log"))
    wrong: Any = "median"
    with pytest.raises(
        ValueError, match="metric == 'median', must be one of mean, adjusted-mean, ratio, adjusted-ratio"
    ):
        compare_stratified(arm, arm, wrong)


def test_fishers_test_of_many_tables_equals_scipys() -> None:
    n_c, n_t = RNG.integers(1, 499, (2, 60))
    s_c, s_t = RNG.binomial(n_c, 0.1), RNG.binomial(n_t, 0.15)
    for alternative in ("two-sided", "greater", "less"):
        method = Method(alternative=alternative)
        found = compare_proportions(Moments.of_counts(n_c, s_c), Moments.of_counts(n_t, s_t), method)
        for i, p in enumerate(found.p_value):
            if found.reason[i] in {"", "zero-baseline"}:
                table = [[s_t[i], s_c[i]], [n_t[i] - s_t[i], n_c[i] - s_c[i]]]
                np.testing.assert_allclose(p, stats.fisher_exact(table, alternative).pvalue, rtol=1e-9)
            else:
                assert np.isnan(p)


def test_only_small_samples_are_exact() -> None:
    control, treatment = Moments.of_counts([400, 600], [40, 60]), Moments.of_counts([400, 600], [60, 90])
    found = compare_proportions(control, treatment)
    unpooled = compare_proportions(control, treatment, exact_below=0)
    low, high = proportion_interval(control, treatment)
    assert found.p_value[0] != unpooled.p_value[0]
    assert (found.ci_low[0], found.ci_high[0]) == (low[0], high[0])
    assert (found.p_value[1], found.ci_low[1]) == (unpooled.p_value[1], unpooled.ci_low[1])


def test_nobody_converted_is_no_result() -> None:
    found = compare_proportions(Moments.of_counts(50, 0), Moments.of_counts(60, 0))
    assert found.reason == "zero-variance"
    assert np.isnan([found.p_value, found.ci_low]).all()


@pytest.mark.parametrize("kind", ["newcombe", "agresti-caffo", "wald"])
def test_one_sided_intervals_of_proportions(kind: Any) -> None:
    arms = Moments.of_counts(80, 11), Moments.of_counts(70, 19)
    low, high = proportion_interval(*arms, Method(alpha=0.1), kind)
    np.testing.assert_array_equal(proportion_interval(*arms, Method(alternative="greater"), kind), (low, np.inf))
    np.testing.assert_array_equal(proportion_interval(*arms, Method(alternative="less"), kind), (-np.inf, high))


def test_what_is_no_proportion_is_refused() -> None:
    with pytest.raises(ValueError, match=r"mean == 1\.5, must be between 0 and 1 for a proportion"):
        compare_proportions(Moments.of(9, 0.5, 1.0), Moments.of(9, 1.5, 1.0))


def errors_of_quantiles(repeats: int, *, clustered: bool) -> float:
    """The mean over 30 samples of the standard error of the difference of two quantiles of 4,000 normal units."""
    rng = np.random.default_rng(5)
    errors = []
    for _ in range(30):
        values = np.repeat(rng.normal(0, 1, 4000), repeats)
        one = Quantiles.of_values(0.3, values, np.repeat(np.arange(4000), repeats) if clustered else None)
        errors.append(compare_quantiles(one, one, METHOD).standard_error)
    return float(np.mean(errors))


def test_the_error_of_a_quantile_is_that_of_its_distribution() -> None:
    """sqrt(level (1 - level) / n) / density, also for units that have each value nine times."""
    expected = np.sqrt(2 * 0.3 * 0.7 / 4000) / stats.norm.pdf(stats.norm.ppf(0.3))
    np.testing.assert_allclose(errors_of_quantiles(1, clustered=False), expected, rtol=0.06)
    np.testing.assert_allclose(errors_of_quantiles(9, clustered=True), expected, rtol=0.15)
    assert errors_of_quantiles(9, clustered=False) < expected / 2


def test_quantiles_without_enough_values_around_them() -> None:
    few = Quantiles.of_values(0.99, np.arange(200.0))
    assert compare_quantiles(few, few).reason == "low-sample"
    flat = Quantiles.of_values(0.5, np.ones(200))
    assert compare_quantiles(flat, flat).reason == "zero-variance"


def test_quantiles_of_two_levels_are_not_compared() -> None:
    one, other = (Quantiles.of_values(level, np.arange(99.0)) for level in (0.5, 0.9))
    with pytest.raises(ValueError, match=r"level == 0\.9, must be that of the control, 0\.5"):
        compare_quantiles(one, other)
    with pytest.raises(ValueError, match="level == 1, must be between 0 and 1"):
        quantile_bounds(1, 100)
