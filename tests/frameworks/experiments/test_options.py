"""Windows of single metrics, strata and planned looks: what comes out is what the library says of rows counted in Python."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from drawloom.run.project import Project
from drawloom.statistics import Moments, compare_proportions, compare_stratified, look_bounds, repeated_p
from tests.frameworks.experiments.reference import Reference
from tests.frameworks.experiments.rides import END, METRICS, START, experiment, rows, write_project

TABLES = rows()
WINDOWS = {"rides": {"delay": 1, "window": 1}, "fare": {"window": 4}, "fare_per_ride": {"window": 3}}
LOOKS = [3, 5, 9]
SPEC = experiment(
    "exact",
    exposure_day="exact",
    window=2,
    windows=WINDOWS,
    pre_period=3,
    cuts=["country"],
    cap={"fare": {"percentile": 0.9}},
    statistics={"post_stratify": "country", "sequential": {"n": 100, "looks": LOOKS, "spending": "pocock"}},
)
LAST = END + timedelta(days=4)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    root = write_project(tmp_path_factory.mktemp("options") / "project", {"rides.yml": METRICS, "exact.yml": SPEC})
    with Project.load(root) as project:
        assert not project.check()
        assert project.run().exit_code == 0
        yield project


def reference(metric: str, day: date = LAST) -> Reference:
    """What a metric comes out at, in its own window."""
    return Reference({**SPEC, "delay": 0, **WINDOWS.get(metric, {"window": 2})}, TABLES, day)


def results(project: Project, day: date) -> dict[str, dict[str, Any]]:
    found = project.query(f"SELECT * FROM experiments.exact WHERE ds = DATE '{day}' AND cut = ''").to_pylist()
    return {row["metric"]: row for row in found}


def test_the_last_window_to_close_ends_the_experiment(lab: Project) -> None:
    (last,) = lab.query("SELECT max(ds) AS ds FROM experiments.exact")["ds"].to_pylist()
    assert last == LAST


@pytest.mark.parametrize("metric", ["rides", "fare", "rode", "longest"])
def test_each_metric_counts_in_its_own_window(lab: Project, metric: str) -> None:
    found = lab.query(f"SELECT * FROM experiments.exact_statistics WHERE ds = DATE '{LAST}' AND metric = '{metric}'")
    assert found.num_rows >= 8
    expected = reference(metric).moments()
    for row in found.to_pylist():
        numbers = expected[metric, row["variant"], row["cut"], row["cut_value"]]
        assert {key: row[key] for key in numbers} == pytest.approx(numbers, rel=1e-9, abs=1e-7)


def test_both_parts_of_a_ratio_have_the_window_of_the_ratio(lab: Project) -> None:
    query = (
        f"SELECT * FROM experiments.exact_statistics WHERE ds = DATE '{LAST}' AND metric = 'fare_per_ride' AND cut = ''"
    )
    of_ratio = reference("fare_per_ride")
    for row in lab.query(query).to_pylist():
        units = [unit for unit in of_ratio.units() if unit.variant == row["variant"]]
        assert row["mean_denominator"] == pytest.approx(np.mean(of_ratio.values(units, "rides")[0]))
        assert row["mean"] == pytest.approx(np.mean(of_ratio.capped(units, "fare")[0])), "its cap holds in all windows"


def strata(metric: str, variant: str, *, day: date = LAST) -> Moments:
    """The moments of each country's units, along the last axis: values, then those before."""
    found = reference(metric, day)
    units = [unit for unit in found.units() if unit.variant == variant]
    countries = sorted({unit.country for unit in found.units()})
    groups = [
        Moments.of_values(*found.capped([u for u in units if u.country == country], metric)) for country in countries
    ]
    return Moments(*(np.stack([getattr(group, field) for group in groups]) for field in ("n", "mean", "comoments")))


@pytest.mark.parametrize("metric", ["rides", "fare", "longest"])
def test_effects_are_means_of_those_of_strata(lab: Project, metric: str) -> None:
    row = results(lab, LAST)[metric]
    expected = compare_stratified(strata(metric, "control"), strata(metric, "treatment"), "adjusted-mean")
    for name in ("effect", "standard_error", "p_value", "effect_relative", "se_relative", "ci_low_relative"):
        assert row[name] == pytest.approx(float(getattr(expected, name)), rel=1e-7), name


def test_few_shares_keep_their_exact_p_value(lab: Project) -> None:
    found = reference("rode")
    arms = []
    for variant in ("control", "treatment"):
        values = found.values([unit for unit in found.units() if unit.variant == variant], "rode")[0]
        arms.append(Moments.of_counts(len(values), sum(values)))
    assert results(lab, LAST)["rode"]["p_value"] == pytest.approx(float(compare_proportions(arms[0], arms[1]).p_value))


def information(day: date) -> list[float]:
    """The shares of 100 subjects that were exposed up to each look, as known on a day."""
    first = [unit.first.date() for unit in reference("fare", day).units()]
    looks = [START + timedelta(days=days - 1) for days in LOOKS]
    return [sum(on <= look for on in first) / 100 for look in looks if look <= day]


@pytest.mark.parametrize("look", [1, 2, 3])
def test_intervals_of_looks_are_those_of_their_bounds(lab: Project, look: int) -> None:
    day = START + timedelta(days=LOOKS[look - 1] - 1)
    times = sorted(set(information(day)))
    is_last = look == len(LOOKS)
    bound = look_bounds(times, 0.05, spending="pocock", is_last=is_last).z[-1]
    for row in results(lab, day).values():
        if row["standard_error"]:
            assert row["sequential_low"] == pytest.approx(row["effect"] - bound * row["standard_error"])
            assert row["sequential_high"] == pytest.approx(row["effect"] + bound * row["standard_error"])
            z = row["effect"] / row["standard_error"]
            assert row["sequential_p"] == pytest.approx(float(repeated_p(z, times, "pocock", is_last=is_last)))
            assert (row["sequential_p"] < 0.05) == (abs(z) > bound)


def test_other_days_have_no_intervals_for_all_looks(lab: Project) -> None:
    found = lab.query("SELECT ds, count(sequential_p) AS n FROM experiments.exact GROUP BY ds ORDER BY ds").to_pylist()
    days = [START + timedelta(days=days - 1) for days in LOOKS]
    assert [row["ds"] for row in found if row["n"]] == days
    assert len(found) > len(days)


def test_looks_beyond_what_was_expected_have_spent_everything() -> None:
    from drawloom.frameworks.experiments.looks import fill_look
    from drawloom.statistics import compare_means

    found = compare_means(Moments.of([60, 60], [1, 2], [50, 50]), Moments.of([60, 60], [1.4, 2.1], [60, 40]))
    settings = {"looks": [1, 2, 3], "alpha": 0.05, "spending": "power"}

    def low(*shares: float) -> Any:
        columns = {name: np.full(2, np.nan) for name in ("sequential_low", "sequential_high", "sequential_p")}
        planned = {"treatment": shares} if shares else None
        fill_look(columns, [0, 1], found, ["treatment"] * 2, {**settings, "planned": planned})
        return columns["sequential_low"]

    for shares, times, is_last in [((0.5, 1.2), [0.5, 1.0], False), ((0.0, 0.4), [0.4], False), ((0.4, 0.6, 1.2), [0.4, 0.6, 1.2], True)]:  # fmt: skip
        bound = look_bounds(times, is_last=is_last).z[-1]
        np.testing.assert_allclose(low(*shares), found.effect - bound * found.standard_error)
    assert np.isnan(low(1.0, 1.3)).all(), "everything was spent at the look before"
    assert np.isnan(low(0.0)).all(), "nobody has come"
    assert np.isnan(low()).all(), "no look is planned"
