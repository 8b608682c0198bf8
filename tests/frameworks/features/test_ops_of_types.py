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
