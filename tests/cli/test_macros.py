"""Macros of a project: used by every text without an import, typed, and followed by what is stale."""

from __future__ import annotations

import pytest

from tests.cli.sample_project import SampleProject

MACROS = """
{# Cents as a text. #}
{% macro cents(column) %}({{ scaled(column) }}){% endmacro %}
{# scaled(column: sql, factor: int = 100) -> double #}
{% macro scaled(column, factor=100) %}{{ column }} * {{ factor }}{% endmacro %}
{% macro not_negative(column) %}{{ column }} < 0{% endmacro %}
"""
HEAD = '/* drawloom\ntable: core.{}\nuntil: "forever: a test"\n{}*/\n'
CHECKED = "checks: [{sql: {name: sign, query: \"SELECT 1 FROM staged WHERE {{ not_negative('cents') }}\"}}]\n"
PAID = (
    HEAD.format("paid", CHECKED) + "SELECT id, {{ cents('amount') }} AS cents FROM raw.orders WHERE ds = '{{ ds }}'\n"
)
PLAIN = HEAD.format("plain", "") + "SELECT id, amount AS cents FROM raw.orders WHERE ds = '{{ ds }}'\n"
YAML = """
kind: autodag
table: core.half
until: "forever: a test"
sql: SELECT id, {{ scaled('amount', 2) }} AS x FROM raw.orders WHERE ds = '{{ ds }}'
"""
TABLES = ("core.paid", "core.plain", "core.half")


@pytest.fixture
def written(project: SampleProject) -> SampleProject:
    project.write("macros/money.sql", MACROS)
    project.write("specs/paid.sql", PAID)
    project.write("specs/plain.sql", PLAIN)
    project.write("specs/half.yml", YAML)
    project.run("run", *TABLES)
    return project


def stale(project: SampleProject) -> set[str]:
    plan = project.json("plan", *TABLES)
    return {one["table"] for one in plan["cells"] if one["state"] != "fresh"}


def test_a_change_makes_exactly_those_stale_that_use_it(written: SampleProject) -> None:
    assert stale(written) == set()
    written.write("macros/money.sql", MACROS.replace("* {{ factor }}", "* ({{ factor }} + 1)"))
    assert stale(written) == {"core.paid", "core.half"}, "core.paid uses it through another macro"
    written.write("macros/money.sql", MACROS.replace("({{ scaled(column) }})", "(1 + {{ scaled(column) }})"))
    assert stale(written) == {"core.paid"}


def test_checks_comments_and_layout_make_nothing_stale(written: SampleProject) -> None:
    for old, new in (
        ("< 0", "< -1"),
        ("Cents as a text.", "As cents."),
        ("({{ s", "( -- why\n  {{  s"),
        ("int", "any"),
    ):
        assert old in MACROS
        written.write("macros/money.sql", MACROS.replace(old, new))
        assert stale(written) == set(), new


def test_a_call_that_does_not_fit_has_its_place_and_the_signature(written: SampleProject) -> None:
    written.write("specs/half.yml", YAML.replace("2)", "factr=2)"))
    out = written.run("check", code=2)
    assert "specs/half.yml:5" in out
    assert "scaled.factr is an unknown argument." in out
    assert "Did you mean factor? Call scaled(column: sql, factor: int = 100) -> double." in out
    written.write("macros/money.sql", MACROS.replace("scaled(column) }}", "scaled([column]) }}"))
    out = written.run("check", "core.paid", code=2)
    assert "specs/paid.sql:6" in out
    assert "scaled.column == ['amount'], must be sql." in out
