from __future__ import annotations

import pytest

from drawloom.sql.fingerprint import fingerprint

BASE = "SELECT a, 'x  y' FROM t WHERE ds = '{{ ds }}' {% if x %} AND b {% endif %}"


@pytest.mark.parametrize(
    "same",
    [
        BASE.replace(", ", " ,\n\t"),
        BASE + " -- a comment",
        "/* a comment */ " + BASE,
        BASE.replace("FROM", "{# a comment #} FROM"),
        BASE.replace("{{ ds }}", "{{  ds\n}}"),
    ],
)
def test_white_space_and_comments_do_not_matter(same: str) -> None:
    assert fingerprint(same) == fingerprint(BASE)


@pytest.mark.parametrize(
    "other",
    [
        BASE.replace("x  y", "x y"),
        BASE.replace("{{ ds }}", "{{ yesterday_ds }}"),
        BASE.replace("SELECT a", "SELECT 'a'"),
        BASE.replace("SELECT a", 'SELECT "a"'),
        BASE + " -- {% set x = 1 %}",
        BASE.replace("if x", "if y"),
    ],
)
def test_everything_else_changes_the_fingerprint(other: str) -> None:
    assert fingerprint(other) != fingerprint(BASE)


def test_each_dialect_has_its_own_fingerprint() -> None:
    assert fingerprint(BASE, "spark") != fingerprint(BASE)


def test_a_text_that_cannot_be_tokenized_is_hashed_as_a_whole() -> None:
    assert fingerprint("SELECT 'open") == fingerprint("SELECT 'open")
    assert fingerprint("SELECT 'open") != fingerprint("SELECT  'open")
    many = "{{ x }}" * 7000
    assert fingerprint(many) != fingerprint(many + " ")
