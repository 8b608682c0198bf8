"""Names that have no value: they never decide silently, and both branches of what they decide are read."""

from __future__ import annotations

from datetime import date

import pytest

from drawloom.model import InputError, Problem
from drawloom.sql import Analysis, analyze
from drawloom.sql.template.rendering import render

DAY = date(2024, 7, 17)


def reads(analysis: Analysis) -> dict[str, str]:
    return {read.table: str(read.days) if read.how == "offset" else read.how for read in analysis.reads}


def errors(analysis: Analysis) -> list[tuple[str, str]]:
    return [(one.code, one.message) for one in analysis.problems if one.code in {"unknown-condition", "parameter-left"}]


DAYS = "FROM core.t WHERE ds BETWEEN '{{ macros.ds_add(ds, -n) }}' AND '{{ ds }}'"


@pytest.mark.parametrize(
    ("text", "expected", "name"),
    [
        (("SELECT a FROM core.t WHERE ds <= '{{ ds }}' {% if target.name != 'prod' %} AND ds >= '{{ yesterday_ds }}' "
         "{% endif %}"), {"core.t": "*..0"}, "target.name"),
        ("{% if flags.FULL_REFRESH %}{% set n = 9 %}{% else %}{% set n = 1 %}{% endif %}SELECT a " + DAYS,
         {"core.t": "-9..0"}, "flags.FULL_REFRESH"),
        ("{% set n = 5 if var('wide') else 2 %}SELECT a " + DAYS, {"core.t": "-5..0"}, "var('wide')"),
        (("{% if not params.small %}SELECT a FROM core.a WHERE ds = '{{ ds }}'{% else %}"
         "SELECT a FROM core.b WHERE ds = '{{ ds }}'{% endif %}"), {"core.a": "0", "core.b": "0"}, "params.small"),
        (("{% if params.n > 3 and target.type in ('x', 'y') %}SELECT a FROM core.a WHERE ds = '{{ ds }}'{% else %}"
         "SELECT a FROM core.b WHERE ds = '{{ ds }}'{% endif %}"), {"core.a": "0", "core.b": "0"}, "params.n"),
        (("SELECT a FROM core.a WHERE ds = '{{ ds }}' {% for one in var('names') %} UNION ALL SELECT a FROM core.b "
         "WHERE ds = '{{ ds }}' {% endfor %}"), {"core.a": "0", "core.b": "0"}, "var('names')"),
        (("{% if target.x is string %}SELECT a FROM core.a WHERE ds = '{{ ds }}'{% else %}"
         "SELECT a FROM core.b WHERE ds = '{{ ds }}'{% endif %}"), {"core.a": "0", "core.b": "0"}, "target.x"),
        ("{% if should_full_refresh() %}SELECT a FROM core.a WHERE ds = '{{ ds }}'{% endif %}", {"core.a": "0"},
         "the macro should_full_refresh"),
        ("SELECT a FROM core.t WHERE ds = '{{ ds }}' {% if var('l') | length > 2 %} AND b {% endif %}",
         {"core.t": "0"}, "var('l')"),
    ],
)  # fmt: skip
def test_both_branches_are_read_and_the_name_is_told(text: str, expected: dict[str, str], name: str) -> None:
    analysis = analyze(text)
    assert reads(analysis) == expected
    code, message = errors(analysis)[0]
    assert code == "unknown-condition"
    assert message.startswith(name)


@pytest.mark.parametrize(
    "text",
    [
        "{% if var('x', 'true') | as_bool %}SELECT a FROM core.t WHERE ds = '{{ ds }}'{% endif %}",
        "SELECT a FROM core.t WHERE {% if execute %} ds = '{{ ds }}' {% endif %}",
        "SELECT a FROM core.t WHERE {% if is_incremental() %} ds = '{{ ds }}' {% endif %}",
        "SELECT a FROM core.t WHERE ds = '{{ ds }}' LIMIT {{ params.n | default(3) }}",
    ],
)
def test_what_is_known_decides(text: str) -> None:
    analysis = analyze(text)
    assert reads(analysis) == {"core.t": "0"}
    assert errors(analysis) == []


def refused(text: str) -> Problem:
    with pytest.raises(InputError) as caught:
        analyze(text)
    return caught.value.problems[0]


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        ("SELECT a FROM x WHERE ds = '{{ ds }}' {{ dbt_utils.group_by(2) }}", "parameter-left", "dbt_utils.group_by"),
        ("SELECT a FROM x WHERE ds > '{{ macros.ds_add(ds, -(var('n') | int)) }}'", "unknown-condition", "var('n')"),
        ("SELECT a FROM x WHERE ds > '{{ macros.ds_add(ds, params.n) }}'", "unknown-condition", "params.n"),
        ("{% snapshot s %}SELECT 1 FROM {{ source('a', 'b') }}{% endsnapshot %}", "dbt-block", "snapshot"),
        ("{% materialization m, default %}{% endmaterialization %}", "dbt-block", "materialization"),
        ("-- c\nMODEL (\n  name a.b\n);\nSELECT 1", "sqlmesh-header", "MODEL"),
        ("JINJA_QUERY_BEGIN; SELECT 1; JINJA_END;", "sqlmesh-header", "JINJA_QUERY_BEGIN"),
        ('config { type: "table" }\nSELECT a FROM ${ref("x")}', "dataform-block", "config"),
        ("SELECT a FROM @{schema}.x", "parameter-left", "@{schema}"),
    ],
)
def test_texts_of_other_tools_are_refused_by_name(text: str, code: str, named: str) -> None:
    problem = refused(text)
    assert problem.code == code
    assert named in problem.message
    assert problem.fix


def test_a_text_that_runs_never_depends_on_a_name_without_a_value() -> None:
    for text, code in (("{% if target.x %}a{% endif %}", "unknown-condition"), ("{{ target.x }}", "parameter-left")):
        with pytest.raises(InputError, match=r"target\.x has no value") as caught:
            render(text, DAY, to_run=True)
        assert caught.value.problems[0].code == code


def test_many_names_take_a_bounded_number_of_readings() -> None:
    branches = "".join(f"{{% if var('v{n}') %}} AND a > {n} {{% endif %}}" for n in range(12))
    analysis = analyze(f"SELECT a FROM core.t WHERE ds = '{{{{ ds }}}}' {branches}")
    assert reads(analysis) == {"core.t": "0"}
    assert len(errors(analysis)) == 12
