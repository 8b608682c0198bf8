"""Macros in files: found by name, by package and by dbt's dispatch; only those that a text uses count."""

from __future__ import annotations

from pathlib import Path

import pytest

from drawloom.model import InputError
from drawloom.sql import analyze
from drawloom.sql.template.macro_files import Macros, load_macros

OWN = """
{# {% macro gone() %}x{% endmacro %} #}
{% macro days_back(n) %}ds BETWEEN '{{ macros.ds_add(ds, -n) }}' AND '{{ ds }}'{% endmacro %}
{%- macro both(t) -%}SELECT a FROM {{ ref(t) }} WHERE {{ days_back(3) }}{%- endmacro -%}
{% macro other() %}y{% endmacro %}
"""
PACKAGE = """
{% macro group_by(n) %}{{ return(adapter.dispatch('group_by', 'dbt_utils')(n)) }}{% endmacro %}
{% macro default__group_by(n) %}GROUP BY {% for i in range(1, n + 1) %}{{ i }}{% endfor %}{% endmacro %}
"""


@pytest.fixture
def macros(tmp_path: Path) -> Macros:
    (tmp_path / "dbt_utils").mkdir()
    (tmp_path / "own.sql").write_text(OWN)
    (tmp_path / "dbt_utils" / "sql.sql").write_text(PACKAGE)
    return load_macros(tmp_path)


def test_a_text_uses_macros_of_the_project_and_of_packages(macros: Macros) -> None:
    text = "{{ both('events') }} UNION ALL SELECT a FROM x WHERE ds = '{{ ds }}' {{ dbt_utils.group_by(1) }}"
    analysis = analyze(text, macros=macros.used_by(text))
    assert {read.table: str(read.days) for read in analysis.reads} == {"events": "-3..0", "x": "0"}
    assert not [one for one in analysis.problems if one.code == "parameter-left"]


def test_only_what_a_text_uses_changes_its_fingerprint(macros: Macros) -> None:
    text = "SELECT a FROM core.t WHERE {{ days_back(1) }}"
    used = macros.used_by(text)
    assert "days_back" in used
    assert "both" not in used
    changed = used.replace("-n", "-2 * n")
    prints = {analyze(text, macros=one).fingerprint for one in (used, changed)}
    assert len(prints) == 2
    assert macros.used_by("SELECT 1") == ""
    assert macros.names_in("{{ both(1) }}") == {"days_back", "both"}
    assert macros.names_in("{{ gone() }}") == set(), "it stands in a comment"
    assert macros.names_in("SELECT both FROM t") == set(), "a column that has its name"


def test_two_macros_of_one_name_are_refused(tmp_path: Path) -> None:
    for name, body in (("a", "1"), ("b", "2")):
        (tmp_path / f"{name}.sql").write_text(f"{{% macro m() %}}{body}{{% endmacro %}}")
    with pytest.raises(InputError, match="macro == m, must be defined once"):
        load_macros(tmp_path)


def test_a_folder_that_does_not_exist_has_none(tmp_path: Path) -> None:
    assert load_macros(tmp_path / "none") == Macros()
