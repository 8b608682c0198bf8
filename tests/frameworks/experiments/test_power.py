"""Planning from history, and what remains of a running experiment: the numbers are those of rows counted in Python."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from drawloom.frameworks.base import frameworks
from drawloom.frameworks.commands import Command
from drawloom.frameworks.experiments.wanted import Wanted
from drawloom.frameworks.page import Row
from drawloom.model import InputError
from drawloom.run.pages import PageData, load_command
from drawloom.run.project import Project
from drawloom.statistics import Method, Moments, minimum_detectable_effect, units_needed
from tests.frameworks.experiments.rides import DAYS, LAST, rows

RIDES = rows()["core.rides"]


def power_command() -> Command:
    commands = frameworks()["experiment"].commands
    assert commands
    assert commands.name == "experiments"
    return commands.commands[0]


def power(project: Project, name: str, **texts: str) -> PageData:
    return load_command(project, power_command(), name, texts)


def table(data: PageData) -> list[Row]:
    return list(data.blocks[0][1])


def text(data: PageData) -> str:
    assert data.verdict
    return data.verdict.text


def fares(days: int, last: date = LAST) -> tuple[dict[str, date], dict[str, float], dict[str, float]]:
    """Of the riders of so many days: when they were first seen, their fares from then on, and in the three days before."""
    start = last - timedelta(days=days - 1)
    seen: dict[str, date] = {}
    for row in sorted(RIDES, key=lambda row: row["ds"]):
        if start <= row["ds"] <= last and row["rider_id"]:
            seen.setdefault(row["rider_id"], row["ds"])
    after, before = defaultdict[str, float](float), defaultdict[str, float](float)
    for row in RIDES:
        first = seen.get(row["rider_id"])
        if first and row["status"] == "completed":
            since = (row["ds"] - first).days
            after[row["rider_id"]] += float(row["fare"]) if since >= 0 and row["ds"] <= last else 0
            before[row["rider_id"]] += float(row["fare"]) if -3 <= since < 0 else 0
    return seen, after, before


@pytest.mark.parametrize("days", [4, 9])
def test_a_plan_is_made_of_the_days_before(lab: Project, days: int) -> None:
    (row,) = table(power(lab, "fare", days=str(days), pre_period="0"))
    seen, after, _ = fares(days)
    values = [after[rider] for rider in seen]
    assert (row["subjects"], row["mean"]) == (len(values), pytest.approx(np.mean(values)))
    found = float(minimum_detectable_effect(np.var(values, ddof=1), len(values)))
    assert row["detectable_absolute"] == pytest.approx(found)
    assert row["detectable"] == pytest.approx(found / np.mean(values))
    assert row["detectable_daily"] > row["detectable"], "looking every day costs something"


def test_days_before_reduce_variance(lab: Project) -> None:
    (row,) = table(power(lab, "rides.fare", days="5", pre_period="3d", power="90%", alpha="0.1"))
    seen, after, before = fares(5)
    y, x = (np.array([values[rider] for rider in seen]) for values in (after, before))
    theta = np.cov(y, x)[0, 1] / np.var(x, ddof=1)
    expected = minimum_detectable_effect(np.var(y - theta * x, ddof=1), len(y), 0.9, Method(alpha=0.1))
    assert row["detectable_absolute"] == pytest.approx(float(expected))


def test_ratios_are_planned_like_anything_else(lab: Project) -> None:
    (row,) = table(power(lab, "fare_per_ride", days="6", pre_period="0"))
    seen, after, _ = fares(6)
    counts: dict[str, int] = defaultdict(int)
    for ride in RIDES:
        if ride["rider_id"] in seen and ride["status"] == "completed" and seen[ride["rider_id"]] <= ride["ds"]:
            counts[ride["rider_id"]] += 1
    arm = Moments.of_values([after[r] for r in seen], [counts[r] for r in seen])
    n, (fare, count) = arm.n, arm.mean
    ratio = fare / count
    (vy, cov), (_, vd) = arm.covariance
    variance = (vy - 2 * ratio * cov + ratio**2 * vd) / count**2
    assert row["mean"] == pytest.approx(ratio)
    assert row["detectable_absolute"] == pytest.approx(float(minimum_detectable_effect(variance, n)))


def test_an_effect_takes_units_and_the_days_that_bring_them(lab: Project) -> None:
    data = power(lab, "fare", days="4,8", pre_period="0", effect="60%")
    seen, after, _ = fares(4)
    values = [after[rider] for rider in seen]
    needed = int(units_needed(0.6 * np.mean(values), np.var(values, ddof=1)))
    arrived = [sum(day <= LAST - timedelta(days=3 - n) for day in seen.values()) for n in range(4)]
    if needed <= arrived[-1]:
        days = next(n for n, count in enumerate(arrived, 1) if count >= needed)
        assert f"fare takes {needed} subjects, {days} day" in text(data)
    assert data.verdict
    hopeless = power(lab, "fare", days="4,8", pre_period="0", effect="0.01")
    assert hopeless.verdict
    assert hopeless.verdict.tone == "bad"
    assert "more than 8 days bring." in hopeless.verdict.text
    assert all(0 < row["power"] < 0.1 for row in table(hopeless))
    steady = power(lab, "fare", days="4,8", pre_period="0", effect="1%", per_day="1000000", traffic="0.5", share="20%")
    assert steady.verdict
    assert steady.verdict.tone == "good"
    assert [row["subjects"] for row in table(steady)] == [2_000_000, 4_000_000]


def test_a_plan_may_count_those_only_who_did_something(lab: Project) -> None:
    rode = {
        row["rider_id"] for row in RIDES if row["status"] == "completed" and row["rider_id"] and row["ds"] > DAYS[-3]
    }
    (row,) = table(power(lab, "fare", days="2", seen_by="rode", pre_period="0"))
    assert row["subjects"] == len(rode)
    (window,) = table(power(lab, "fare", days="8", window="2", pre_period="0"))
    (whole,) = table(power(lab, "fare", days="8", pre_period="0"))
    assert window["mean"] < whole["mean"]


def test_several_metrics_and_quantiles_on_one_page(lab: Project) -> None:
    data = power(lab, "rides, wait_median,longest,rode", days="6,11", effect="20%", as_of="2026-03-11")
    assert [(row["metric"], row["days"]) for row in table(data)] == [
        (name, days) for name in ("rides", "wait_median", "longest", "rode") for days in (6, 11)
    ]
    assert all(row["detectable"] > 0 for row in table(data) if row["metric"] != "rode")
    assert text(data).endswith(" Nothing is known of rode: zero-variance.")
    assert text(power(lab, "rode", days="6")) == "Nothing is known of rode: zero-variance."
    assert text(power(lab, "rode", days="6", effect="1%")) == "Nothing is known of rode: zero-variance."
    assert {row["label"] for row in data.blocks[1][1]} >= {"rides 6 days", "longest 11 days"}
    assert data.page.blocks[1].compute


def test_an_experiment_without_results_is_planned_by_its_spec(lab: Project) -> None:
    data = power(lab, "exact", as_of="2026-03-03", days="3")
    assert data.page.title == "exact, as it is planned"
    found = {row["metric"]: row for row in table(data)}
    assert set(found) == {"rides", "fare", "fare_per_ride", "rode", "longest", "wait_median"}
    seen, after, _ = fares(3, date(2026, 3, 3))
    assert found["fare"]["subjects"] == int(0.4 * len(seen)), "its traffic"
    assert found["fare"]["mean"] <= np.mean([after[rider] for rider in seen]), "its cap"


def test_a_running_experiment_says_what_remains(lab: Project) -> None:
    day = date(2026, 3, 6)
    data = power(lab, "exact", as_of=str(day), effect="10%")
    assert data.page.title == "exact: 2 days of exposures to come after 2026-03-06"
    stored = {
        row["metric"]: row
        for row in lab.query(f"SELECT * FROM experiments.exact WHERE ds = DATE '{day}' AND cut = ''").to_pylist()
    }
    first = lab.query(
        "SELECT n_baseline + n_variant AS n FROM experiments.exact WHERE ds = DATE '2026-03-04' AND metric = 'fare' AND cut = ''"
    )
    for row in table(data):
        result = stored[row["metric"]]
        n = result["n_baseline"] + result["n_variant"]
        assert row["subjects"] == n
        assert row["per_day"] == (n - first["n"][0].as_py()) / 2
        if result["se_relative"] is not None:
            z = row["detectable"] / result["se_relative"]
            assert z == pytest.approx(1.959963984540054 + 0.8416212335729143, abs=1e-5)
            shrunk = math.sqrt(n / (n + 2 * row["per_day"]))
            assert row["detectable_at_end"] == pytest.approx(row["detectable"] * shrunk)
            width = result["ci_high_relative"] - result["ci_low_relative"]
            assert row["high_at_end"] - row["low_at_end"] == pytest.approx(width * shrunk)
    assert "rides: effects are found from " in text(data)
    assert "; 10% takes " in text(data)
    labels = [row["label"] for row in data.blocks[1][1]]
    assert labels[:2] == ["rides now", "rides then"]


def test_the_first_day_and_the_day_after_the_last(lab: Project) -> None:
    assert power(lab, "exact", as_of="2026-03-04").verdict
    over = power(lab, "include")
    assert text(over).startswith("No exposures are to come. rides: effects are found from ")
    assert "at the end" not in text(over)


def test_an_effect_that_the_interval_excludes_is_not_waited_for(lab: Project) -> None:
    from drawloom.frameworks.experiments.remaining import Remaining
    from drawloom.frameworks.experiments.spec import Experiment
    from tests.frameworks.experiments.test_page import as_spec

    spec = Experiment.model_validate(as_spec("exact"))
    day = date(2026, 3, 7)
    row: dict[str, Any] = {
        "metric": "rides", "role": "goal", "variant": "treatment", "mean_baseline": 3.0, "standard_error": 0.3,
        "effect_relative": 0.0, "se_relative": 0.01, "ci_low_relative": -0.02, "ci_high_relative": 0.019,
    }  # fmt: skip
    before = {**row, "ds": date(2026, 3, 6), "n_baseline": 490, "n_variant": 500}
    now = {**row, "ds": day, "n_baseline": 500, "n_variant": 500}
    remaining = Remaining(spec, day, 0.8, Wanted.of("0.15"))
    judgement = remaining._judge([before, now])
    assert judgement.tone == "bad"
    assert "0.15 can be found now" in judgement.text
    assert "even -2.0%, the largest effect in its interval, takes 97 more days." in judgement.text
    assert remaining.rows([before, now])[0]["days_for_farthest"] == math.ceil((((1.96 + 0.8416) / 2) ** 2 - 1) * 100)
    stopped = remaining._judge([{**before, "n_baseline": 500}, now])
    assert "even -2.0%, the largest effect in its interval, is out of reach." in stopped.text
    nothing = remaining._judge([{**now, "se_relative": None, "ci_low_relative": None, "mean_baseline": 0.0}])
    assert nothing.text == "rides: nothing is known yet."


@pytest.mark.parametrize(
    ("name", "texts", "message"),
    [
        ("fair", {}, "metric == fair, must be an experiment, or a metric of a metrics spec. Did you mean fare?"),
        ("exct", {}, "metric == exct, must be an experiment, or a metric of a metrics spec. Did you mean exact?"),
        ("fare,rids", {}, "metric == rids, must be an experiment"),
        ("fare", {"effect": "0"}, "--effect == '0', must be a percentage of the mean, like 3%, or a number"),
        ("fare", {"effect": "much"}, "--effect == 'much', must be"),
        ("fare", {"subject": "driver"}, "subject == driver, must be a type of subject of rides, whose metrics are used. Did you mean rider?"),
        ("fare", {"seen_by": "rood"}, "metric == rood, must be one of a metrics spec."),
        ("fare", {"as_of": "2026-02-01"}, "metrics.rides has no partition up to 2026-02-01, and so no history. drawloom run rides"),
        ("fare", {"as_of": "2027-02-01"}, "--as-of == 2027-02-01, must be a day that metrics.rides has: its last one is 2026-03-12."),
        ("fare", {"days": "13,20"}, "--days == 13, must be at most 12: the history begins on 2026-03-01."),
        ("fare", {"days": "7,400"}, "--days == 400, must be at most 366."),
        ("exact", {"alpha": "0.1", "window": "3"}, "--window, --alpha must be left out: exact has results"),
        ("fare", {"as_of": "today"}, "--as-of == 'today', must be a day like 2026-01-31."),
        ("fare", {"as_of": "2026-02-30"}, "--as-of == '2026-02-30', must be a day"),
        ("fare", {"days": "7,x"}, "--days == '7,x', must be whole numbers from 1 on, like 7,14,28."),
        ("fare", {"pre_period": "-1"}, "--pre-period == '-1', must be a whole number from 0 on"),
        ("fare", {"power": "1"}, "--power == '1', must be a number between 0 and 1, or a percentage"),
        ("fare", {"subject": " "}, "--subject == ' ', must be a text."),
    ],
)  # fmt: skip
def test_what_cannot_be_planned_is_refused(lab: Project, name: str, texts: dict[str, str], message: str) -> None:
    with pytest.raises(InputError) as refused:
        power(lab, name, **texts)
    told = [f"{p.message} {p.fix.title if p.fix else ''}" for p in refused.value.problems]
    assert any(message in one for one in told), told
    assert not any(p.where.file for p in refused.value.problems)


def test_durations_beyond_the_history_are_left_out(lab: Project) -> None:
    assert {row["days"] for row in table(power(lab, "fare"))} == {7}
