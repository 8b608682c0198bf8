"""The results of a day: every metric, variant and cell, tested at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from drawloom.frameworks.arrow import as_table
from drawloom.frameworks.experiments.cells import DayStatistics, Test, exposure_days
from drawloom.frameworks.experiments.looks import fill_look, planned_looks
from drawloom.frameworks.experiments.tables import RESULT, RESULT_NUMBERS
from drawloom.model import StepContext

if TYPE_CHECKING:
    import pyarrow as pa

    from drawloom.statistics import Comparison, Method, Moments, Quantiles
    from drawloom.statistics.arrays import Array, Bools

FEW = 1000  # subjects of both arms below which the p-value of shares is exact
_IMPACT = ("impact_per_day", "impact_low", "impact_high")
_BAYESIAN = ("chance_to_win", "risk")
_COMPARED = {
    "mean_baseline": "control",
    "mean_variant": "treatment",
    **{name: name for name in RESULT_NUMBERS if not name.startswith("mean_") and name != "p_adjusted"},
}


def results(context: StepContext) -> pa.Table:
    """The rows of ``experiments.<name>`` for the day of a run."""
    settings = {**context.params, "days": exposure_days(context.params, context.ds)}
    if settings["looks"]:
        settings["planned"] = planned_looks(context.read(f"{settings['table']}_counts"), settings, context.ds)
    statistics = DayStatistics(context.read(f"{settings['table']}_statistics"))
    tests = statistics.tests(list(settings["roles"]), list(settings["variants"]), settings["baseline"])
    columns = _compared(statistics, tests, settings)
    columns["p_adjusted"] = _adjusted(tests, columns["p_value"], settings)
    return as_table(RESULT, _described(tests, settings) | columns)


def _described(tests: Sequence[Test], settings: Mapping[str, Any]) -> dict[str, Sequence[Any]]:
    return {
        "experiment": [settings["experiment"]] * len(tests),
        "metric": [test.metric for test in tests],
        "role": [settings["roles"][test.metric] for test in tests],
        "higher_is": [settings["higher_is"].get(test.metric, "better") for test in tests],
        "variant": [test.variant for test in tests],
        "baseline": [settings["baseline"]] * len(tests),
        "cut": [test.cut for test in tests],
        "cut_value": [test.cut_value for test in tests],
    }


def _compared(statistics: DayStatistics, tests: Sequence[Test], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that are compared, all tests of one form of metric at once."""
    import numpy as np

    columns: dict[str, Any] = {name: np.full(len(tests), np.nan) for name in [*_COMPARED, *_IMPACT, *_BAYESIAN]}
    columns |= {"n_baseline": np.zeros(len(tests), np.int64), "n_variant": np.zeros(len(tests), np.int64)}
    columns["reason"] = np.full(len(tests), None, object)
    forms: dict[tuple[str, float | None], list[int]] = {}
    for number, test in enumerate(tests):
        forms.setdefault((settings["types"][test.metric], settings["quantiles"].get(test.metric)), []).append(number)
    for (metric_type, level), at in forms.items():
        arms = Arms(statistics, [tests[number] for number in at], settings)
        found = arms.compare(metric_type, level)
        _fill(columns, at, found, arms)
        if settings["looks"]:
            fill_look(columns, at, found, [tests[number].variant for number in at], settings)
        if settings["test"] == "bayesian":
            _fill_bayesian(columns, at, found, settings, [tests[number].metric for number in at])
        if metric_type not in {"ratio", "quantile"}:
            _fill_impact(columns, at, found, arms)
    return columns


def _fill(columns: dict[str, Any], at: Sequence[int], found: Comparison, arms: Arms) -> None:
    import numpy as np

    for name, field in _COMPARED.items():
        columns[name][at] = getattr(found, field)
    columns["n_baseline"][at], columns["n_variant"][at] = (n.astype(np.int64) for n in arms.units)
    columns["reason"][at] = [str(reason) or None for reason in found.reason]


def _fill_bayesian(
    columns: dict[str, Any], at: Sequence[int], found: Comparison, settings: Mapping[str, Any], metrics: Sequence[str]
) -> None:
    """The posterior in place of the interval and the p-value, which a bayesian test does not have."""
    import numpy as np

    from drawloom.statistics import Prior, posterior

    prior = Prior(sd=settings["prior"]) if settings["prior"] else None
    after = posterior(found, prior, alpha=settings["alpha"])
    is_lower_better = np.array([settings["higher_is"].get(metric) == "worse" for metric in metrics])
    columns["chance_to_win"][at] = np.where(is_lower_better, 1 - after.chance_to_win, after.chance_to_win)
    columns["risk"][at] = np.where(is_lower_better, after.risk_control, after.risk_treatment)
    columns["effect_relative"][at] = after.effect
    columns["ci_low_relative"][at] = after.ci_low
    columns["ci_high_relative"][at] = after.ci_high
    for name in ("p_value", "ci_low", "ci_high"):
        columns[name][at] = np.nan


def _fill_impact(columns: dict[str, Any], at: Sequence[int], found: Comparison, arms: Arms) -> None:
    """What the effect would be on all subjects, a day, if everybody had the variant."""
    from drawloom.statistics import global_impact

    impact = global_impact(found, arms.exposed(), arms.settings["traffic"], arms.settings["days"])
    columns["impact_per_day"][at] = impact.effect
    columns["impact_low"][at] = impact.ci_low
    columns["impact_high"][at] = impact.ci_high


@dataclass(frozen=True)
class Arms:
    """The two arms of tests of metrics of one type."""

    statistics: DayStatistics
    tests: Sequence[Test]
    settings: Mapping[str, Any]

    @cached_property
    def places(self) -> tuple[Sequence[int], Sequence[int]]:
        """The rows of the baselines and of the variants."""
        return self._of(self.settings["baseline"]), self.statistics.places(self.tests)

    @property
    def units(self) -> tuple[Array, Array]:
        """How many units each arm has; of a quantile these are not the events that it is one of."""
        baseline, variant = (self.statistics.number("n", places) for places in self.places)
        return baseline, variant

    def exposed(self) -> Array:
        """The units of all variants in each test's cell."""
        counts = [self.statistics.number("n", self._of(variant)) for variant in self.settings["variants"]]
        return sum(counts[1:], counts[0])

    def compare(self, metric_type: str, level: float | None) -> Comparison:
        """Their comparison, with less variance by what units did before, and by strata, where these are known."""
        found = self._plain(metric_type, level)
        at = [n for n, test in enumerate(self.tests) if not test.cut]
        if not self.settings.get("post_stratify") or metric_type == "quantile" or not at:
            return found
        stratified = self._stratified(metric_type, [self.tests[n] for n in at])
        few = (found.n_control + found.n_treatment)[at] < FEW if metric_type == "any" else None
        return _with_rows(found, at, stratified, few)

    def _stratified(self, metric_type: str, totals: Sequence[Test]) -> Comparison:
        """Tests of all units, as means over the strata."""
        import drawloom.statistics as st

        cut, cuped = self.settings["post_stratify"], self.settings["cuped"]
        kind: Literal["mean", "adjusted-mean", "ratio", "adjusted-ratio"]
        if metric_type == "ratio":
            kind, letters = ("adjusted-ratio", "ydxz") if cuped else ("ratio", "yd")
        else:
            kind, letters = ("adjusted-mean", "yx") if cuped else ("mean", "y")
        arms = [
            self.statistics.moments(letters, self.statistics.strata(tests, cut))
            for tests in ([replace(test, variant=self.settings["baseline"]) for test in totals], totals)
        ]
        return st.compare_stratified(arms[0], arms[1], kind, self.method)

    def _plain(self, metric_type: str, level: float | None) -> Comparison:
        import drawloom.statistics as st

        if metric_type == "quantile":
            return st.compare_quantiles(*self._quantiles(level or 0.5), self.method)
        if metric_type == "ratio":
            if self.settings["cuped"]:
                return st.compare_adjusted_ratios(*self._moments("ydxz"), self.method)
            return st.compare_ratios(*self._moments("yd"), self.method)
        if metric_type == "any":
            return self._shares()
        return self._means()

    def _means(self) -> Comparison:
        import drawloom.statistics as st

        if self.settings["cuped"]:
            return st.compare_adjusted_means(*self._moments("yx"), self.method)
        return st.compare_means(*self._moments("y"), self.method)

    def _shares(self) -> Comparison:
        """Shares: exact where subjects are few, else as means, whose variance can be reduced."""
        import numpy as np

        import drawloom.statistics as st

        exact = st.compare_proportions(*self._moments("y"), self.method)
        if not self.settings["cuped"]:
            return exact
        adjusted = self._means()
        few = exact.n_control + exact.n_treatment < FEW
        columns = exact.columns()
        return replace(adjusted, **{k: np.where(few, columns[k], v) for k, v in adjusted.columns().items()})

    @property
    def method(self) -> Method:
        """How they are compared."""
        import drawloom.statistics as st

        # Where looks are planned, their bounds stand in the place of a confidence sequence.
        units = None if self.settings.get("looks") else self.settings["sequential"]
        return st.Method(alpha=self.settings["alpha"], expected_units=units)

    def _of(self, variant: str) -> Sequence[int]:
        return self.statistics.places([replace(test, variant=variant) for test in self.tests])

    def _moments(self, letters: str) -> tuple[Moments, Moments]:
        baseline, variant = (self.statistics.moments(letters, places) for places in self.places)
        return baseline, variant

    def _quantiles(self, level: float) -> tuple[Quantiles, Quantiles]:
        baseline, variant = (self._quantile(level, places) for places in self.places)
        return baseline, variant

    def _quantile(self, level: float, places: Sequence[int]) -> Quantiles:
        import numpy as np

        import drawloom.statistics as st

        clusters = self.statistics.moments("yd", places)
        events = np.nan_to_num(np.rint(clusters.n * clusters.mean[..., 1]))
        value, low, high = (
            self.statistics.number(name, places) for name in ("quantile", "quantile_low", "quantile_high")
        )
        return st.Quantiles(level, events, value, low, high, events, clusters)


def _with_rows(found: Comparison, at: Sequence[int], rows: Comparison, is_left: Bools | None) -> Comparison:
    """The comparison with those rows in the place of its own at these numbers, but for those that are left as they are."""
    import numpy as np

    columns: dict[str, Any] = {name: np.array(values) for name, values in found.columns().items()}
    taken = np.array([number for number in range(len(at)) if is_left is None or not is_left[number]], int)
    for name, values in rows.columns().items():
        columns[name][np.array(at)[taken]] = values[taken]
    return replace(found, **columns)


def _adjusted(tests: Sequence[Test], p_values: Array, settings: Mapping[str, Any]) -> Array:
    """The p-values of goal metrics, corrected over all goals, variants and values of the same cut."""
    import numpy as np

    from drawloom.statistics import adjust

    adjusted = np.full(len(tests), np.nan)
    if settings["correction"] == "none":
        return adjusted
    at = [number for number, test in enumerate(tests) if settings["roles"][test.metric] == "goal"]
    adjusted[at] = adjust(p_values[at], settings["correction"], np.array([tests[number].cut for number in at], str))
    return adjusted
