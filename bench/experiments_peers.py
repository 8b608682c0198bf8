"""The tests of gbstats and tea-tasting on given sums, in a process of a Python that has them: CPU seconds and p-values as JSON.

`PYTHON -m bench.experiments_peers PEER METRIC TESTS < arms.json`. Importing and reading is not counted, and neither is making
the objects with the sums, which tools get from a query.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

Arm = dict[str, float]
Test = Callable[[Any, Any], float]


def gbstats(metric: str) -> tuple[Callable[[Arm], Any], Sequence[Test]]:
    """How an arm becomes a statistic, and the tests that give what one call of drawloom gives."""
    from gbstats.bayesian.tests import EffectBayesianABTest, EffectBayesianConfig
    from gbstats.frequentist.tests import FrequentistConfig, SequentialConfig, SequentialTwoSidedTTest, TwoSidedTTest
    from gbstats.models import statistics as gb

    def mean(arm: Arm, name: str) -> Any:
        return gb.SampleMeanStatistic(n=int(arm["n"]), sum=arm[name], sum_squares=arm[f"{name}_{name}"])

    def statistic(arm: Arm) -> Any:
        n = int(arm["n"])
        if metric == "ratio":
            return gb.RatioStatistic(
                n=n, m_statistic=mean(arm, "y"), d_statistic=mean(arm, "x"), m_d_sum_of_products=arm["y_x"]
            )
        if metric == "CUPED":
            return gb.RegressionAdjustedStatistic(
                n=n,
                post_statistic=mean(arm, "y"),
                pre_statistic=mean(arm, "x"),
                post_pre_sum_of_products=arm["y_x"],
                theta=None,
            )
        return mean(arm, "y")

    def fixed(difference: str) -> Test:
        config = FrequentistConfig(difference_type=difference)
        return lambda a, b: float(TwoSidedTTest([(a, b)], config).compute_result().pValue)

    def sequential(difference: str) -> Test:
        config = SequentialConfig(difference_type=difference)
        return lambda a, b: float(SequentialTwoSidedTTest([(a, b)], config).compute_result().pValue)

    def bayesian(a: Any, b: Any) -> float:
        return float(EffectBayesianABTest([(a, b)], EffectBayesianConfig()).compute_result().chanceToWin)

    if metric == "Bayesian":
        return statistic, [bayesian]
    if metric == "sequential":
        return statistic, [fixed("absolute"), fixed("relative"), sequential("absolute"), sequential("relative")]
    return statistic, [fixed("absolute"), fixed("relative")]


def tea_tasting(metric: str) -> tuple[Callable[[Arm], Any], Sequence[Test]]:
    """Its test gives the absolute and the relative effect at once."""
    import tea_tasting as tt
    from tea_tasting.aggr import Aggregates

    names = ("y", "x") if metric in {"ratio", "CUPED"} else ("y",)

    def aggregates(arm: Arm) -> Any:
        n = arm["n"]
        means = {name: arm[name] / n for name in names}

        def covariance(a: str, b: str) -> float:
            return (arm[f"{a}_{b}"] - arm[a] * arm[b] / n) / (n - 1)

        pairs = {("x", "y"): covariance("y", "x")} if len(names) == 2 else {}
        return Aggregates(int(n), means, {name: covariance(name, name) for name in names}, pairs)

    kinds = {
        "ratio": lambda: tt.RatioOfMeans("y", "x"),
        "CUPED": lambda: tt.Mean("y", "x"),
        "mean": lambda: tt.Mean("y"),
    }
    found = kinds[metric]()
    return aggregates, [lambda a, b: float(found.analyze_aggregates(a, b).pvalue)]


PEERS = {"gbstats": gbstats, "tea-tasting": tea_tasting}


def main() -> None:
    """Measure one peer."""
    peer, metric, tests = sys.argv[1], sys.argv[2], int(sys.argv[3])
    statistic, calls = PEERS[peer](metric)
    pairs = [(statistic(one["control"]), statistic(one["treatment"])) for one in json.load(sys.stdin)[:tests]]
    for call in calls:
        call(*pairs[0])
    start = time.process_time()
    results = [[call(*pair) for call in calls] for pair in pairs]
    print(json.dumps({"cpu": time.process_time() - start, "results": [result[0] for result in results]}))


if __name__ == "__main__":
    main()
