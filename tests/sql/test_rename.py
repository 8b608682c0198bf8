"""Where the name of a table stands in a SQL template."""

from __future__ import annotations

import pytest

from drawloom.model import InputError
from drawloom.sql.rename import mask_tags, rename_in_sql


def renamed(text: str, new: str = "mart.trips", dialect: str = "duckdb", old: str = "core.rides") -> str:
    for edit in reversed(rename_in_sql(text, old, new, dialect)):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1 FROM core.rides", "SELECT 1 FROM mart.trips"),
        ("select * from CORE . /* the */ Rides -- core.rides", "select * from mart . /* the */ trips -- core.rides"),
        ("SELECT 'core.rides' FROM core.rides", "SELECT 'core.rides' FROM mart.trips"),
        ('FROM "core"."Rides" r', 'FROM "mart"."trips" r'),
        ("FROM core.rides_all, core.ride, x.core.rides, core.rides", "FROM core.rides_all, core.ride, x.core.rides, mart.trips"),
        ("SELECT core.rides.id, rides.id, rides.* FROM core.rides", "SELECT mart.trips.id, trips.id, trips.* FROM mart.trips"),
        ("SELECT rides.id FROM core.rides AS rides", "SELECT rides.id FROM mart.trips AS rides"),
        ("SELECT rides.id FROM core.rides rides", "SELECT rides.id FROM mart.trips rides"),
        ("WITH rides AS (SELECT id FROM core.rides) SELECT rides.id FROM rides", "WITH rides AS (SELECT id FROM mart.trips) SELECT rides.id FROM rides"),
        ("SELECT rides.id FROM (SELECT 1 AS id FROM core.rides) AS rides", "SELECT rides.id FROM (SELECT 1 AS id FROM mart.trips) AS rides"),
        ("SELECT count(*) AS rides, max(rides.id) FROM core.rides", "SELECT count(*) AS rides, max(trips.id) FROM mart.trips"),
        ("{% if x %}FROM core.rides{% endif %} WHERE ds = '{{ ds }}'", "{% if x %}FROM mart.trips{% endif %} WHERE ds = '{{ ds }}'"),
        ("FROM core.rides{{ suffix }}, {{ p }}core.rides, core.rides", "FROM core.rides{{ suffix }}, {{ p }}core.rides, mart.trips"),
        ("{# core.rides #} SELECT 'é' FROM core.rides", "{# core.rides #} SELECT 'é' FROM mart.trips"),
        ("SELECT 1", "SELECT 1"),
    ],
)  # fmt: skip
def test_only_the_tokens_of_the_name_change(text: str, expected: str) -> None:
    assert renamed(text) == expected


def test_names_are_quoted_where_the_dialect_needs_it() -> None:
    assert renamed("FROM core.rides", "core.select") == 'FROM core."select"'
    assert renamed("FROM core.rides", "core.2026") == 'FROM core."2026"'
    assert renamed("FROM core.rides", "core.select", "spark") == "FROM core.`select`"
    assert renamed("FROM `core`.`rides`, `core.rides`", dialect="bigquery") == "FROM `mart`.`trips`, `mart.trips`"


def test_a_name_in_a_tag_is_refused_with_its_line() -> None:
    with pytest.raises(InputError, match="must not have the name of the table") as error:
        renamed("SELECT 1\nFROM {{ ref('core.rides') }}")
    assert error.value.problems[0].where.line == 2
    with pytest.raises(InputError, match=r"cannot be read as duckdb"):
        renamed("SELECT 'x FROM core.rides")


def test_masks_keep_places() -> None:
    text = "{{ a }}\n{% set b = '''\n''' %}é{# c\n #}"
    masked = mask_tags(text)
    assert len(masked) == len(text)
    assert masked.index("é") == text.index("é")
    assert masked.count("\n") == text.count("\n")
