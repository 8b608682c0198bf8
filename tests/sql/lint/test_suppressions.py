"""Comments that silence a rule."""

from __future__ import annotations

import pytest

from drawloom.sql.lint import lint_script
from drawloom.sql.script_reader import read_script


def codes(text: str, dialect: str = "trino") -> list[str]:
    return [problem.code for problem in lint_script(read_script(text, dialect=dialect))]


INSERT = "INSERT INTO o.t SELECT a FROM i WHERE ds = '{{ ds }}'"


def test_finding_without_a_comment() -> None:
    assert codes(INSERT) == ["append"]


@pytest.mark.parametrize(
    "text",
    [
        f"-- drawloom: allow append (an event log)\n{INSERT}",
        f"/* a head */\n\n-- drawloom: allow append (an event log)\n{INSERT}",
        f"{INSERT} -- drawloom: allow append (an event log)",
        f"{INSERT}; -- drawloom: allow append (an event log)",
        INSERT.replace("SELECT", "-- drawloom: allow append (an event log (of ours))\nSELECT"),
        f"--drawloom:allow clock, append (an event log)\n{INSERT}",
    ],
)
def test_comment_silences_its_code(text: str) -> None:
    assert codes(text) == []


def test_comment_at_the_top_silences_the_whole_file() -> None:
    assert codes(f"-- drawloom: allow append (a log)\n{INSERT};\n{INSERT}") == []


def test_comment_elsewhere_silences_one_statement() -> None:
    assert codes(f"SELECT 1;\n-- drawloom: allow append (a log)\n{INSERT};\n{INSERT}") == ["append"]
    assert codes(f"{INSERT}; -- drawloom: allow append (a log)\n{INSERT}") == ["append"]
    assert codes(f"{INSERT};\n{INSERT}\n-- drawloom: allow append (a log)") == ["append"]


def test_comment_silences_no_other_code() -> None:
    assert codes(f"-- drawloom: allow clock (no)\n{INSERT}") == ["append"]


@pytest.mark.parametrize(
    "comment", ["-- drawloom: allow append", "-- drawloom: allow append ()", "-- drawloom: allow (why)"]
)
def test_comment_without_reason_or_code_is_a_problem(comment: str) -> None:
    text = f"SELECT 1;\n  {comment}\n{INSERT}"
    problems = lint_script(read_script(text, dialect="trino"))
    assert [(problem.code, str(problem.where)) for problem in problems] == [("bad-allow", "2:3"), ("append", "3:13")]
    assert problems[0].severity == "warn"


def test_unknown_code_suggests_the_nearest() -> None:
    problem, *_ = lint_script(read_script(f"-- drawloom: allow apend (a log)\n{INSERT}", dialect="trino"))
    assert problem.message == "allow == 'apend', must be the code of a rule."
    assert problem.fix is not None
    assert problem.fix.title == "Write append."


def test_comment_inside_a_string_is_ignored() -> None:
    assert codes("SELECT '-- drawloom: allow nonsense'") == []


def test_comment_inside_a_template_loop() -> None:
    text = "{% for t in ['a', 'b'] %}\nINSERT INTO o.{{ t }} SELECT 1; -- drawloom: allow append (both)\n{% endfor %}"
    assert codes(text) == []
