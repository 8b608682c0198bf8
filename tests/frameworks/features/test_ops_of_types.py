"""Ops that the type of the values cannot have are refused at the ops, before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from drawloom.run.project import Project
from tests.frameworks.features.scoring.rides import ACTIVITY, SETTINGS, write


@pytest.mark.parametrize(
    ("value", "op", "type_name"),
    [("city", "avg", "VARCHAR"), ("upper(city)", "sum", "VARCHAR"), ("CAST(at AS DATE)", "stddev", "DATE")],
)
def test_ops_must_be_those_that_the_values_can_have(tmp_path: Path, value: str, op: str, type_name: str) -> None:
    write(tmp_path / "drawloom.yml", SETTINGS)
    write(
        tmp_path / "specs" / "activity.yml",
        ACTIVITY.replace("value: fare, ops: [sum]", f"value: {value!r}, ops: [max, {op}]"),
    )
    with Project.load(tmp_path) as project:
        (problem,) = [one for one in project.compiled.problems if one.severity == "error"]
    message = f"measures.fare.ops == {op}, must be ops that {type_name} can have: count, min, max, first, last"
    assert message in problem.message
    assert (Path(problem.where.file or "").name, problem.where.line) == ("activity.yml", 8)


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("{op: sum, value: city, horizon: 1d}", "labels.next.value == city, must be a number to be added up, and is VARCHAR"),
        ("{where: \"citty = 'sf'\", horizon: 1d}", "column == citty, must be a column of the tables that it is read from"),
        ("{op: count, value: fares, horizon: 1d}", "column == fares, must be a column of the tables that it is read from"),
        ("{op: sum, value: fare, horizon: 1d}", ""),
        ("{where: \"city = 'sf'\", horizon: 1d}", ""),
    ],
)  # fmt: skip
def test_labels_are_bound_before_a_training_set_needs_them(tmp_path: Path, label: str, message: str) -> None:
    write(tmp_path / "drawloom.yml", SETTINGS)
    write(tmp_path / "specs" / "activity.yml", f"{ACTIVITY}labels:\n  next: {label}\n")
    with Project.load(tmp_path) as project:
        problems = [one for one in project.compiled.problems if one.severity == "error"]
    line = (ACTIVITY + "labels:\n").count("\n") + 1
    assert [one.message.startswith(message) for one in problems] == ([True] if message else [])
    assert all(one.where.line == line for one in problems)


def test_a_label_does_not_change_what_is_computed(tmp_path: Path) -> None:
    write(tmp_path / "drawloom.yml", SETTINGS)
    codes = []
    for labels in ("", "labels: {next: {horizon: 1d}}\n"):
        write(tmp_path / "specs" / "activity.yml", ACTIVITY + labels)
        with Project.load(tmp_path) as project:
            codes.append([step.fingerprint for pipeline in project.pipelines for step in pipeline.steps])
    assert codes[0] == codes[1]
