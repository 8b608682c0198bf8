from __future__ import annotations

import pytest

from drawloom.model import DrawloomError, Fix, Problem, RunError, Where, errors, refuse
from drawloom.model import problem as problems


def test_a_problem_prints_its_place_message_and_fix() -> None:
    problem = Problem("x", "error", "days == 9, must be < 8.", Where("a.sql", 3, 7), Fix("Use 7."))
    assert str(problem) == "a.sql:3:7: days == 9, must be < 8. Use 7."
    assert problem.to_json() == {
        "code": "x",
        "severity": "error",
        "message": "days == 9, must be < 8.",
        "file": "a.sql",
        "line": 3,
        "column": 7,
        "fix": "Use 7.",
    }
    assert str(Problem("x", "info", "A note.")) == "A note."
    assert str(Where(line=2)) == "2"


def test_errors_carry_their_exit_code() -> None:
    error = refuse("bad", "a == 1, must be 2.", fix="Write 2.")
    assert error.exit_code == 2
    assert isinstance(error, DrawloomError)
    assert str(error) == "a == 1, must be 2. Write 2."
    assert RunError(*error.problems).exit_code == 1
    assert errors([*error.problems, Problem("w", "warn", "a warning")]) == error.problems


def test_values_of_the_environment_are_hidden_words_and_numbers_in_paths_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problems, "_hidden", {})
    for value, name in (("data", "DIR"), ("/mnt/s3cret", "ROOT"), ("7", "N"), ("2026", "YEAR"), ("", "NONE")):
        problems.hide(value, name)
    found = Problem(
        "x", "error", "the data of 2026-07-01", Where("/mnt/s3cret/data/a.csv", 7), Fix("Look into data/x7.csv.")
    )
    assert str(found) == "${ROOT}/${DIR}/a.csv:7: the data of 2026-07-01 Look into ${DIR}/x7.csv."
