from __future__ import annotations

from drawloom.model import DrawloomError, Fix, Problem, RunError, Where, errors, refuse


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
