"""Reads that begin or end at a fixed date: "since the launch" is a rule, and one that DuckDB agrees with on every day."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import pytest

from drawloom.model import Read, Schedule
from drawloom.model.day_rules import rule_text
from drawloom.model.days import covers
from drawloom.sql import analyze
from drawloom.sql.catalog import CatalogEntry
from drawloom.sql.script_reader import measure_days
from drawloom.sql.template.rendering import render

LAUNCH = date(2026, 1, 8)
DATES = {"t": CatalogEntry(keys=("ds",), columns={"ds": "DATE"})}
D = "DATE '{{ ds }}'"
MONTH_AGO = "{{ macros.ds_add(ds, -27) }}"
RULES = {
    "ds BETWEEN DATE '2026-01-08' AND '{{ ds }}'": "2026-01-08 to date",
    "ds >= '2026-01-08' AND ds <= '{{ ds }}'": "2026-01-08 to date",
    "'2026-01-08' <= ds AND '{{ tomorrow_ds }}' > ds": "2026-01-08 to date",
    "ds > DATE '2026-01-07' AND ds < DATE '{{ ds }}'": "2026-01-08 .. -1",
    "CAST(ds AS VARCHAR) >= '2026-01-08' AND CAST(ds AS VARCHAR) <= '{{ ds }}'": "2026-01-08 to date",
    "strftime(ds, '%Y%m%d') BETWEEN '20260108' AND '{{ ds_nodash }}'": "2026-01-08 to date",
    f"date_trunc('month', ds) >= DATE '2026-01-01' AND ds <= {D}": "2026-01-01 to date",
    f"ds BETWEEN date_trunc('month', DATE '2026-01-08') AND {D}": "2026-01-01 to date",
    f"year(ds) >= 2026 AND ds <= {D}": "2026-01-01 to date",
    f"strftime(ds, '%Y-%m') >= '2026-01' AND ds <= {D}": "2026-01-01 to date",
    f"ds BETWEEN '{MONTH_AGO}' AND '{{{{ ds }}}}' AND ds >= '2026-01-08'": "-27..0 from 2026-01-08 on",
    f"ds BETWEEN greatest(DATE '2026-01-08', {D} - 27) AND {D}": "-27..0 from 2026-01-08 on",
    f"ds BETWEEN date_trunc('month', {D}) AND {D} AND ds >= '2026-01-08'": "month to date from 2026-01-08 on",
    f"ds IN ({D}, {D} - 7) AND ds >= '2026-01-08'": "-7, 0 from 2026-01-08 on",
    f"ds = {D} AND ds >= '2026-01-08'": "0 from 2026-01-08 on",
    "ds <= '2026-01-08' AND ds <= '{{ ds }}'": "... .. 0 until 2026-01-08",
    f"ds <= least(DATE '2026-01-08', {D})": "... .. 0 until 2026-01-08",
    f"ds BETWEEN '{MONTH_AGO}' AND '{{{{ ds }}}}' AND ds <= '2026-01-08'": "-27..0 until 2026-01-08",
    f"ds = {D} - 3 AND ds <= '2026-01-08'": "-3 until 2026-01-08",
    f"ds BETWEEN {D} AND '2026-01-08'": "0 .. 2026-01-08",
    "ds BETWEEN '2026-01-08' AND '2026-01-31' AND ds <= '{{ ds }}'": "2026-01-08 to date until 2026-01-31",
    f"ds BETWEEN {D} AND '2026-01-31' AND ds >= '2026-01-08'": "0 .. 2026-01-31 from 2026-01-08 on",
    f"ds BETWEEN {D} - 6 AND {D} AND ds BETWEEN '2026-01-08' AND '2026-01-31'": "-6..0 between 2026-01-08 and 2026-01-31",
}
RUN_DAYS = [
    *(LAUNCH + timedelta(days=n) for n in range(-40, 70)),
    *(date(2024, 2, 29), date(2025, 12, 31), date(2027, 3, 1), date(2031, 7, 17)),
]


def read_of(condition: str) -> Read:
    (read,) = analyze(f"SELECT ds FROM t WHERE {condition}", catalog=DATES).reads
    return read


@pytest.mark.parametrize(("condition", "words"), RULES.items(), ids=RULES)
def test_the_rule_is_what_duckdb_reads_on_every_day(condition: str, words: str) -> None:
    read = read_of(condition)
    assert rule_text(read) == words
    assert read.is_clipped
    stored = [date(2023, 6, 1) + timedelta(days=n) for n in range(3136)]
    with duckdb.connect() as lake:
        lake.execute("CREATE TABLE t AS SELECT unnest($days) AS ds", {"days": stored})
        for run in RUN_DAYS:
            sql = render(f"SELECT ds FROM t WHERE {condition}", run).text
            found = [day for (day,) in lake.execute(f"{sql} ORDER BY ds").fetchall()]
            spans = read.on(run)
            assert found == [day for day in stored if covers(spans, day)], run


@pytest.mark.parametrize(
    "condition", ["ds BETWEEN DATE '2026-01-08' AND '{{ ds }}'", f"ds BETWEEN {D} - 6 AND {D} AND ds <= '2026-01-08'"]
)
def test_the_rule_is_what_is_measured_for_each_day(condition: str) -> None:
    measured = measure_days(f"SELECT ds FROM t WHERE {condition}", RUN_DAYS, catalog=DATES)
    read = read_of(condition)
    assert all(read.on(day) == of_day["t"].on(day) for day, of_day in measured.items())


@pytest.mark.parametrize("launch", ["1999-12-31", "2024-02-29", "2024-07-17", "2039-05-01"])
def test_a_launch_long_ago_or_far_ahead(launch: str) -> None:
    text = f"SELECT a FROM t WHERE ds BETWEEN '{launch}' AND '{{{{ ds }}}}'"
    found = analyze(text)
    assert [rule_text(read) for read in found.reads] == [f"{launch} to date"]
    assert found.problems == ()


def test_the_launch_may_be_a_parameter_or_an_expression_of_the_template() -> None:
    by_param = analyze(
        "SELECT a FROM t WHERE ds BETWEEN '{{ params.launch }}' AND '{{ ds }}'", params={"launch": "2026-01-08"}
    )
    assert rule_text(by_param.reads[0]) == "2026-01-08 to date"
    by_branch = analyze("SELECT a FROM t WHERE ds = '{{ ds }}'{% if ds < '2026-01-08' %} AND FALSE{% endif %}")
    assert rule_text(by_branch.reads[0]) == "0 from 2026-01-08 on"


def test_each_place_where_a_table_is_read_has_its_own_rule() -> None:
    text = (
        "SELECT a FROM t WHERE ds = '{{ ds }}' UNION ALL SELECT a FROM t WHERE ds BETWEEN '2026-01-08' AND '{{ ds }}'"
    )
    found = analyze(text)
    assert not {problem.code for problem in found.problems} & {"irregular-days", "empty-range", "reads-nothing"}


def test_a_rule_that_fails_on_some_day_is_no_rule() -> None:
    odd = f"ds >= '2026-01-08' AND ds <= CASE WHEN day({D}) = 13 THEN {D} - 4 ELSE {D} END"
    read = read_of(odd)
    assert not read.is_clipped
    assert read.calendar == ()


def test_what_is_known_ahead_of_a_run() -> None:
    since = read_of("ds BETWEEN '2026-01-08' AND '{{ ds }}'")
    assert since.exact
    assert not since.offsets
    assert since.on(date(2026, 1, 10)) == ((LAUNCH, date(2026, 1, 10)),)
    assert since.on(date(2026, 1, 7)) == ()
    assert not read_of("ds <= '2026-01-08' AND ds <= '{{ ds }}'").exact


def test_the_json_names_the_dates() -> None:
    found = analyze("SELECT a FROM t WHERE ds BETWEEN '2024-07-10' AND '{{ ds }}'").to_json(Schedule())
    days = {
        "2023-03-31": [],
        "2024-07-17": [["2024-07-10", "2024-07-17"]],
        "2025-01-01": [["2024-07-10", "2025-01-01"]],
    }
    assert found["reads"] == {"t": {"calendar": days, "within": ["2024-07-10", None]}}
    assert found["waits"] == [["t", {"calendar": days, "within": ["2024-07-10", None]}]]
