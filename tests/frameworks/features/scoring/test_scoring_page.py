"""What the page of a set says of its model's scores: their mean by day, and whether what they say has happened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from drawloom.frameworks.features import Features
from drawloom.frameworks.features.page import features_page
from drawloom.frameworks.page import Chart
from drawloom.model import InputError
from drawloom.run.pages import load_page
from drawloom.run.project import Project
from tests.frameworks.features.scoring.rides import ACTIVITY, DAYS, SCORING, compile_steps, run, write_project

LABELS = "labels:\n  back: {horizon: 1d}\n  spent: {op: sum, value: fare, horizon: 1d}\n"


def charts(root: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of each chart of the page of the set."""
    with Project.load(root) as project:
        page = load_page(project, "activity", {})
        return {block.name: [dict(row) for row in rows] for block, rows in page.blocks if isinstance(block, Chart)}


def test_scores_are_compared_with_what_happened_once_the_horizon_is_over(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project", LABELS + SCORING)
    assert run(root).exit_code == 0
    drawn = charts(root)
    assert [row["ds"] for row in drawn["scores"]] == DAYS
    assert drawn["scores"][0]["score"] == pytest.approx((0.5 + 0.5 + 1 + 1) / 4)
    # Riders 1 and 3 rode on the second day, rider 3 on the third; who rode less is predicted to ride more.
    assert [(round(row["score"], 3), row["happened"]) for row in drawn["calibration"]] == [
        (0.333, 0), (0.5, 1), (0.5, 0), (0.5, 0), (0.5, 1), (1, 1), (1, 0), (1, 0)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "more", "is_drawn"),
    [
        ("", "", False),
        ("labels: {spent: {op: sum, value: fare, horizon: 1d}}", "", False),
        ("labels: {back: {horizon: 1d}, soon: {horizon: 2d}}", "", False),
        ("labels: {back: {horizon: 1d}, soon: {horizon: 2d}}", "  label: soon\n", True),
        ("labels: {back: {horizon: 1d}}", "", True),
    ],
)
def test_the_label_is_the_one_that_is_named_or_the_only_one(labels: str, more: str, is_drawn: bool) -> None:
    spec = Features(**yaml.safe_load(f"{ACTIVITY}{labels}\n{SCORING}{more}"))
    blocks = [block.name for block in features_page(spec, {}).blocks]
    assert ("calibration" in blocks) == is_drawn
    assert "scores" in blocks


@pytest.mark.parametrize(("label", "fix"), [("bak", "Did you mean back?"), ("spent", "There are: back.")])
def test_a_label_must_be_there_and_say_whether_something_happened(tmp_path: Path, label: str, fix: str) -> None:
    with pytest.raises(
        InputError, match=rf"scoring.label == {label}, must be one of `labels` with `op: any`"
    ) as caught:
        compile_steps(tmp_path, LABELS + SCORING.replace("log_inputs: true", f"label: {label}"))
    assert fix in str(caught.value)
