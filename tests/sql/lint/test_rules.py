"""Every rule on its golden texts: the places of its findings, their messages, the fixed text."""

from __future__ import annotations

import pytest

from drawloom.sql.lint import apply_fixes, list_rules
from tests.sql.lint.golden import Case, cases

CASES = cases()
FIXED = [case for case in CASES if case.fixed is not None]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_places_and_messages(case: Case) -> None:
    found = case.problems()
    assert [str(problem.where) for problem in found] == case.places
    if "message" in case.head:
        assert found[0].message == case.head["message"]
    if "severity" in case.head:
        assert found[0].severity == case.head["severity"]
    if "fix" in case.head:
        assert found[0].fix is not None
        assert found[0].fix.title == case.head["fix"]


@pytest.mark.parametrize("case", FIXED, ids=lambda case: case.name)
def test_fix_gives_expected_text(case: Case) -> None:
    fixed = apply_fixes(case.text, case.problems(), unsafe=True)
    assert fixed == case.fixed


@pytest.mark.unmeasured
@pytest.mark.parametrize("case", [case for case in CASES if case.places], ids=lambda case: case.name)
def test_every_finding_has_a_fix(case: Case) -> None:
    for problem in case.problems():
        assert problem.fix is not None
        assert problem.fix.title.endswith(".")
        assert problem.message.endswith(".")
        assert "{" not in problem.message.replace("{{ ds }}", "").replace("${", "")


def test_every_rule_has_golden_texts_with_and_without_findings() -> None:
    firing = {case.code for case in CASES if case.places}
    quiet = {case.code for case in CASES if not case.places}
    assert firing == quiet == {code for code, _, _ in list_rules()}
