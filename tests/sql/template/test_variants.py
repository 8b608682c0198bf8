from __future__ import annotations

from datetime import date

from drawloom.sql.days.values import PerProbe
from drawloom.sql.template.rendering import Rendered, render
from drawloom.sql.template.variants import find_variants

DAYS = [date(2024, 7, 17), date(2024, 3, 1), date(2024, 12, 31)]


def texts(source: str) -> list[Rendered]:
    return [render(source, day) for day in DAYS]


def test_texts_that_differ_in_literals_are_parsed_once() -> None:
    source = "SELECT a FROM t WHERE ds = '{{ ds }}' AND n = {{ ds_nodash }} AND x = '{{ ds }} {{ yesterday_ds }}' -- {{ ds }}"
    (one,) = find_variants(texts(source), "duckdb")
    assert one.runs == (0, 1, 2)
    assert list(one.moving_literals.values()) == [
        PerProbe(["2024-07-17", "2024-03-01", "2024-12-31"]),
        PerProbe(["20240717", "20240301", "20241231"]),
        PerProbe(["2024-07-17 2024-07-16", "2024-03-01 2024-02-29", "2024-12-31 2024-12-30"]),
    ]


def test_texts_that_differ_in_names_are_parsed_separately() -> None:
    found = find_variants(texts("SELECT a FROM t_{{ ds_nodash }}"), "duckdb")
    assert [one.runs for one in found] == [(0,), (1,), (2,)]


def test_branches_are_parsed_separately() -> None:
    source = "SELECT a FROM t {% if logical_date.day == 1 %} WHERE ds = '{{ ds }}' {% endif %}"
    assert sorted(one.runs for one in find_variants(texts(source), "duckdb")) == [(0, 2), (1,)]


def test_bare_dates_are_parsed_separately() -> None:
    assert len(find_variants(texts("SELECT {{ ds }}"), "duckdb")) == 3


def test_rendered_quotes_are_parsed_separately() -> None:
    assert len(find_variants(texts('SELECT {{ "\'" ~ ds ~ "\'" }}'), "duckdb")) == 3


def test_captured_blocks_are_parsed_separately() -> None:
    assert len(find_variants(texts("{% set d %}{{ ds }}{% endset %}SELECT '{{ d }}'"), "duckdb")) == 3


def test_texts_that_differ_in_file_names_are_parsed_separately() -> None:
    assert len(find_variants(texts("SELECT a FROM 'x/ds={{ ds }}/a.parquet'"), "duckdb")) == 3


def test_a_static_text_is_parsed_once() -> None:
    (one,) = find_variants(texts("SELECT 1"), "duckdb")
    assert one.moving_literals == {}
