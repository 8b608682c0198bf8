"""Texts of kinds that were once read wrong: what they give must not depend on the days that were not found."""

from __future__ import annotations

from datetime import date

import pytest

from drawloom.sql.template.rendering import render
from tests.sql.days.on_a_day import Lake, around, days_read, is_in

D = "DATE '{{ ds }}'"
NEGATIONS = (
    "CAST(ds AS VARCHAR) NOT LIKE '2024-03-%'",
    "NOT CAST(ds AS VARCHAR) NOT LIKE '2024-03-%'",
    "CAST(ds AS VARCHAR) NOT ILIKE '2024-03-%'",
    "ds IS NOT NULL",
    "NOT (ds IS NOT NULL) OR ds = DATE '{{ ds }}'",
    f"ds IS DISTINCT FROM {D}",
    f"NOT (ds IS DISTINCT FROM {D})",
    f"NOT (ds NOT BETWEEN {D} - 2 AND {D})",
    f"(ds = {D}) IS NOT TRUE",
    f"(ds > {D}) IS NOT NULL AND ds <= {D} + 2",
    f"CASE WHEN ds IS NOT NULL THEN ds > {D} - 3 ELSE FALSE END",
)
TIMES = (
    "ds < TIMESTAMP '{{ ds }} 24:00:00'",
    "ds < CAST('{{ ds }} 9:00' AS TIMESTAMP)",
    "ds < TIMESTAMP '{{ ds }} 00:00:00.000001'",
    "ds <= TIMESTAMP '{{ ds }} 23:59:59.999'",
    "ds = '{{ ds }} 10:00:00'",
    f"{D} >= '{{{{ ds }}}} 10:00:00' AND ds >= {D}",
    "ds IN ('{{ ds }} 10:00:00', '{{ ds }} 24:00:00')",
    "ds > '{{ ds }} 24:00:00'",
    f"CAST(ds AS TIMESTAMP) < {D} + INTERVAL 1 HOUR",
    f"date_trunc('month', ds) < {D} - INTERVAL 36 HOUR",
    f"ds = CAST({D} - INTERVAL '1 day 12:00:00' AS DATE)",
    f"ds >= CAST({D} + INTERVAL '3 days ago' AS DATE)",
    f"ds = CAST({D} + INTERVAL '1 month 2 days' AS DATE)",
)
ZONES = (
    "ds = CAST(TIMESTAMPTZ '{{ ds }} 01:00:00+05' AS DATE)",
    "ds = CAST(TIMESTAMPTZ '{{ ds }} 20:00:00-0700' AS DATE)",
    "ds = CAST(CAST('{{ ds }} 05:00:00 Asia/Tokyo' AS TIMESTAMPTZ) AS DATE)",
    "CAST(ds AS TIMESTAMPTZ) <= TIMESTAMPTZ '{{ ds }} 23:00:00 America/New_York'",
    "ds >= CAST(TIMESTAMP '{{ ds }} 01:00:00' AT TIME ZONE 'Asia/Tokyo' AS DATE)",
    "CAST(CAST(ds AS TIMESTAMP) AT TIME ZONE 'Asia/Tokyo' AS DATE) = DATE '{{ ds }}'",
    "date_trunc('month', CAST(ds AS TIMESTAMP) AT TIME ZONE 'Asia/Tokyo') = DATE '2024-02-01'",
    "date_trunc('month', CAST(ds AS TIMESTAMP)) AT TIME ZONE 'Asia/Tokyo' < TIMESTAMPTZ '{{ ds }} 00:00:00'",
)
NULLS = (
    f"ds BETWEEN greatest({D} - 6, CAST(NULL AS DATE)) AND {D}",
    f"ds <= least({D}, NULL)",
    "ds = CAST(concat('{{ ds }}', NULL) AS DATE)",
    "ds = CAST(concat_ws('-', '2024', NULL, '02', '27') AS DATE)",
    f"ds = coalesce(nullif({D}, {D}), {D} - 1)",
    f"ds >= coalesce(nullif({D}, NULL), {D})",
    f"NOT (ds = nullif({D}, DATE '2024-02-01'))",
    f"ds IS NOT DISTINCT FROM CASE WHEN FALSE THEN {D} END",
)
TEXTS = (
    "CAST(ds AS VARCHAR) <= '{{ ds_nodash }}'",
    "CAST(ds AS VARCHAR) > '{{ ds[:7] }}'",
    "strftime(ds, '%Y%m%d') >= '{{ ds }}'",
    "strftime(ds, '%Y%m%d') <= '{{ ds }}'",
    "strftime(ds, '%Y%m%d') >= regexp_replace('{{ ds }}', '-', '')",
    "strftime(ds, '%Y%m%d') = regexp_replace('{{ ds }}', '-', '', 'g')",
    "CAST(CAST(ds AS TIMESTAMP) AS VARCHAR) > '{{ ds }}'",
    "CAST(ds - INTERVAL 1 DAY AS VARCHAR) > '{{ ds }}'",
    "CAST(ds - 1 AS VARCHAR) >= '{{ ds }}'",
    "CAST(date_trunc('month', ds) AS VARCHAR) >= '{{ ds[:8] }}01'",
    "strftime(ds, '%Y-%m') >= '{{ ds }}'",
    "strftime(ds, '%d/%m/%Y') >= '{{ ds }}'",
    "strftime(ds, '%d.%m.%Y') = '27.02.2024'",
    "CAST(strftime(ds, '%Y-%m-01') AS DATE) = date_trunc('month', DATE '{{ ds }}')",
    "strftime(ds, '%Y-%m-%d %H') > '{{ ds }}'",
    "CAST(CAST(ds AS VARCHAR) || '' AS DATE) = DATE '{{ ds }}'",
    "CAST(ds AS VARCHAR) IN ('{{ ds }}', '{{ ds_nodash }}')",
    "upper(CAST(ds AS VARCHAR)) = ltrim('  {{ ds }}')",
    "CAST(ds AS VARCHAR) = (SELECT strftime(max(ds), '%Y-%m-%d') FROM m.b)",
    "CAST(ds AS VARCHAR) >= (SELECT strftime(max(ds), '%Y%m%d') FROM m.b)",
    "date_trunc('month', ds) = (SELECT DATE '2024-02-01')",
    "date_trunc('month', ds) = (SELECT date_trunc('month', max(ds)) FROM m.b)",
    "date_trunc('month', ds) IN (SELECT date_trunc('month', ds) FROM m.b WHERE ds = DATE '{{ ds }}')",
)
CALENDARS = (
    f"ds BETWEEN {D} - CAST(weekday({D}) AS INT) AND {D}",
    f"ds BETWEEN {D} - CAST(dayofweek({D}) AS INT) AND {D}",
    f"ds > {D} - CAST(extract(isodow FROM {D}) AS INT)",
    "ds >= date_trunc('isoyear', DATE '{{ ds }}')",
    "date_trunc('isoyear', ds) = date_trunc('isoyear', DATE '{{ ds }}')",
    f"ds > {D} - CASE WHEN day({D}) = 29 THEN 9 ELSE 1 END",
    f"datediff('day', ds, {D}) BETWEEN 0 AND 3",
    f"datediff('day', {D}, ds) >= -2",
    f"{D} - ds < 3",
    f"ds - {D} IN (0, -1)",
    f"NOT (datediff('day', ds, {D}) > 2)",
    f"datediff('week', ds, {D}) = 0",
    f"ds + INTERVAL 1 MONTH > {D}",
    f"last_day(ds) = last_day({D})",
)
CONDITIONS = {
    "negations": NEGATIONS,
    "times": TIMES,
    "zones": ZONES,
    "nulls": NULLS,
    "texts": TEXTS,
    "calendars": CALENDARS,
}
QUERIES = (
    "WITH p AS (SELECT TIMESTAMP '{{ ds }} 12:00:00' AS cut) SELECT a.* FROM m.a AS a, p WHERE a.ds < p.cut",
    "WITH p AS (SELECT '{{ ds }} 00:00:00' AS cut) SELECT a.* FROM m.a AS a, p WHERE CAST(a.ds AS VARCHAR) < p.cut",
    f"WITH p AS (SELECT {D} AS lo, {D} + 1 AS hi) SELECT a.* FROM m.a AS a, p WHERE a.ds >= p.lo AND a.ds < p.hi",
    "WITH p AS (SELECT '{{ ds_nodash }}' AS d) SELECT a.* FROM m.a AS a, p WHERE strftime(a.ds, '%Y-%m-%d') >= p.d",
    "SELECT * FROM (SELECT strftime(ds, '%Y%m%d') AS d, v FROM m.a) WHERE d <= '{{ ds }}'",
    "SELECT * FROM (SELECT strftime(ds, '%Y-%m') AS d, v FROM m.a) WHERE d = '{{ ds[:7] }}'",
    (
        "SELECT p.d, b.ds FROM (SELECT strftime(ds, '%Y-%m') AS d FROM m.a) AS p JOIN m.b ON p.d = strftime(b.ds, '%Y-%m')"
        f" WHERE b.ds = {D}"
    ),
    "SELECT strftime(ds, '%Y-%m') AS mon, max(v) FROM m.a GROUP BY 1 HAVING max(ds) >= DATE '{{ ds }}'",
    "SELECT * FROM (SELECT ds, v FROM m.a TABLESAMPLE reservoir(5 ROWS) REPEATABLE (1)) WHERE ds >= DATE '{{ ds }}' - 2",
    f"SELECT * FROM (SELECT ds, v FROM m.a USING SAMPLE reservoir(5 ROWS) REPEATABLE (1)) WHERE ds >= {D} - 2",
    f"SELECT a.ds, b.ds AS d, b.v FROM m.a ASOF JOIN m.b USING (id, ds) WHERE a.ds = {D}",
    f"SELECT a.ds, b.ds, b.v FROM m.a ASOF LEFT JOIN m.b ON a.id = b.id AND a.ds > b.ds WHERE a.ds = {D}",
    f"SELECT a.ds, b.v FROM m.a ASOF JOIN m.b ON a.id = b.id AND a.ds >= b.ds WHERE a.ds = {D} AND b.v < 5",
    f"SELECT a.ds, v.d FROM m.a, LATERAL (VALUES (a.ds - 1), (a.ds + 2)) AS v(d) WHERE v.d = {D}",
    f"SELECT a.ds, v.d FROM m.a, LATERAL (SELECT a.ds - 3 AS d) AS v WHERE v.d <= {D} - 5",
    f"SELECT a.ds, v.d FROM m.a CROSS JOIN LATERAL (VALUES ({D})) AS v(d) WHERE a.ds = v.d",
    f"SELECT b.* FROM m.a LEFT JOIN m.b ON a.ds = b.ds WHERE b.ds IS NOT DISTINCT FROM nullif({D}, {D})",
    (
        f"SELECT coalesce(a.id, b.id), a.v, b.v FROM m.a FULL JOIN m.b ON a.id = b.id AND a.ds = b.ds"
        f" WHERE coalesce(a.ds, b.ds) = {D}"
    ),
)
TEXT_CASES = [
    *(
        pytest.param(f"SELECT ds, id, v FROM m.a WHERE {condition}", id=f"{kind}: {condition}")
        for kind, conditions in CONDITIONS.items()
        for condition in conditions
    ),
    *(pytest.param(text, id=text) for text in QUERIES),
]
DAYS = (date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 3))


@pytest.fixture(scope="module")
def lake() -> Lake:
    return Lake("DATE", around(date(2024, 2, 29), 75, 40))


@pytest.mark.parametrize("dialect", ["duckdb", "postgres"])
@pytest.mark.parametrize("text", TEXT_CASES)
def test_rows_do_not_depend_on_days_that_were_not_found(lake: Lake, text: str, dialect: str) -> None:
    for day in DAYS:
        sql = render(text, day).text
        found = days_read(text, day, dialect)
        shown = {table: is_in(days) for table, days in found.items()}
        assert lake.result_rows(sql, shown) == lake.all_rows(sql), (day, found)
