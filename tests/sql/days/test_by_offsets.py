"""Texts that are not measured day by day read the same offsets on every day; whatever might not is measured."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from drawloom.model import InputError
from drawloom.sql.script_reader import measure_days, read_script
from tests.corpora import corpus

pytestmark = pytest.mark.unmeasured

PLAIN = [
    "SELECT a FROM m.a WHERE ds = '{{ ds }}'",
    "SELECT a FROM m.a WHERE ds = {{ ds_nodash }} OR ds < '{{ yesterday_ds }}'",
    "SELECT a, DATE '{{ ds }}' AS day FROM m.a WHERE ds BETWEEN DATE '{{ ds }}' - 6 AND DATE '{{ ds }}'",
    "SELECT a FROM m.a WHERE ds >= '{{ ds }}'::DATE - INTERVAL 2 WEEK AND c = '{{ params.c }}'",
    "SELECT sum(CASE WHEN ds = '{{ ds }}' THEN x END) FROM {{ ref('t') }} WHERE ds IN ('{{ ds }}', '{{ yesterday_ds }}')",
    "SELECT a FROM m.a LEFT JOIN m.b USING (id) WHERE a.ds = '{{ ds }}' AND b.ds = '{{ macros.ds_add(ds, -7) }}'",
    "{# if ds == '2024-02-20' #} SELECT a FROM m.a WHERE ds < '{{ ds }}' AND NOT ds = '{{ macros.ds_add( ds, 1 ) }}'",
]
# Each may read other days on some run that no probe day shows.
VARYING = {
    "a date": "SELECT a FROM m.a WHERE ds = '{{ ds }}' OR (ds <= '{{ ds }}' AND ds = '2031-05-05')",
    "a date as number": "SELECT a FROM m.a WHERE ds = {{ ds_nodash }} OR (ds < {{ ds_nodash }} AND ds = 20310505)",
    "a built date": "SELECT a FROM m.a WHERE ds = '{{ ds }}' OR (ds <= '{{ ds }}' AND ds = make_date(2031, 5, 5))",
    "CASE": "SELECT a FROM m.a WHERE ds = DATE '{{ ds }}' - CASE WHEN day(DATE '{{ ds }}') = 13 THEN 1 ELSE 0 END",
    "boolean as number": "SELECT a FROM m.a WHERE ds >= DATE '{{ ds }}' - (month(DATE '{{ ds }}') = 9)::INT",
    "greatest": "SELECT a FROM m.a WHERE ds >= greatest(DATE '{{ ds }}' - 6, DATE '{{ ds }}' - INTERVAL 1 MONTH)",
    "a month ago": "SELECT a FROM m.a WHERE ds = DATE '{{ ds }}' - INTERVAL 1 MONTH",
    "number arithmetic": "SELECT a FROM m.a WHERE ds = {{ ds_nodash }} - 7",
    "a truncated key": "SELECT a FROM m.a WHERE date_trunc('quarter', ds) = DATE '{{ ds }}' - 30",
    "a truncated key below": "SELECT a FROM (SELECT a, date_trunc('quarter', ds) AS q FROM m.a) WHERE q = DATE '{{ ds }}' - 30",
    "a key as text below": "SELECT a FROM (SELECT a, CAST(ds AS VARCHAR) AS t FROM m.a) WHERE t <= '{{ ds_nodash }}'",
    "a part of the key": "SELECT a FROM m.a WHERE month(ds) = 9 AND ds <= '{{ ds }}'",
    "LIKE": "SELECT a FROM m.a WHERE ds LIKE '{{ ds }}%'",
    "parameters": "WITH p AS (SELECT DATE '{{ ds }}' AS d) SELECT a FROM m.a, p WHERE ds = d - day(d) % 2",
    "VALUES": "SELECT a FROM m.a JOIN (VALUES (DATE '{{ ds }}')) AS v(d) ON ds = d - day(d)",
    "a tag": "SELECT a FROM m.a WHERE ds = '{{ macros.ds_add(ds, -1 if ds == '2031-05-05' else 0) }}'",
    "a tag without dates": "SELECT a FROM m.a WHERE ds = '{{ ds }}' {{ 'OR TRUE' if logical_date.day == 13 else '' }}",
    "a branch": "SELECT a FROM m.a WHERE ds = '{{ ds }}' {% if ds == '2031-05-05' %} OR TRUE {% endif %}",
    "a variable": "{% set d = ds %}SELECT a FROM m.a WHERE ds = '{{ d }}'",
    "a macro": "{% macro d(n) %}{{ macros.ds_add(ds, n) }}{% endmacro %}SELECT a FROM m.a WHERE ds = '{{ d(-1) }}'",
    "another name": "SELECT a FROM m.a WHERE ds = '{{ data_interval_start | ds }}'",
}


@pytest.mark.parametrize("text", PLAIN)
def test_plain_texts_are_not_measured(text: str) -> None:
    assert not read_script(text).days_vary


@pytest.mark.parametrize("kind", VARYING)
def test_texts_that_may_vary_are_measured(kind: str) -> None:
    assert read_script(VARYING[kind]).days_vary


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (VARYING["a tag"], ("{{ macros.ds_add(ds, -1 if ds == '2031-05-05' else 0) }}",)),
        (VARYING["a branch"], ("{% if ds == '2031-05-05' %}",)),
        (VARYING["CASE"], ("CASE WHEN DAY(CAST('2024-07-17' AS DATE)) = 13 THEN 1 ELSE 0 END",)),
        ("{% set n = 6 %}SELECT a FROM m.a WHERE ds > '{{ macros.ds_add(ds, -n) }}' AND ds <= '{{ ds }}'", ()),
        (
            "SELECT a FROM m.a WHERE ds = '{{ ds }}' {% if is_incremental() %} AND a > 1 {% else %} AND a > 2 {% endif %}",
            (),
        ),
        ("SELECT a FROM m.a WHERE ds >= date_trunc('month', DATE '{{ ds }}')", ()),
        ("SELECT CASE WHEN a > 1 THEN b END FROM m.a WHERE ds = '{{ ds }}'", ()),
    ],
)
def test_what_may_choose_other_days(text: str, what: tuple[str, ...]) -> None:
    assert read_script(text).chosen_by[:1] == what


def years_apart() -> list[date]:
    """Days in the middle, at the ends and at odd places of months, in years far from the probe days."""
    return [date(year, 1, 1) + timedelta(days=n) for year in (1971, 2020, 2031, 2064) for n in range(0, 366, 11)]


@pytest.mark.parametrize("row", corpus(), ids=lambda row: str(row["id"]))
def test_the_rule_of_what_is_not_measured_holds_on_every_day(row: dict[str, Any]) -> None:
    options: dict[str, Any] = {"dialect": row["dialect"], "keys": tuple(row.get("keys", ("ds",)))}
    try:
        script = read_script(row["sql"], **options)
    except InputError:
        return
    if not script.days_vary and "{{" in row["sql"]:
        measured = measure_days(row["sql"], years_apart(), **options)
        rules = {read.table.lower(): read.days for read in script.reads}
        assert [offsets for offsets in measured.values() if offsets != rules] == []
