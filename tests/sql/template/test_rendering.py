from __future__ import annotations

from datetime import date

import pytest

from drawloom.model import InputError, Schedule, Where
from drawloom.sql.template.rendering import render
from drawloom.sql.template.tags import tag_spans

DAY = date(2024, 3, 31)


def text(source: str, **more: object) -> str:
    return render(source, DAY, **more).text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ ds }}", "2024-03-31"),
        ("{{ ds_nodash }}", "20240331"),
        ("{{ yesterday_ds }} {{ tomorrow_ds_nodash }}", "2024-03-30 20240401"),
        ("{{ prev_ds }} {{ next_ds }}", "2024-03-30 2024-04-01"),
        ("{{ ts }} {{ ts_nodash }}", "2024-03-31T00:00:00+00:00 20240331T000000"),
        ("{{ macros.ds_add(ds, -31) }}", "2024-02-29"),
        ("{{ macros.ds_format(ds, '%Y-%m-%d', '%d.%m.%y') }}", "31.03.24"),
        ("{{ (logical_date - macros.timedelta(days=3)).strftime('%Y-%m-%d') }}", "2024-03-28"),
        ("{{ logical_date | ds }} {{ logical_date | ts_nodash }}", "2024-03-31 20240331T000000"),
        ("{{ data_interval_start | ds }} {{ data_interval_end | ds_nodash }}", "2024-03-31 20240401"),
        ("{{ macros.datetime(2024, 1, 2).day }}", "2"),
        ("{{ logical_date.subtract(months=1).to_date_string() }}", "2024-02-29"),
        ("{{ (logical_date + macros.dateutil.relativedelta.relativedelta(months=1, day=1)) | ds }}", "2024-04-01"),
        ("{{ params.n }} {{ params['n'] }} {{ params.get('x', 3) }}", "7 7 3"),
        ("{{ params.missing }} {{ unknown }} {{ unknown.deep(1)['x'] }}", "__missing__ __unknown__ __x__"),
        ("{{ unknown + 1 }} {{ 2 * unknown }}", "__unknown__ __unknown__"),
        ("{{ var.value.n }} {{ var.json.n }} {{ var('n') }} {{ var('k', 'd') }} {{ var('k') }}", "7 7 7 d __k__"),
        ("{{ ref('a') }} {{ ref('p', 'b') }} {{ source('s', 't') }}", "a b s.t"),
        ("{{ config(materialized='table') }}{{ this }} {{ is_incremental() }}", "__this__ True"),
        ("{{ modules.datetime.date(2024, 1, 2) }}", "2024-01-02"),
        ("{% if execute %}a{% else %}b{% endif %}{{ log('x') }}", "a"),
        ("{{ 'true' | as_bool }} {{ '3' | as_number }} {{ '[1]' | as_native }} {{ 3 | as_text }}", "True 3 [1] 3"),
        ("{{ 'x' | as_bool }} {{ 'x' | as_number }} {{ 'x' | as_native }}", "x x x"),
        ("{{ ref('a', v=2) }} {{ ref('p', 'a', version=3) }}", "a_v2 a_v3"),
        ("{% do params.update(1) %}{{ dbt_utils.star(ref('a')) }}", "__star__"),
        ("{# {{ gone }} #}a {{- ' b' -}} c", "a bc"),
        ("{% raw %}{{ ds }}{% endraw %}", "{{ ds }}"),
        ("{% set d %}{{ ds }}{% endset %}{{ d | length }}", "10"),
        ("{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(1) }}", "<1>"),
        ("{{ [1, 2] | join(',') }} {{ 'a-b' | replace('-', '') }} {{ 'a' ~ 1 }}", "1,2 ab a1"),
        ("{{ [{'a': 1}] | join(',', 'a') }} {{ 'x\ny' | indent(2, True) }}", "1   x\n  y"),
        ("{{ '%s-%02d' % ('a', 3) }} {{ '%d' | format(3) }} {{ 'a{}'.format(1) }}", "a-03 3 a1"),
        ("{{ ','.join(['a', 'b']) }} {{ 'ab'.replace('b', 'c').upper() }}", "a,b AC"),
        ("{{ 2 ** 10 }} {{ 'ab' * 2 }} {{ 7 % 4 }} {{ [1] + [2] }}", "1024 abab 3 [1, 2]"),
        ("{{ {'a': {'b': 1}}['a'].b }}", "1"),
        ("no template at all", "no template at all"),
    ],
)
def test_rendering(source: str, expected: str) -> None:
    assert text(source, params={"n": 7}) == expected


def test_this_is_the_target_table() -> None:
    assert text("{{ this }} {{ this.schema }} {{ this.identifier }}", target="core.t") == "core.t core t"


def test_extra_names_are_available() -> None:
    assert text("{{ start }}..{{ staged }}", start="2024-01-01", staged="staged") == "2024-01-01..staged"


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("@weekly", "2024-03-31 2024-03-25 2024-04-01 2024-03-24 2024-04-07"),
        ("@monthly", "2024-03-31 2024-03-01 2024-04-01 2024-02-29 2024-04-30"),
    ],
)
def test_data_intervals_follow_the_schedule(schedule: str, expected: str) -> None:
    source = "{{ ds }} {{ data_interval_start | ds }} {{ data_interval_end | ds }} {{ prev_ds }} {{ next_ds }}"
    assert text(source, schedule=Schedule.parse(schedule)) == expected


@pytest.mark.parametrize(
    ("schedule", "zone", "expected"),
    [
        ("@daily", "Europe/Berlin", "2024-03-30 23:00:00+00:00 2024-03-31 22:00:00+00:00"),
        ("@daily", "America/New_York", "2024-03-31 04:00:00+00:00 2024-04-01 04:00:00+00:00"),
        ("@weekly", "Asia/Kolkata", "2024-03-24 18:30:00+00:00 2024-03-31 18:30:00+00:00"),
        ("@daily", "UTC", "2024-03-31 00:00:00+00:00 2024-04-01 00:00:00+00:00"),
    ],
)
def test_data_intervals_are_the_days_of_the_time_zone_in_utc(schedule: str, zone: str, expected: str) -> None:
    assert (
        text("{{ data_interval_start }} {{ data_interval_end }}", schedule=Schedule.parse(schedule, zone)) == expected
    )


def test_names_of_the_day_are_on_the_clock_of_the_time_zone() -> None:
    berlin = Schedule.parse("@daily", "Europe/Berlin")
    assert text("{{ ds }} {{ logical_date | ds }} {{ prev_ds }}", schedule=berlin) == "2024-03-31 2024-03-31 2024-03-30"
    assert text("{{ ts }} {{ next_execution_date }}", schedule=berlin) == (
        "2024-03-31T00:00:00+01:00 2024-04-01 00:00:00+02:00"
    )
    source = "{{ data_interval_start.in_timezone('Europe/Berlin') | ds }} {{ logical_date.add(hours=3).hour }}"
    assert text(source, schedule=berlin) == "2024-03-31 4"


def test_hourly_runs_render_their_hour() -> None:
    source = "{{ ds }} {{ logical_date.hour }} {{ data_interval_end.hour }} {{ prev_execution_date.hour }}"
    assert text(source, schedule=Schedule.parse("@hourly"), hour=5) == "2024-03-31 5 6 4"


BAD = [
    "{{ 'a' * 10 ** 9 }}",
    "{{ 9 ** (9 ** 9) }}",
    "{{ [1] * 10000 * 10000 }}",
    "{% for i in range(10 ** 9) %}{% endfor %}",
    "{% set ns = namespace(x='aaaa') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "{% set ns = namespace(x='aaaa') %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "{% set ns = namespace(x=2) %}{% for i in range(60) %}{% set ns.x = ns.x * ns.x %}{% endfor %}",
    "{{ '%999999999d' % 1 }}",
    "{{ '%*d' % (999999999, 1) }}",
    "{{ 'x'.rjust(10 ** 9) }}",
    "{{ '{:>99999999}'.format(1) }}",
    "{{ '{:{}}'.format(1, 9) }}",
    "{{ range(10000) | map('string') | join('x' * 1000) }}",
    "{{ range(10000) | map('string') | list | join('x' * 1000) }}",
    "{{ ('x' * 1000).join(['y'] * 10000) }}",
    "{{ ('x' * 100000) | replace('x', 'y' * 100000) }}",
    "{{ ('x' * 100000).replace('x', 'y' * 100000) }}",
    "{{ ('x\n' * 100000) | indent(900) }}",
    "{{ 'a'.translate({}) }}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "{% for i in range(9000) %}{{ 'x' * 1000 }}{% endfor %}",
    "{% macro m() %}{% for i in range(9000) %}{{ 'x' * 1000 }}{% endfor %}{% endmacro %}{{ m() }}",
    "{% set l = [1] %}{% for i in range(60) %}{% do l.extend(l) %}{% endfor %}",
    "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
    "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
    "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = (ns.l, ns.l) %}{% endfor %}{{ {ns.l: 1} }}",
    "{% set ns = namespace(d={}) %}{% for i in range(60) %}{% set ns.d = {'a': ns.d, 'b': ns.d} %}{% endfor %}{{ ns.d }}",
    "{% set l = [] %}{% for i in range(9000) %}{% do l.append(['x' * 100000]) %}{% endfor %}{{ l }}",
    "{% set l = [] %}{% for i in range(9000) %}{% do l.append('x' * 100000 ~ i) %}{% endfor %}",
    "{% set l = [] %}{% for i in range(9000) %}{% do l.append(range(10000) | list) %}{% endfor %}",
    "{% set l = [] %}{% for i in range(9000) %}{% do l.append('a b ' * 9000) %}{% do l.append(l[-1].split()) %}{% endfor %}",
    "{% set d = {} %}{% for i in range(9000) %}{% do d.update({i: range(10000) | list}) %}{% endfor %}",
    "{% set d = {} %}{% for i in range(9000) %}{% do d.update({i: dict(d)}) %}{% endfor %}",
    "{% set l = [1] %}{% do l.append(l) %}{% do l.append(l) %}{{ [l, l] }}",
    "{{ [[1] * 1000] * 1000 * 1000 }}",
    "{{ [['x' * 1000] * 1000] * 1000 }}",
    "{{ ([range(10000) | list] * 9000) | sum(start=[]) }}",
    "{{ '%s' % ([['x' * 1000] * 1000] * 1000) }}",
    "{{ '{}'.format([['x' * 1000] * 1000] * 1000) }}",
    "{{ ('x' * 8000000) | list | map('upper') | list | reverse | list | sort | list }}",
    "{% set x = namespace(t='') %}{% for i in range(9000) %}{% set x.t %}{{ x.t }}{{ 'y' * 9000 }}{% endset %}{% endfor %}",
    "{{ a" + ".b" * 150 + " }}",
    "{{ a" + "['b']" * 150 + " }}",
    "{{ ds" + " | upper" * 150 + " }}",
    "{{ " + "-" * 150 + "1 }}",
    "{{ env_var('HOME') }}",
    "{{ 1 / 0 }}",
    "{{ 'a' + 1 }}",
    "{% include 'x' %}",
    "{{ 'a' | attr('b') }}",
    "{{ ds",
    "{% for x in %}",
    "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
]


@pytest.mark.parametrize("source", BAD)
def test_unsafe_or_broken_templates_are_refused(source: str) -> None:
    with pytest.raises(InputError) as caught:
        text(source)
    (problem,) = caught.value.problems
    assert problem.code == "template-error"


@pytest.mark.parametrize(
    ("source", "length"),
    [
        (
            "{% set l = [] %}{% for i in range(2000) %}{% do l.append('col_' ~ i) %}{% endfor %}{{ l | join(', ') }}",
            18888,
        ),
        (
            "{% set ns = namespace(t='') %}{% for i in range(500) %}{% set ns.t = ns.t ~ i ~ ',' %}{% endfor %}{{ ns.t }}",
            1890,
        ),
        ("{% set d = {} %}{% for i in range(500) %}{% do d.update({i: [i] * 9}) %}{% endfor %}{{ d | length }}", 3),
        ("{% for i in range(5000) %}{{ ds }}{% endfor %}", 50_000),
        ("{{ ds }}" * 5000, 50_000),
        ("{{ a" + ".b" * 40 + " }}", 5),
    ],
)
def test_what_templates_of_people_make_is_not_too_much(source: str, length: int) -> None:
    assert len(text(source)) == length


@pytest.mark.unmeasured
def test_rendering_time_is_limited() -> None:
    with pytest.raises(InputError, match="too long"):
        text("{% for i in range(10000) %}{% for j in range(10000) %}{% endfor %}{% endfor %}")


def test_templates_cannot_reach_python_internals() -> None:
    assert (
        text("{{ ''.__class__ }}{{ x.__class__.__mro__ }}{{ ds.encode().x }}")
        == "____class____" + "____mro____" + "__x__"
    )


def test_errors_have_lines() -> None:
    with pytest.raises(InputError) as caught:
        render("a\n\n{{ 1 / 0 }}", DAY, where=Where("x.sql", 10))
    assert str(caught.value.problems[0].where) == "x.sql:12:1"


def test_characters_have_origins_in_the_users_text() -> None:
    source = "SELECT {% for c in ['a', 'b'] %}sum({{ c }}),{% endfor %} '{{ ds }}'"
    rendered = render(source, DAY)
    assert rendered.text == "SELECT sum(a),sum(b), '2024-03-31'"
    assert rendered.origin(0) == 0
    assert source[rendered.origin(rendered.text.index("sum(b)")) :].startswith("sum({{")
    assert source[rendered.origin(rendered.text.index("b),")) :].startswith("{{ c }}")
    assert source[rendered.origin(rendered.text.index("03-31")) :].startswith("{{ ds }}")
    assert source[rendered.origin(len(rendered.text)) :] == ""


def test_verbatim_ranges() -> None:
    rendered = render("SELECT a{{ x }}b FROM t", DAY)
    start = rendered.text.index("FROM")
    assert rendered.is_verbatim(start, start + 6)
    assert not rendered.is_verbatim(7, 9)
    assert not rendered.is_verbatim(8, 10)


def test_white_space_control_keeps_places() -> None:
    source = "a  {%- if true -%}  b  {%- endif %} c"
    rendered = render(source, DAY)
    assert rendered.text == "ab c"
    assert [source[rendered.origin(n)] for n in range(4)] == ["a", "b", " ", "c"]


def test_tag_spans() -> None:
    source = "a {{ '}}' }} b {# c }} #} {% if x == '%}' %}{{ {'a': {}} }}"
    assert [source[a:b] for a, b in tag_spans(source)] == [
        "{{ '}}' }}",
        "{# c }} #}",
        "{% if x == '%}' %}",
        "{{ {'a': {}} }}",
    ]
    assert tag_spans("{# open") == [(0, 7)]
    assert tag_spans("{{ open") == [(0, 7)]


@pytest.mark.parametrize(
    "source", [r"""SELECT '{{ "\ud800" }}' AS a""", r"""{% set x = "\udfff" %}SELECT '{{ x }}'""", "SELECT '\ud800'"]
)
def test_half_a_character_is_refused(source: str) -> None:
    with pytest.raises(InputError, match="half a character") as caught:
        render(source, date(2026, 1, 1))
    assert caught.value.problems[0].code == "template-error"
    assert str(caught.value).encode()
