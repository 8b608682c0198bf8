from __future__ import annotations

from datetime import date

from drawloom.sql.template import Rendered, render
from drawloom.sql.values import Moving
from drawloom.sql.variants import variants

DAYS = [date(2024, 7, 17), date(2024, 3, 1), date(2024, 12, 31)]


def texts(source: str) -> list[Rendered]:
    return [render(source, day) for day in DAYS]


def test_literals_that_move_are_parsed_once() -> None:
    source = "SELECT a FROM t WHERE ds = '{{ ds }}' AND n = {{ ds_nodash }} AND x = '{{ ds }} {{ yesterday_ds }}' -- {{ ds }}"
    (one,) = variants(texts(source), "duckdb")
    assert one.runs == (0, 1, 2)
    assert list(one.moved.values()) == [
        Moving(["2024-07-17", "2024-03-01", "2024-12-31"]),
        Moving(["20240717", "20240301", "20241231"]),
        Moving(["2024-07-17 2024-07-16", "2024-03-01 2024-02-29", "2024-12-31 2024-12-30"]),
    ]


def test_names_that_move_are_parsed_apart() -> None:
    found = variants(texts("SELECT a FROM t_{{ ds_nodash }}"), "duckdb")
    assert [one.runs for one in found] == [(0,), (1,), (2,)]


def test_branches_are_parsed_apart() -> None:
    source = "SELECT a FROM t {% if logical_date.day == 1 %} WHERE ds = '{{ ds }}' {% endif %}"
    assert sorted(one.runs for one in variants(texts(source), "duckdb")) == [(0, 2), (1,)]


def test_bare_dates_are_parsed_apart() -> None:
    assert len(variants(texts("SELECT {{ ds }}"), "duckdb")) == 3


def test_quotes_put_out_by_the_template_are_parsed_apart() -> None:
    assert len(variants(texts('SELECT {{ "\'" ~ ds ~ "\'" }}'), "duckdb")) == 3


def test_captured_blocks_are_parsed_apart() -> None:
    assert len(variants(texts("{% set d %}{{ ds }}{% endset %}SELECT '{{ d }}'"), "duckdb")) == 3


def test_files_that_move_are_parsed_apart() -> None:
    assert len(variants(texts("SELECT a FROM 'x/ds={{ ds }}/a.parquet'"), "duckdb")) == 3


def test_a_still_text_is_parsed_once() -> None:
    (one,) = variants(texts("SELECT 1"), "duckdb")
    assert one.moved == {}
