"""Derives tests/data/experiments_golden.json from small samples, without drawloom: ``python -m tests.golden.derive_experiments``.

Nothing here uses the formulas of ``drawloom.statistics``: tests are SciPy's on rows, gradients of the delta method are
complex steps, regressions least squares on rows, posteriors and mixtures integrals, p-values roots, closed tests all subsets.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
from scipy import integrate, optimize, stats

from tests.corpora import DATA

Rows = Any
PATH = DATA / "experiments_golden.json"
ALPHA = 0.05


def sample(seed: int, n: int, columns: int, mean: float = 6.0) -> Rows:
    """Whole numbers from a linear congruence, the same everywhere; later columns depend on the first."""
    state, values = seed, []
    for _ in range(n * columns):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        values.append((state >> 33) % 9)
    rows = np.array(values, dtype=float).reshape(n, columns)
    for column in range(1, columns):
        rows[:, column] += np.floor(rows[:, 0] / 2)
    return rows + mean


def case(
    kind: str, name: str, inputs: Any, expected: dict[str, Any], config: Any = None, rtol: float = 1e-9
) -> dict[str, Any]:
    """One case, all values of which have the same tolerance."""
    given = {"alpha": ALPHA} | (config or {})

    def plain(value: Any) -> Any:
        return None if value is None else np.asarray(value, dtype=float).tolist()

    values = {key: {"value": plain(value), "rtol": rtol, "atol": 1e-14} for key, value in expected.items()}
    return {"id": name, "kind": kind, "inputs": inputs, "config": given, "expected": values}


def sums(rows: Rows) -> dict[str, Any]:
    """n, sum and sum of squares of the first column."""
    return {"n": len(rows), "sum": rows[:, 0].sum(), "sum_sq": (rows[:, 0] ** 2).sum()}


def arms(control: Any, treatment: Any) -> dict[str, Any]:
    """The inputs of a pair."""
    return {"control": control, "treatment": treatment}


def delta(function: Callable[[Any], Any], *groups: Rows) -> tuple[float, float]:
    """A function of the means of all columns of all groups, and its standard error."""
    means = np.concatenate([rows.mean(axis=0) for rows in groups])
    covariance = np.zeros((len(means), len(means)))
    place = 0
    for rows in groups:
        width = rows.shape[1]
        covariance[place : place + width, place : place + width] = np.cov(rows.T, ddof=1).reshape(width, width) / len(
            rows
        )
        place += width
    step = 1e-30
    gradient = np.array([function(means + 1j * step * unit).imag / step for unit in np.eye(len(means))])
    return float(function(means + 0j).real), float(np.sqrt(gradient @ covariance @ gradient))


def t_columns(effect: float, error: float, df: float, names: tuple[str, ...]) -> dict[str, Any]:
    """The two-sided interval and p-value under the given names."""
    low, high = stats.t.interval(1 - ALPHA, df, effect, error)
    return dict(zip(names, (low, high, 2 * stats.t.sf(abs(effect) / error, df)), strict=True))


def welch_df(*groups: Rows) -> float:
    """Of the first columns."""
    return float(stats.ttest_ind(groups[1][:, 0], groups[0][:, 0], equal_var=False).df)


def relative_change(sign: float, m: Rows) -> Any:
    """Of two means, the first of which has this sign."""
    return (m[1] - m[0]) / (sign * m[0])


def adjusted_change(theta: float, m: Rows) -> Any:
    """Of two ratios, from each of which theta times another is taken."""
    return m[4] / m[5] - theta * m[6] / m[7] - m[0] / m[1] + theta * m[2] / m[3]


def means() -> Iterator[dict[str, Any]]:
    """Welch's and Student's test on rows, both directions, a negative baseline, and what is unknown."""
    control, treatment = sample(1, 40, 1), sample(2, 33, 1, 7.0)
    for name, sign in (("mean", 1.0), ("mean_negative_baseline", -1.0)):
        first, second = control * sign, treatment * sign
        test = stats.ttest_ind(second[:, 0], first[:, 0], equal_var=False)
        interval = test.confidence_interval(1 - ALPHA)
        relative, error = delta(partial(relative_change, sign), first, second)
        expected = {
            "effect_abs": second.mean() - first.mean(),
            "ci_abs_lower": interval.low,
            "ci_abs_upper": interval.high,
            "p_value_abs": test.pvalue,
            "df": test.df,
            "effect_rel": relative,
            "std_err_rel_delta": error,
        }
        names = ("ci_rel_delta_lower", "ci_rel_delta_upper", "p_value_rel_delta")
        yield case("mean", name, arms(sums(first), sums(second)), expected | t_columns(relative, error, test.df, names))
    for alternative in ("greater", "less"):
        test = stats.ttest_ind(treatment[:, 0], control[:, 0], equal_var=True, alternative=alternative)
        interval = test.confidence_interval(1 - ALPHA)
        expected = {"p_value_abs": test.pvalue, "ci_abs_lower": interval.low, "ci_abs_upper": interval.high}
        config = {"test": "student_t", "alternative": alternative}
        yield case("mean", f"mean_pooled_{alternative}", arms(sums(control), sums(treatment)), expected, config)
    nobody = {"n": 0, "sum": 0.0, "sum_sq": 0.0}
    unknown = dict.fromkeys(("effect_abs", "p_value_abs", "ci_abs_lower", "effect_rel"))
    yield case("degenerate", "mean_no_units", arms(nobody, sums(treatment)), unknown)
    constant = {"n": 30, "sum": 9.0, "sum_sq": 2.7}
    expected = {"effect_abs": 0.0, "p_value_abs": None, "ci_abs_upper": None}
    yield case("degenerate", "mean_constant_floats", arms(constant, constant), expected)
    exact = {"n": 3, "sum": str(3 * 10**17 + 3), "sum_sq": str(sum((10**17 + i) ** 2 for i in range(3)))}
    test = stats.ttest_ind([2.0, 3.0, 4.0], [0.0, 1.0, 2.0])
    other = {"n": 3, "sum": str(3 * 10**17 + 9), "sum_sq": str(sum((10**17 + i) ** 2 for i in range(2, 5)))}
    expected = {"var_control": 1.0, "df": 4.0}
    yield case("numerics", "mean_exact_sums", arms(exact, other), expected)
    yield case(
        "mean",
        "mean_small_values",
        {"control_values": [0, 1, 2], "treatment_values": [2, 3, 4]},
        {"p_value_abs": test.pvalue},
    )


def proportions() -> Iterator[dict[str, Any]]:
    """Tests of two by two tables; intervals from Wilson's of each arm."""
    for name, (s_c, n_c), (s_t, n_t) in (("prop_small", (3, 41), (11, 47)), ("prop_none", (0, 60), (7, 55))):
        table = [[s_t, s_c], [n_t - s_t, n_c - s_c]]
        p_c, p_t = s_c / n_c, s_t / n_t
        (low_c, high_c), (low_t, high_t) = (
            stats.binomtest(*one).proportion_ci(method="wilson") for one in ((s_c, n_c), (s_t, n_t))
        )
        error = np.sqrt(p_c * (1 - p_c) / n_c + p_t * (1 - p_t) / n_t)
        wald = stats.norm.interval(1 - ALPHA, p_t - p_c, error)
        expected = {
            "effect_abs": p_t - p_c,
            "std_err_abs": error,
            "p_value_fisher": stats.fisher_exact(table).pvalue,
            "p_value": stats.fisher_exact(table).pvalue,
            "p_value_barnard": stats.barnard_exact(table).pvalue,
            "p_value_boschloo": stats.boschloo_exact(table).pvalue,
            "p_value_pooled_z": stats.chi2_contingency(table, correction=False).pvalue,
            "ci_abs_newcomb_lower": p_t - p_c - np.hypot(p_t - low_t, high_c - p_c),
            "ci_abs_newcomb_upper": p_t - p_c + np.hypot(high_t - p_t, p_c - low_c),
            "ci_abs_wald_lower": wald[0],
            "ci_abs_wald_upper": wald[1],
        }
        inputs = arms({"n": n_c, "sum": s_c}, {"n": n_t, "sum": s_t})
        yield case("proportion", name, inputs, expected, rtol=1e-7)
        for alternative in ("greater", "less"):
            expected = {"p_value_fisher": stats.fisher_exact(table, alternative=alternative).pvalue}
            yield case("proportion", f"{name}_{alternative}", inputs, expected, {"alternative": alternative})


def ratio_sums(rows: Rows) -> dict[str, Any]:
    """The sums of a numerator and a denominator."""
    (m, d), n = rows.T, len(rows)
    return {
        "n": n,
        "num_sum": sum(m),
        "num_sum_sq": m @ m,
        "den_sum": sum(d),
        "den_sum_sq": d @ d,
        "num_den_sum_prod": m @ d,
    }


def ratios() -> Iterator[dict[str, Any]]:
    """The delta method by complex steps."""
    control, treatment = sample(3, 50, 2, 1.0), sample(4, 61, 2, 1.2)
    effect, error = delta(lambda m: m[2] / m[3] - m[0] / m[1], control, treatment)
    relative, relative_error = delta(lambda m: m[2] / m[3] / (m[0] / m[1]) - 1, control, treatment)
    expected = {"effect_abs": effect, "std_err_abs": error, "effect_rel": relative, "std_err_rel_delta": relative_error}
    yield case("ratio", "ratio", arms(ratio_sums(control), ratio_sums(treatment)), expected)
    nothing = dict.fromkeys(ratio_sums(control), 0.0) | {"n": 50}
    unknown = dict.fromkeys(("effect_abs", "p_value_abs"))
    yield case("degenerate", "ratio_of_nothing", arms(nothing, ratio_sums(treatment)), unknown)


def pre_sums(rows: Rows) -> dict[str, Any]:
    """The sums of a metric and its covariate."""
    (y, x), n = rows.T, len(rows)
    squares = {"post_sum_sq": y @ y, "pre_sum_sq": x @ x, "post_pre_sum_prod": y @ x}
    return {"n": n, "post_sum": sum(y), "pre_sum": sum(x), **squares}


def adjusted() -> Iterator[dict[str, Any]]:
    """Welch's test on rows from which the covariate is subtracted."""
    control, treatment = sample(5, 70, 2), sample(6, 64, 2, 6.4)
    rows = np.concatenate([control, treatment])
    theta = np.polyfit(rows[:, 1], rows[:, 0], 1)[0]
    left, right = (part[:, 0] - theta * part[:, 1] for part in (control, treatment))
    test = stats.ttest_ind(right, left, equal_var=False)
    interval = test.confidence_interval(1 - ALPHA)
    level = np.array([[0.0, control[:, 1].mean()]])  # the expected covariate of both arms is the same
    moved = treatment - np.array([[0.0, treatment[:, 1].mean()]]) + level
    _, error = delta(lambda m: (m[2] - theta * m[3] - m[0] + theta * m[1]) / m[0], control, moved)
    expected = {
        "theta": theta,
        "effect_abs": right.mean() - left.mean(),
        "ci_abs_lower": interval.low,
        "ci_abs_upper": interval.high,
        "p_value_abs": test.pvalue,
        "effect_rel_gb": (right.mean() - left.mean()) / control[:, 0].mean(),
        "std_err_rel_gb": error,
    }
    yield case("cuped", "cuped", arms(pre_sums(control), pre_sums(treatment)), expected)


def adjusted_ratios() -> Iterator[dict[str, Any]]:
    """Rows become linearised ratios; theta is a regression of one on the other, in the pooled sample centred for all."""
    control, treatment = sample(7, 90, 4, 2.0), sample(8, 85, 4, 2.3)

    def linear(rows: Rows, by: Rows) -> tuple[Rows, Rows]:
        m, d, mp, dp = by.mean(axis=0)
        return (rows[:, 0] - m / d * rows[:, 1]) / d, (rows[:, 2] - mp / dp * rows[:, 3]) / dp

    both = np.concatenate([control, treatment])
    pooled = np.cov(*linear(both, both))
    theta = {"tt": pooled[0, 1] / pooled[1, 1]}
    own = np.sum([np.cov(*linear(rows, rows)) for rows in (control, treatment)], axis=0)
    theta["gb"] = own[0, 1] / own[1, 1]
    expected: dict[str, Any] = {}
    for name, one in theta.items():
        effect, error = delta(partial(adjusted_change, one), control, treatment)
        expected |= {f"effect_abs_{name}": effect, f"std_err_abs_{name}": error, f"theta_{name}": one}
    relative = delta(lambda m: adjusted_change(theta["gb"], m) / (m[0] / m[1]), control, treatment)
    expected |= {"effect_rel_gb": relative[0], "std_err_rel_gb": relative[1]}
    inputs = arms(four_sums(control), four_sums(treatment))
    yield case("cuped_ratio", "cuped_ratio", inputs, expected)


def four_sums(rows: Rows) -> dict[str, Any]:
    """The sums of a ratio and of its covariate."""
    names = ("m", "d", "mp", "dp")
    found: dict[str, Any] = {"n": len(rows)}
    for i, name in enumerate(names):
        found |= {f"{name}_sum": rows[:, i].sum(), f"{name}_sum_sq": rows[:, i] @ rows[:, i]}
    return found | {f"{names[i]}_{names[j]}": rows[:, i] @ rows[:, j] for i, j in combinations(range(4), 2)}


def strata() -> Iterator[dict[str, Any]]:
    """Cells by least squares on rows, weighted by units, with multinomial weights."""
    cells = [(sample(9, 60, 2), sample(10, 50, 2, 6.5)), (sample(11, 25, 2, 9.0), sample(12, 33, 2, 10.0))]
    inputs = {"strata": [arms(pre_sums(a), pre_sums(b)) for a, b in cells]}
    n = np.array([len(a) + len(b) for a, b in cells])
    for is_adjusted in (False, True):
        pairs = [cell(a, b, is_adjusted) for a, b in cells]
        weights = n / n.sum()
        values = np.array([value for value, _ in pairs])
        covariance = sum(w * w * c for w, (_, c) in zip(weights, pairs, strict=True))
        covariance = covariance + values.T @ (np.diag(weights) - np.outer(weights, weights)) @ values / n.sum()
        control, effect = weights @ values
        for difference, gradient, point in (
            ("absolute", np.array([0.0, 1.0]), effect),
            ("relative", np.array([-effect / control**2, 1 / control]), effect / control),
        ):
            expected = {"effect": point, "std_err": np.sqrt(gradient @ covariance @ gradient)}
            config = {"difference": difference, "cuped": is_adjusted}
            yield case("post_strat", f"post_strat_{'cuped_' * is_adjusted}{difference}", inputs, expected, config)


def cell(control: Rows, treatment: Rows, is_adjusted: bool) -> tuple[Rows, Rows]:
    """The control's mean and the effect in a cell, and their covariances."""
    rows = np.concatenate([control, treatment])
    arm = np.repeat([0.0, 1.0], [len(control), len(treatment)])
    if not is_adjusted:
        first, second = (np.var(one[:, 0], ddof=1) / len(one) for one in (control, treatment))
        means = [one[:, 0].mean() for one in (control, treatment)]
        return np.array([means[0], means[1] - means[0]]), np.array([[first, -first], [-first, first + second]])
    design = np.column_stack([np.ones(len(rows)), arm, rows[:, 1] - rows[:, 1].mean()])
    found, residual, *_ = np.linalg.lstsq(design, rows[:, 0])
    covariance = residual[0] / (len(rows) - 3) * np.linalg.inv(design.T @ design)
    spread = np.var(rows[:, 1], ddof=1) / len(rows)
    covariance[0, 0] += spread * (found[2] ** 2 + covariance[2, 2])
    return found[:2], covariance[:2, :2]


def quantiles() -> Iterator[dict[str, Any]]:
    """The variance from the distance of order statistics, and its inflation by clusters from rows of units."""
    shape = {"nu": 0.75, "n": 900, "n_star": 800}
    inputs = arms(shape | {"q": 5.0, "lo": 4.8, "hi": 5.3}, shape | {"q": 5.4, "lo": 5.1, "hi": 5.6})
    spread = {name: (arm["hi"] - arm["lo"]) / (2 * stats.norm.ppf(0.975)) for name, arm in inputs.items()}
    variances = [800 / 900 * 899 / 900 * spread[name] ** 2 for name in inputs]
    error = np.sqrt(sum(variances))
    df = error**4 / sum(variance**2 / 899 for variance in variances)
    expected = {"effect": 0.4, "std_err": error} | t_columns(0.4, error, df, ("ci_lower", "ci_upper", "p_value"))
    yield case("quantile", "quantile", inputs, expected, {"difference": "absolute"})
    clusters = [sample(seed, 300, 2, 0.0) for seed in (13, 14)]
    total, clustered = 0.0, {}
    for (name, arm), rows, variance in zip(list(inputs.items()), clusters, variances, strict=True):
        (s, m), n = rows.T, len(rows)
        squares = {"main_sum_squares": s @ s, "denominator_sum_squares": m @ m, "main_denominator_sum_product": s @ m}
        clustered[name] = arm | {"n_clusters": n, "main_sum": sum(s), "denominator_sum": sum(m)} | squares
        total += variance * delta(lambda p: p[0] / p[1], rows)[1] ** 2 / (0.75 * 0.25 / 900)
    yield case("quantile", "quantile_clusters", clustered, {"std_err": np.sqrt(total)}, {"difference": "absolute"})
    few = arms(shape | {"n": 5, "q": 5.0, "lo": 4.8, "hi": 5.3}, shape | {"q": 5.4, "lo": 5.1, "hi": 5.6})
    yield case("quantile", "quantile_low_sample", few, dict.fromkeys(("p_value", "ci_lower", "std_err")))


def sequences() -> Iterator[dict[str, Any]]:
    """P-values as the levels at which an interval touches zero, and likelihood ratios as integrals."""
    control, treatment = sample(15, 400, 1), sample(16, 420, 1, 6.7)
    effect = treatment.mean() - control.mean()
    error = np.sqrt(control.var(ddof=1) / 400 + treatment.var(ddof=1) / 420)
    n, inputs = 820, arms(sums(control), sums(treatment))
    rho2 = (-2 * np.log(ALPHA) + np.log(-2 * np.log(ALPHA) + 1)) / 1000

    def radius(level: float) -> float:
        m = n * rho2
        return float(error * np.sqrt(n * 2 * (m + 1) / (n * m) * np.log(np.sqrt(m + 1) / level)))

    p = optimize.brentq(lambda level: radius(level) - effect, 1e-300, 1, xtol=1e-300, rtol=1e-13)
    expected = {"ci_abs_lower": effect - radius(ALPHA), "ci_abs_upper": effect + radius(ALPHA), "p_value_abs": p}
    yield case("sequential", "sequential", inputs, expected | {"rho": np.sqrt(rho2)}, {"n_tuning": 1000})
    one2 = (-2 * np.log(2 * ALPHA) + np.log(-2 * np.log(2 * ALPHA) + 1)) / 1000

    def one_sided(level: float) -> float:
        m = n * one2
        return float(error * np.sqrt(n * 2 * (m + 1) / (n * m) * np.log(1 + np.sqrt(m + 1) / (2 * level))))

    p = optimize.brentq(lambda level: one_sided(level) - effect, 1e-300, 0.5, xtol=1e-300, rtol=1e-13)
    expected = {"ci_abs_lower": effect - one_sided(ALPHA), "ci_abs_upper": np.inf, "p_value_abs": p}
    yield case("sequential", "sequential_greater", inputs, expected, {"n_tuning": 1000, "alternative": "greater"})
    for tau2 in (0.01, 0.2):
        ratio = integrate.quad(
            lambda d, t=tau2: stats.norm.pdf(0.3, d, 0.12) * stats.norm.pdf(d, 0, np.sqrt(t)),
            -4,
            4,
            epsabs=1e-14,
            points=[0, 0.3],
        )[0] / stats.norm.pdf(0.3, 0, 0.12)
        given = {"effect": 0.3, "std_err": 0.12, "tau2": tau2}
        yield case("msprt", f"msprt_{tau2}", given, {"lambda": ratio, "p_value_now": min(1, 1 / ratio)})


def posteriors() -> Iterator[dict[str, Any]]:
    """Chance to win and risks as integrals over likelihood x prior."""
    control, treatment = sample(17, 200, 1), sample(18, 210, 1, 6.1)
    inputs = arms(sums(control), sums(treatment))
    effect, error = delta(lambda m: m[1] / m[0] - 1, control, treatment)
    for name, prior in (("bayes_prior", {"mean": 0.01, "sd": 0.05}), ("bayes_flat", None)):
        believed = stats.norm(prior["mean"], prior["sd"]).pdf if prior else lambda _: 1.0
        ends = (effect - 12 * error, effect + 12 * error)

        def integral(weight: Callable[[float], float], low: float, high: float, b: Any = believed) -> float:
            whole = lambda d: weight(d) * stats.norm.pdf(effect, d, error) * b(d)  # noqa: E731
            return float(
                integrate.quad(whole, low, high, points=[np.clip(effect, low, high)], epsabs=1e-13, epsrel=1e-12)[0]
            )

        total = integral(lambda _: 1.0, *ends)
        expected = {
            "effect": integral(lambda d: d, *ends) / total,
            "chance_to_win": integral(lambda _: 1.0, 0, ends[1]) / total,
            "risk_control": integral(lambda d: d, 0, ends[1]) / total,
            "risk_treatment": integral(lambda d: -d, ends[0], 0) / total,
        }
        yield case("bayesian", name, inputs, expected, {"difference": "relative", "prior": prior})


def splits() -> Iterator[dict[str, Any]]:
    """Pearson's test; nobody at all is unknown."""
    observed, weights = [410, 395, 212], [0.4, 0.4, 0.2]
    expected = stats.chisquare(observed, np.multiply(weights, sum(observed))).pvalue
    yield case("srm", "srm_three_arms", {"observed": observed, "weights": weights}, {"p_value": expected})
    with_zero = {"observed": [*observed, 0], "weights": [*weights, 0]}
    yield case("srm", "srm_unused_arm", with_zero, {"p_value": expected})
    yield case("srm", "srm_nobody", {"observed": [0, 0], "weights": [1, 1]}, {"p_value": None})


def closed(p: list[float], test: Callable[[list[float]], float]) -> list[float]:
    """A p-value is adjusted to the largest of the tests of all sets it is in (Marcus, Peritz & Gabriel 1976)."""
    places = range(len(p))
    sets = [chosen for size in places for chosen in combinations(places, size + 1)]
    return [max(test([p[i] for i in chosen]) for chosen in sets if place in chosen) for place in places]


def families() -> Iterator[dict[str, Any]]:
    """Holm's and Hommel's by closed testing, the share of false alarms by SciPy."""
    p = [0.041, 0.003, 0.2, 0.011, 0.012, 0.7]
    descending = np.argsort(p)[::-1]
    hochberg = np.empty(6)
    hochberg[descending] = np.minimum.accumulate([(rank + 1) * p[i] for rank, i in enumerate(descending)])
    expected = {
        "bonferroni": [min(1, 6 * one) for one in p],
        "holm": closed(p, lambda some: min(1, len(some) * min(some))),
        "hommel": closed(p, lambda some: min(len(some) * one / (i + 1) for i, one in enumerate(sorted(some)))),
        "hochberg": np.minimum(1, hochberg),
        "sidak": [1 - (1 - one) ** 6 for one in p],
        "fdr_bh": stats.false_discovery_control(p, method="bh"),
        "fdr_by": stats.false_discovery_control(p, method="by"),
    }
    yield case("multiplicity", "multiplicity", {"p_values": p}, expected)


def sizes() -> Iterator[dict[str, Any]]:
    """Roots of the power by SciPy's noncentral t, and of the normal's."""

    def power(effect: float, units: float) -> float:
        error, df = np.sqrt(5.0 * 4 / units), units - 2
        critical = stats.t.isf(ALPHA / 2, df)
        return float(stats.nct.sf(critical, df, effect / error) + stats.nct.cdf(-critical, df, effect / error))

    units = optimize.brentq(lambda n: power(0.4, n) - 0.8, 100, 1500)
    effect = optimize.brentq(lambda size: power(size, 500) - 0.8, 0.1, 1, xtol=1e-12)
    expected = {"n_total_for_rel_mde_0.1": np.ceil(units), "rel_mde_at_n_500": effect / 4.0}
    yield case("power", "power", {"mean": 4.0, "variance": 5.0}, expected, {"power": 0.8, "ratio": 1}, rtol=1e-7)
    control, treatment = sample(19, 300, 1), sample(20, 310, 1, 6.2)
    _, error = delta(lambda m: m[1] / m[0], control, treatment)

    def found(times: float) -> float:
        return float(
            stats.norm.sf(1.96 - 0.03 * np.sqrt(times) / error) + stats.norm.cdf(-1.96 - 0.03 * np.sqrt(times) / error)
        )

    times = optimize.brentq(lambda k: found(k) - 0.8, 1, 1e4)
    config = {"target_rel_mde": 0.03, "power": 0.8}
    expected = {"additional_users": (times - 1) * 610, "scaling_factor": times - 1}
    yield case("power", "power_during", arms(sums(control), sums(treatment)), expected, config, rtol=1e-4)
    test = stats.ttest_ind(treatment[:, 0], control[:, 0], equal_var=False)
    interval = test.confidence_interval(1 - ALPHA)
    config = {"total_users": 610, "traffic_percentage": 0.2, "phase_length_days": 10}
    ends = {"ci_lower": interval.low * 305, "ci_upper": interval.high * 305}
    expected = {"effect": (treatment.mean() - control.mean()) * 305} | ends
    yield case("impact", "impact", arms(sums(control), sums(treatment)), expected, config)


def looks() -> Iterator[dict[str, Any]]:
    """Each bound is where the probability to stop, of a multivariate normal, is what is spent."""
    times = [0.25, 0.6, 1.0]
    covariance = np.array([[np.sqrt(min(a, b) / max(a, b)) for b in times] for a in times])
    bounds: list[float] = []
    for i, time in enumerate(times):

        def goes_on(bound: float, known: tuple[float, ...] = tuple(bounds), size: int = i + 1) -> float:
            ends = np.array([*known, bound])
            normal = stats.multivariate_normal(
                cov=covariance[:size, :size], seed=1, maxpts=10**6, abseps=1e-9, releps=1e-9
            )
            return float(normal.cdf(ends, lower_limit=-ends))

        stay = 1 - ALPHA * time**2
        bounds.append(float(optimize.brentq(lambda bound, s=stay, f=goes_on: f(bound) - s, 1.5, 4.5, xtol=1e-8)))
    yield case(
        "group_sequential", "group_sequential", {"information": times}, {"z_bounds": bounds}, {"sides": 2}, rtol=2e-5
    )


def derive() -> list[dict[str, Any]]:
    """All cases."""
    parts = (
        means,
        proportions,
        ratios,
        adjusted,
        adjusted_ratios,
        strata,
        quantiles,
        sequences,
        posteriors,
        splits,
        families,
    )
    return [one for part in (*parts, sizes, looks) for one in part()]


def text() -> str:
    """The file: a case a line."""
    lines = ",\n".join(json.dumps(one) for one in derive())
    return f'{{"made by": "tests/golden/derive_experiments.py", "cases": [\n{lines}\n]}}\n'


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
