"""``compute(case)``: the names of a file of expected statistics, mapped onto the public API of ``drawloom.statistics``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from drawloom import statistics as st

Numbers = Mapping[str, Any]
TESTS = {
    "welch_t": "welch",
    "welch": "welch",
    "student_t": "pooled",
    "pooled_t": "pooled",
    "z": "z",
    "z_test": "z",
    "normal": "z",
}
CORRECTIONS = {"simes-hochberg": "hochberg", "fdr_bh": "benjamini-hochberg", "fdr_by": "benjamini-yekutieli"}
ADJUSTMENTS = ("bonferroni", "holm", "hommel", "hochberg", "sidak", *CORRECTIONS)


def compute(case: Numbers) -> dict[str, Any]:
    """The values of a case by the names of its ``expected``, and maybe more; NaN is unknown."""
    config = {**case.get("config", {}), "questions": tuple(case.get("expected", ()))}
    computed: dict[str, Any] = KINDS[case["kind"]](case["inputs"], config)
    return {name: plain(value) for name, value in computed.items()}


def plain(value: Any) -> Any:
    """Lists and numbers of Python."""
    return np.asarray(value).tolist()


def number(value: Any) -> Any:
    """A number that may be written as text, as those are that JSON or a float cannot hold."""
    return Fraction(value) if isinstance(value, str) else value


def method(config: Numbers, **more: Any) -> st.Method:
    """The method that a config asks for."""
    given: dict[str, Any] = {
        "alpha": config.get("alpha", 0.05),
        "alternative": {"two_sided": "two-sided"}.get(
            config.get("alternative", ""), config.get("alternative", "two-sided")
        ),
        "test": TESTS[config.get("test", "welch_t")],
    }
    return st.Method(**(given | more))


def one_variable(arm: Numbers) -> st.Moments:
    """The moments of an arm of (n, mean, m2) or (n, sum, sum_sq); those of 0 and 1 have no sum of squares."""
    if "m2" in arm:
        return st.Moments.of(arm["n"], arm["mean"], arm["m2"])
    total = number(arm["sum"])
    return st.Moments.of_sums(arm["n"], total, number(arm.get("sum_sq", total)))


def post_and_pre(arm: Numbers) -> st.Moments:
    """A metric and the same before exposure."""
    both = arm["post_pre_sum_prod"]
    products = [[arm["post_sum_sq"], both], [both, arm["pre_sum_sq"]]]
    return st.Moments.of_products(arm["n"], [arm["post_sum"], arm["pre_sum"]], products)


def numerator_and_denominator(arm: Numbers) -> st.Moments:
    """The two sums of a ratio."""
    both = arm["num_den_sum_prod"]
    products = [[arm["num_sum_sq"], both], [both, arm["den_sum_sq"]]]
    return st.Moments.of_products(arm["n"], [arm["num_sum"], arm["den_sum"]], products)


def two_ratios(arm: Numbers) -> st.Moments:
    """The two sums of a ratio, and those before exposure."""
    names = ("m", "d", "mp", "dp")

    def product(first: str, second: str) -> Any:
        if first == second:
            return arm[f"{first}_sum_sq"]
        return arm.get(f"{first}_{second}", arm.get(f"{second}_{first}"))

    return st.Moments.of_products(
        arm["n"], [arm[f"{name}_sum"] for name in names], [[product(a, b) for b in names] for a in names]
    )


def named(found: st.Comparison, log: st.Comparison | None = None) -> dict[str, Any]:
    """A comparison under all the names that files use for its columns."""
    values: dict[str, Any] = {
        "effect_abs": found.effect,
        "std_err_abs": found.standard_error,
        "df": found.df,
        "ci_abs_lower": found.ci_low,
        "ci_abs_upper": found.ci_high,
        "p_value_abs": found.p_value,
        "effect_rel": found.effect_relative,
        "std_err_rel_delta": found.se_relative,
        "ci_rel_delta_lower": found.ci_low_relative,
        "ci_rel_delta_upper": found.ci_high_relative,
        "p_value_rel_delta": found.p_value_relative,
        "theta": found.theta,
        "reason": found.reason,
    }
    if log is not None:
        values |= {"ci_rel_log_lower": log.ci_low_relative, "ci_rel_log_upper": log.ci_high_relative}
    return values


def of_difference(found: st.Comparison, config: Numbers) -> dict[str, Any]:
    """A comparison's absolute or relative effect, whichever the config asks for."""
    if config.get("difference", "absolute") == "relative":
        columns = ("effect_relative", "se_relative", "ci_low_relative", "ci_high_relative", "p_value_relative")
    else:
        columns = ("effect", "standard_error", "ci_low", "ci_high", "p_value")
    names = ("effect", "std_err", "ci_lower", "ci_upper", "p_value")
    return {name: getattr(found, column) for name, column in zip(names, columns, strict=True)} | {
        "reason": found.reason
    }


def mean(inputs: Numbers, config: Numbers) -> dict[str, Any]:
    """One pair of arms, many arms against the first, or a pair for each value of a dimension."""
    if "arms" in inputs:
        return many_arms(inputs["arms"], config)
    if "dims" in inputs:
        return dimensions(inputs["dims"], config)
    if any("den_sum" in arm for arm in inputs.values() if isinstance(arm, Mapping)):
        return ratio(inputs, config)
    if any("post_sum" in arm for arm in inputs.values() if isinstance(arm, Mapping)):
        return cuped(inputs, config)
    names = ("control", "treatment")
    control, treatment = (
        one_variable(inputs[name]) if name in inputs else st.Moments.of_values(inputs[f"{name}_values"])
        for name in names
    )
    how = method(config)
    found = st.compare_means(control, treatment, how)
    values = named(found, st.compare_means(control, treatment, replace(how, relative="log")))
    for name, arm in zip(names, (control, treatment), strict=True):
        values |= {f"var_{name}": arm.covariance[..., 0, 0], f"mean_{name}": arm.mean[..., 0]}
    return values


def many_arms(arms: Mapping[str, Numbers], config: Numbers) -> dict[str, Any]:
    """All arms against the first, and their p-values adjusted for each other."""
    control, *others = arms
    treatments = [one_variable(arms[name]) for name in others]
    stacked = st.Moments(*(np.stack([getattr(arm, part) for arm in treatments]) for part in ("n", "mean", "comoments")))
    found = st.compare_means(one_variable(arms[control]), stacked, method(config))
    values = {f"{key}[{name}]": column[i] for key, column in named(found).items() for i, name in enumerate(others)}
    return values | multiplicity({"p_values": found.p_value}, config)


def dimensions(values: Mapping[str, Mapping[str, Numbers]], config: Numbers) -> dict[str, Any]:
    """A comparison for each value, and for the units of all."""
    pairs = {key: [one_variable(arms[name]) for name in ("control", "treatment")] for key, arms in values.items()}
    pairs["all"] = [st.merge_all([pair[arm] for pair in pairs.values()]) for arm in (0, 1)]
    found = {
        key: named(st.compare_means(control, treatment, method(config))) for key, (control, treatment) in pairs.items()
    }
    return {f"{name}[{key}]": value for key, columns in found.items() for name, value in columns.items()}


def proportion(inputs: Numbers, config: Numbers) -> dict[str, Any]:
    """The t-test, the pooled z-test, three intervals, and three exact tests where units are few enough for them."""
    control, treatment = (
        st.Moments.of_counts(inputs[name]["n"], number(inputs[name]["sum"])) for name in ("control", "treatment")
    )
    how = method(config)
    found = st.compare_proportions(control, treatment, how, exact_below=0)
    log = st.compare_proportions(control, treatment, replace(how, relative="log"), exact_below=0)
    default = st.compare_proportions(control, treatment, how)
    pooled = st.compare_proportions(control, treatment, replace(how, test="pooled"), exact_below=0)
    values = named(found, log) | {
        "ci_abs_t_lower": found.ci_low,
        "ci_abs_t_upper": found.ci_high,
        "p_value_abs_t": found.p_value,
        "p_value_pooled_z": pooled.p_value,
        "p_value": default.p_value,
    }
    for kind in ("wald", "newcombe", "agresti-caffo"):
        ends = st.proportion_interval(control, treatment, how, kind)
        name = {"newcombe": "newcomb"}.get(kind, kind)
        values |= {f"ci_abs_{n}_{end}": ends[i] for n in (name, kind) for i, end in enumerate(("lower", "upper"))}
    total = inputs["control"]["n"] + inputs["treatment"]["n"]
    for exact in ("fisher", "barnard", "boschloo"):
        if exact == "fisher" or total < 1000:
            tried = st.compare_proportions(control, treatment, how, exact_below=1e6, exact=exact)
            values[f"p_value_{exact}"] = tried.p_value
    return values


def ratio(inputs: Numbers, config: Numbers) -> dict[str, Any]:
    """A ratio of sums."""
    control, treatment = (numerator_and_denominator(inputs[name]) for name in ("control", "treatment"))
    how = method(config)
    log = st.compare_ratios(control, treatment, replace(how, relative="log"))
    return named(st.compare_ratios(control, treatment, how), log)


def cuped(inputs: Numbers, config: Numbers) -> dict[str, Any]:
    """An adjusted mean; "gb" is relative to the mean before adjustment, "tt" the ratio of the adjusted means."""
    control, treatment = (post_and_pre(inputs[name]) for name in ("control", "treatment"))
    how = method(config)
    found = st.compare_adjusted_means(control, treatment, how)
    log = st.compare_adjusted_means(control, treatment, replace(how, relative="log"))
    return named(found, log) | {
        "effect_rel_gb": found.effect_relative,
        "std_err_rel_gb": found.se_relative,
        "effect_rel_tt": log.effect_relative,
    }


def cuped_ratio(inputs: Numbers, config: Numbers) -> dict[str, Any]:
    """An adjusted ratio; theta is that of the arms ("gb") or of the pooled sample ("tt")."""
    control, treatment = (two_ratios(inputs[name]) for name in ("control", "treatment"))
    how = method(config)
    found = st.compare_adjusted_ratios(control, treatment, how)
    log = st.compare_adjusted_ratios(control, treatment, replace(how, relative="log"), theta_from="pooled")
    values = named(found, log)
    for name, one in (("gb", found), ("tt", log)):
        values |= {
            f"effect_abs_{name}": one.effect,
            f"std_err_abs_{name}": one.standard_error,
            f"ci_abs_{name}_lower": one.ci_low,
            f"ci_abs_{name}_upper": one.ci_high,
            f"p_value_abs_{name}": one.p_value,
            f"theta_{name}": one.theta,
            f"effect_rel_{name}": one.effect_relative,
            f"std_err_rel_{name}": one.se_relative,
            f"ci_rel_{name}_lower": one.ci_low_relative,
            f"ci_rel_{name}_upper": one.ci_high_relative,
        }
    return values


def post_strat(inputs: Numbers, config: Numbers) -> dict[str, Any]:
    """Strata of means, of adjusted means, or of ratios."""
    strata = inputs["strata"]
    first = strata[0]["control"]
    if "mp_sum" in first:
        metric, read = "adjusted-ratio", two_ratios
    elif "den_sum" in first:
        metric, read = "ratio", numerator_and_denominator
    elif "post_sum" in first:
        metric, read = "adjusted-mean", post_and_pre
    else:
        metric, read = "mean", one_variable
    arms = []
    for name in ("control", "treatment"):
        cells = [read(stratum[name]) for stratum in strata]
        arms.append(
            st.Moments(*(np.stack([getattr(cell, part) for cell in cells]) for part in ("n", "mean", "comoments")))
        )
    if metric == "adjusted-mean" and not config.get("cuped"):
        metric, arms = "mean", [arm.only(0) for arm in arms]
    chosen: Any = metric
    return of_difference(st.compare_stratified(arms[0], arms[1], chosen, method(config)), config)


def quantile(inputs: Numbers, config: Numbers) -> dict[str, Any]:
    """Quantiles with the bounds around them, of independent values or of clusters."""
    control, treatment = (quantiles(inputs[name]) for name in ("control", "treatment"))
    return of_difference(st.compare_quantiles(control, treatment, method(config)), config)


def quantiles(arm: Numbers) -> st.Quantiles:
    """One arm's quantile."""
    n, value, low, high, n_bounds = (np.asarray(arm[name], dtype=float) for name in ("n", "q", "lo", "hi", "n_star"))
    clusters = None
    if "n_clusters" in arm:
        squares = {name: arm.get(f"{name}_sum_squares", arm.get(f"{name}_sum_sq")) for name in ("main", "denominator")}
        both = arm.get("main_denominator_sum_product", arm.get("main_denominator_sum_prod"))
        clusters = st.Moments.of_products(
            arm["n_clusters"],
            [arm["main_sum"], arm["denominator_sum"]],
            [[squares["main"], both], [both, squares["denominator"]]],
        )
    return st.Quantiles(arm["nu"], n, value, low, high, n_bounds, clusters)


def sequential(inputs: Numbers, config: Numbers) -> dict[str, Any]:
    """The asymptotic confidence sequence of a mean."""
    how = method(config, expected_units=config.get("n_tuning", 5000))
    found = st.compare_means(one_variable(inputs["control"]), one_variable(inputs["treatment"]), how)
    return named(found) | {
        "ci_abs_lower": found.sequential_low,
        "ci_abs_upper": found.sequential_high,
        "p_value_abs": found.sequential_p,
        "ci_rel_lower": found.sequential_low_relative,
        "ci_rel_upper": found.sequential_high_relative,
        "p_value_rel": found.sequential_p_relative,
        "rho": np.sqrt(st.mixture_precision(how.alpha, how.expected_units or 0, how.alternative)),
    }


def msprt(inputs: Numbers, _config: Numbers) -> dict[str, Any]:
    """The mixture sequential probability ratio test."""
    found = st.mixture_sprt(inputs["effect"], inputs["std_err"], inputs["tau2"])
    return {"lambda": found.ratio, "log_lambda": found.log_ratio, "p_value_now": found.p_value}


def bayesian(inputs: Numbers, config: Numbers) -> dict[str, Any]:
    """The posterior of a mean's effect."""
    found = st.compare_means(one_variable(inputs["control"]), one_variable(inputs["treatment"]), method(config))
    after = st.posterior(
        found,
        prior(config.get("prior")),
        is_relative=config.get("difference") == "relative",
        alpha=config.get("alpha", 0.05),
        lower_is_better=bool(config.get("inverse", False)),
    )
    return {
        "effect": after.effect,
        "std_err": after.sd,
        "ci_lower": after.ci_low,
        "ci_upper": after.ci_high,
        "chance_to_win": after.chance_to_win,
        "risk_control": after.risk_control,
        "risk_treatment": after.risk_treatment,
        "reason": after.reason,
    }


def prior(given: Numbers | None) -> st.Prior | None:
    """A prior of the relative effect."""
    if not given:
        return None
    return st.Prior(given.get("mean", 0.0), given["sd"] if "sd" in given else given["variance"] ** 0.5)


def srm(inputs: Numbers, config: Numbers) -> dict[str, Any]:
    """The split of units over arms."""
    found = st.sample_ratio(inputs["observed"], inputs["weights"], minimum_expected=config.get("minimum_expected", 0))
    return {"p_value": found.p_value, "chi2": found.chi_squared, "df": found.df, "reason": found.reason}


def multiplicity(inputs: Numbers, _config: Numbers) -> dict[str, Any]:
    """P-values adjusted in all the ways there are."""
    p: Any = [np.nan if value is None else value for value in inputs["p_values"]]
    corrections: Any = {name: CORRECTIONS.get(name, name) for name in ADJUSTMENTS}
    return {name: st.adjust(p, correction) for name, correction in corrections.items()}


def power(inputs: Numbers, config: Numbers) -> dict[str, Any]:
    """Before an experiment from a mean and a variance, or during it from the arms so far."""
    how, target = method(config), config.get("power", 0.8)
    if "control" in inputs:
        found = st.compare_means(one_variable(inputs["control"]), one_variable(inputs["treatment"]), how)
        relative = "target_rel_mde" in config
        effect = config["target_rel_mde"] if relative else config["target_abs_mde"]
        remaining = st.units_remaining(found, effect, target, how, is_relative=relative)
        return {"additional_users": remaining.units, "scaling_factor": remaining.factor}
    answers = {}
    for question in {*config["questions"], "n_total_for_rel_mde_0.02", "rel_mde_at_n_20000"}:
        name, asked = question.rsplit("_", 1)
        size = abs(inputs["mean"]) if "_rel_" in f"_{name}" else 1.0
        units = name.startswith("n_total_for_")
        function: Any = st.units_needed if units else st.minimum_detectable_effect
        given = (float(asked) * size, inputs["variance"]) if units else (inputs["variance"], float(asked))
        answers[question] = function(*given, target, how, config.get("ratio", 1)) / (1.0 if units else size)
    return answers


def impact(inputs: Numbers, config: Numbers) -> dict[str, Any]:
    """The effect at all of the traffic."""
    found = st.compare_means(one_variable(inputs["control"]), one_variable(inputs["treatment"]), method(config))
    scaled = st.global_impact(found, config["total_users"], config["traffic_percentage"], config["phase_length_days"])
    return {
        "effect": scaled.effect,
        "std_err": scaled.standard_error,
        "ci_lower": scaled.ci_low,
        "ci_upper": scaled.ci_high,
    }


def group_sequential(inputs: Numbers, config: Numbers) -> dict[str, Any]:
    """The bounds of planned looks."""
    alternative = "two-sided" if config.get("sides", 2) == 2 else "greater"
    found = st.look_bounds(inputs["information"], config.get("alpha", 0.05), alternative)  # type: ignore[arg-type]
    return {"z_bounds": found.z, "spent": found.spent}


KINDS: dict[str, Any] = {
    "mean": mean,
    "degenerate": mean,
    "numerics": mean,
    "proportion": proportion,
    "ratio": ratio,
    "cuped": cuped,
    "cuped_ratio": cuped_ratio,
    "post_strat": post_strat,
    "quantile": quantile,
    "sequential": sequential,
    "msprt": msprt,
    "bayesian": bayesian,
    "srm": srm,
    "multiplicity": multiplicity,
    "power": power,
    "impact": impact,
    "group_sequential": group_sequential,
}
