"""The page: every choice can be drawn, and the verdict says what the numbers mean."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from drawloom.frameworks.experiments.spec import Experiment
from drawloom.frameworks.experiments.verdict import Judge
from drawloom.frameworks.page import DataTable
from drawloom.run.pages import load_page
from drawloom.run.project import Project
from tests.frameworks.experiments.conftest import SPECS

CHOICES: list[dict[str, str]] = [
    {},
    {"cut": "country", "effect": "absolute"},
    {"cut": "product"},
    {"cut": "activation", "metric": "wait_median"},
    {"as_of": "2026-03-05"},
]


@pytest.mark.parametrize("choices", CHOICES, ids=str)
def test_every_choice_is_drawn(lab: Project, choices: dict[str, str]) -> None:
    page = load_page(lab, "exact", choices)
    blocks = {block.name: rows for block, rows in page.blocks}
    assert set(blocks) == {"results", "effects", "metrics", "health", "days", "exposures"}
    assert len(blocks["results"]) >= 6
    assert {row["check"] for row in blocks["health"]} >= {"sample-ratio", "full-week"}
    assert sum(row["variant_0"] + row["variant_1"] for row in blocks["exposures"]) == page.facts[0].value


def test_the_verdict_is_told_what_health_asks_to_wait_for(lab: Project) -> None:
    page = load_page(lab, "exact", {"as_of": "2026-03-05"}).page
    assert page.verdict
    rows = lab.query(page.verdict.query).to_pylist()
    assert {row["early"] for row in rows} == {"2 of 7 days: weekdays differ, so wait for a whole week"}


def test_days_without_results_are_said(lab: Project) -> None:
    late, early = (load_page(lab, "exact", {"as_of": day}).verdict for day in ("2027-01-01", "2020-01-01"))
    assert late is not None
    assert "the last day: these are the final ones." in late.text
    assert early is not None
    assert early.text == "The experiment begins on 2026-03-04, after 2020-01-01: there are no results of that day."


def test_metrics_have_roles_directions_and_subjects_and_facts_say_the_plan(lab: Project) -> None:
    page = load_page(lab, "exact", {})
    blocks = {block.name: rows for block, rows in page.blocks}
    assert {row["role"] for row in blocks["metrics"]} >= {"goal", "guardrail"}
    assert {row["wanted"] for row in blocks["metrics"]} <= {"higher", "lower", "either"}
    assert all(row["n_baseline"] > 0 and row["n_variant"] > 0 for row in blocks["metrics"])
    assert {row["tone"] for row in blocks["results"]} <= {"better", "worse", ""}
    facts = {one.fact.label: one for one in page.facts}
    assert "of traffic" in facts["results of"].fact.note
    assert facts["p of the split"].value is not None
    labels = [column.label for block, _ in page.blocks if isinstance(block, DataTable) for column in block.columns]
    assert {"treatment, adjusted", "treatment, raw mean"} <= set(labels)


def test_a_bayesian_page_and_the_page_of_metrics(lab: Project) -> None:
    blocks = {block.name: rows for block, rows in load_page(lab, "include", {}).blocks}
    assert all(row["p"] for row in blocks["results"])
    page = load_page(lab, "rides", {"metric": "wait_median"})
    assert page.verdict is not None
    assert page.verdict.text.startswith(
        f"{page.facts[0].value:,.6g} on 2026-03-12, of {page.facts[1].value} subjects, "
    )
    assert {row["definition"] for block, rows in page.blocks if block.name == "metrics" for row in rows} >= {
        "count where status = 'completed'",
        "fare / rides",
        "0.5 quantile of wait_seconds",
    }


def row(metric: str = "rides", **more: Any) -> dict[str, Any]:
    return {
        "ds": date(2026, 3, 10), "metric": metric, "role": "goal", "higher_is": "better", "variant": "treatment", "n_baseline": 900,
        "n_variant": 900, "effect": 0.2, "effect_relative": 0.1, "ci_low_relative": 0.05, "ci_high_relative": 0.15,
        "p_value": 0.001, "p_adjusted": 0.002, "sequential_p": 0.01, "chance_to_win": None, "reason": None,
        "broken": None, "detail": None, "early": None, **more,
    }  # fmt: skip


NOTHING: dict[str, Any] = {"p_value": 0.4, "p_adjusted": 0.8, "sequential_p": 1.0}
VERDICTS: dict[str, tuple[list[dict[str, Any]], str, str]] = {
    "nobody": ([row(n_baseline=0, n_variant=0)], "Nobody was exposed yet.", "unknown"),
    "broken": (
        [row(broken="sample-ratio", detail="900 control, 1,200 treatment")],
        "Broken: the variants are not split as planned (900 control, 1,200 treatment). Do not read the results before that is mended.",
        "bad",
    ),
    "ship": ([row()], "Ship treatment: rides of treatment +10.0% (+5.0% to +15.0%).", "good"),
    "worse": (
        [row(effect=-0.2, effect_relative=-0.1, ci_low_relative=None)],
        "Do not ship: rides of treatment -10.0%.",
        "bad",
    ),
    "guardrail": (
        [row(), row("longest", role="guardrail", higher_is="worse", effect_relative=None)],
        "Do not ship: longest of treatment +0.2.",
        "bad",
    ),
    "a lower guardrail": (
        [row(**NOTHING), row("longest", role="guardrail", higher_is="worse", effect=-3.0)],
        "No effect on rides and fare was found; the experiment is over.",
        "neutral",
    ),
    "secondary": ([row(**NOTHING), row("rode", role="secondary", effect=-1)], "No effect", "neutral"),
    "too early": (
        [row(ds=date(2026, 3, 6), sequential_p=0.2)],
        "Keep running until 2026-03-10: nothing is certain on rides and fare yet.",
        "unknown",
    ),
    "before a whole week": (
        [row(ds=date(2026, 3, 6), early="3 of 7 days: weekdays differ, so wait for a whole week")],
        "Too early: 3 of 7 days: weekdays differ, so wait for a whole week. So far rides of treatment +10.0% (+5.0% to +15.0%), which is better.",
        "unknown",
    ),
    "harm before a whole week": (
        [row(ds=date(2026, 3, 6), effect=-0.2, effect_relative=-0.1, early="3 of 7 days: wait")],
        "Too early: 3 of 7 days: wait. So far rides of treatment -10.0% (+5.0% to +15.0%), which is worse.",
        "bad",
    ),
    "over before a whole week": ([row(early="3 of 7 days: wait")], "Ship treatment", "good"),
    "early and sure": ([row(ds=date(2026, 3, 6))], "Ship treatment", "good"),
    "neutral": ([row(higher_is="neutral")], "No effect", "neutral"),
    "unknown": (
        [row(p_value=None, p_adjusted=None, sequential_p=None, reason="zero-variance")],
        "No effect",
        "neutral",
    ),
}


@pytest.mark.parametrize("case", VERDICTS.values(), ids=VERDICTS)
def test_verdicts(case: tuple[list[dict[str, Any]], str, str]) -> None:
    rows, text, tone = case
    judgement = Judge(Experiment.model_validate(as_spec("exact")))(rows)
    assert judgement.text.startswith(text)
    assert judgement.tone == tone


def test_a_bayesian_verdict_goes_by_the_chance_to_win() -> None:
    judge = Judge(Experiment.model_validate(as_spec("include")))
    assert judge([row(p_value=None, chance_to_win=0.99)]).text.startswith("Ship treatment")
    assert judge([row(p_value=None, chance_to_win=0.5)]).text.startswith("No effect")


def as_spec(name: str) -> dict[str, Any]:
    from datetime import date as day

    return {
        **SPECS[name],
        "start": day.fromisoformat(SPECS[name]["start"]),
        "end": day.fromisoformat(SPECS[name]["end"]),
    }


LOOKS: dict[str, tuple[dict[str, Any], str]] = {
    "no look": ({"ds": date(2026, 3, 5), "sequential_p": None}, "No look is planned on 2026-03-05: wait for that on 2026-03-06."),
    "a fixed p-value is not looked at": (
        {"ds": date(2026, 3, 5), "sequential_p": None, "p_value": 1e-9},
        "No look is planned on 2026-03-05: wait for that on 2026-03-06.",
    ),
    "first look": ({"ds": date(2026, 3, 6), "sequential_p": 0.06}, "Keep running until 2026-03-08: nothing is certain"),
    "sure at a look": ({"ds": date(2026, 3, 6), "sequential_p": 0.04}, "Ship treatment"),
    "last look": ({"ds": date(2026, 3, 8), "sequential_p": 0.06, "p_adjusted": 0.001}, "No effect on rides and fare was found"),
    "after it": ({"ds": date(2026, 3, 9), "sequential_p": None, "p_adjusted": 0.001}, "No effect on rides and fare was found"),
}  # fmt: skip


@pytest.mark.parametrize("case", LOOKS.values(), ids=LOOKS)
def test_verdicts_of_planned_looks_go_by_their_bounds_alone(case: tuple[dict[str, Any], str]) -> None:
    spec = {**as_spec("exact"), "statistics": {"sequential": {"n": 1000, "looks": [3, 5]}}}
    assert Judge(Experiment.model_validate(spec))([row(**case[0])]).text.startswith(case[1])
