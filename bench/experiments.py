"""Tests of experiments from sufficient statistics: drawloom against the test classes of gbstats and tea-tasting, and simulations.

The peers run in the Python of ``--peers``, by default this one.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from tests.statistics.simulation import alarms, coverage, experiments, rejections, widths

from bench.measure import Cost, Line, Report
from drawloom.statistics import Method, Moments, compare_adjusted_means, compare_means, compare_ratios, posterior

TESTS = 10_000
FEW = 400  # tests of a peer, each of which costs the same
REPEATS = 20  # of all tests, so that a run is long enough to be measured
SIMULATED = 2000
CONTENDERS = {
    "mean": ("gbstats", "tea-tasting"),
    "ratio": ("gbstats", "tea-tasting"),
    "CUPED": ("gbstats", "tea-tasting"),
    "sequential": ("gbstats",),
    "Bayesian": ("gbstats",),
}
WHAT = {
    "mean": "absolute and relative effect: interval, p-value",
    "ratio": "the same of ratios",
    "CUPED": "the same, adjusted",
    "sequential": "absolute and relative effect: fixed and always valid interval and p-value",
    "Bayesian": "relative effect: interval, chance to win, risk of both",
}
MISSING = (
    "The peers are not installed. In any Python: pip install tea-tasting==1.14.0 pandas pydantic packaging scipy "
    "'gbstats @ git+https://github.com/growthbook/growthbook#subdirectory=packages/stats', "
    "then: scripts/bench experiments --peers THAT/bin/python"
)


def measure(runs: int, peers: str | None = None) -> Iterator[Report]:
    """A table for each kind of test, and the simulations."""
    python = peers or sys.executable
    data = arms(np.random.default_rng(1))
    text = as_json(data)
    for metric, names in CONTENDERS.items():
        yield side_by_side(metric, names, data, text, python, runs)
    yield simulations(runs)


def arms(rng: np.random.Generator) -> dict[str, dict[str, Any]]:
    """Sums of two variables in both arms of all tests."""
    found = {}
    for arm in ("control", "treatment"):
        n = rng.integers(1000, 100_000, TESTS).astype(float)
        y, x = rng.uniform(5, 15, TESTS), rng.uniform(5, 15, TESTS)
        y_y, x_x = n * rng.uniform(1, 9, TESTS), n * rng.uniform(1, 9, TESTS)
        y_x = np.sqrt(y_y * x_x) * rng.uniform(0, 0.9, TESTS)
        found[arm] = {
            "n": n,
            "y": n * y,
            "x": n * x,
            "y_y": y_y + n * y * y,
            "x_x": x_x + n * x * x,
            "y_x": y_x + n * y * x,
        }
    control, treatment = found.values()  # effects of some standard errors
    treatment |= {key: control[key] / control["n"] * treatment["n"] * (1 + 1e-4 * (key == "y")) for key in control}
    return found


def as_json(data: dict[str, dict[str, Any]]) -> str:
    """The first few tests, for the peers."""
    return json.dumps(
        [{arm: {key: sums[i] for key, sums in one.items()} for arm, one in data.items()} for i in range(FEW)]
    )


def moments(arm: dict[str, Any], variables: int) -> Moments:
    """From the same sums that the peers get."""
    if variables == 1:
        return Moments.of_sums(arm["n"], arm["y"], arm["y_y"])
    return Moments.of_products(arm["n"], [arm["y"], arm["x"]], [[arm["y_y"], arm["y_x"]], [arm["y_x"], arm["x_x"]]])


def ours(metric: str, data: dict[str, dict[str, Any]]) -> Callable[[], Any]:
    """All tests at once; what the peers' first test gives."""
    control, treatment = (moments(arm, 2 if metric in {"ratio", "CUPED"} else 1) for arm in data.values())
    if metric == "Bayesian":
        return lambda: posterior(compare_means(control, treatment)).chance_to_win
    compare = {"ratio": compare_ratios, "CUPED": compare_adjusted_means}.get(metric, compare_means)
    method = Method(expected_units=5000 if metric == "sequential" else None)
    return lambda: compare(control, treatment, method).p_value


def side_by_side(
    metric: str, names: tuple[str, ...], data: dict[str, dict[str, Any]], text: str, python: str, runs: int
) -> Report:
    """drawloom and the peers in turn, and whether they agree."""
    call = ours(metric, data)
    expected = call()[:FEW]
    costs: dict[str, list[Cost]] = {"drawloom": [], **{name: [] for name in names}}
    notes = [WHAT[metric]]
    for run in range(runs):
        start = time.process_time()
        for _ in range(REPEATS):
            call()
        costs["drawloom"].append(Cost(time.process_time() - start))
        for name in names:
            found = peer(python, name, metric, text)
            if found is None:
                return Report(
                    metric, [Line("drawloom", costs["drawloom"], TESTS * REPEATS)], "test", notes=[*notes, MISSING]
                )
            costs[name].append(Cost(found["cpu"]))
            if not run:
                notes.append(f"{name}: results differ by at most {np.max(np.abs(expected - found['results'])):.1e}")
    lines = [Line(name, found, TESTS * REPEATS if name == "drawloom" else FEW) for name, found in costs.items()]
    return Report(f"Tests: {metric}", lines, "test", "drawloom", notes)


def peer(python: str, name: str, metric: str, text: str) -> dict[str, Any] | None:
    """What a peer costs and finds; None where it is not installed."""
    command = [python, "-W", "ignore", "-m", "bench.experiments_peers", name, metric, str(FEW)]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if "ModuleNotFoundError" in done.stderr:
        return None
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def simulations(runs: int) -> Report:
    """Experiments without an effect, and with a lift of 8 %: 2,000 of each a run, 10,000 with ``--runs 5``."""
    costs, found = [], []
    for seed in range(10, 10 + runs):
        start = time.process_time()
        looks = experiments(SIMULATED, seed)
        found.append([rejections(looks), coverage(looks), widths(looks)])
        costs.append(Cost(time.process_time() - start))
    notes = []
    for title, parts in zip(("rejects", "covers", "width"), zip(*found, strict=True), strict=True):
        notes += [f"{title}: {name}: {np.mean([part[name] for part in parts]):.4f}" for name in parts[0]]
    notes.append(f"rejects: split at .001: {alarms(100_000, 2):.5f}")
    line = Line("experiments of 28 days", costs, SIMULATED)
    return Report(f"Simulations: {runs * SIMULATED:,} experiments", [line], "experiment", notes=notes)
