"""Texts of kinds that were once read wrong: what they give must not depend on the days that were not found."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

import pytest

from drawloom.model import ALL
from drawloom.sql.catalog import CatalogEntry
from drawloom.sql.template.rendering import render
from tests.sql.days.on_a_day import Lake, around, days_read, is_in
from tests.sql.days.random_sql import DAY_TESTS, RandomSql

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
    "left(CAST(ds AS VARCHAR), 7) = '{{ ds[:7] }}'",
    "left(CAST(ds AS VARCHAR), 7) <> '{{ ds[:7] }}'",
    "NOT left(CAST(ds AS VARCHAR), 7) <> '{{ ds[:7] }}'",
    "left(CAST(ds AS VARCHAR), 7) >= '{{ ds[:7] }}'",
    "left(CAST(ds AS VARCHAR), -3) = '{{ ds[:7] }}'",
    "left(CAST(ds AS VARCHAR), 6) = '{{ ds[:7] }}'",
    "left(CAST(ds - 1 AS VARCHAR), 7) = '{{ ds[:7] }}'",
    "substr(CAST(ds AS VARCHAR), 1, 4) = '2024'",
    "substr(CAST(ds AS VARCHAR), 0, 8) = '{{ ds[:7] }}'",
    "substr(CAST(ds AS VARCHAR), 6, 2) = '02'",
    "substring(CAST(ds AS VARCHAR) FROM 1 FOR 10) IN ('{{ ds }}', '{{ yesterday_ds }}')",
    "substring(CAST(ds AS VARCHAR), 1, 7) NOT IN ('{{ ds[:7] }}', '2024-01')",
    "starts_with(CAST(ds AS VARCHAR), '{{ ds[:8] }}')",
    "NOT starts_with(CAST(ds AS VARCHAR), '{{ ds[:8] }}')",
    "starts_with(CAST(ds AS VARCHAR), '2024-%')",
    "starts_with(CAST(date_trunc('month', ds) AS VARCHAR), '{{ ds[:8] }}')",
    "CAST(ds AS VARCHAR) ILIKE '{{ ds[:8] }}%'",
    "CAST(ds AS VARCHAR) NOT ILIKE '{{ ds[:8] }}%'",
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
    f"datediff('month', ds, {D}) = 1",
    f"datediff('month', {D}, ds) BETWEEN -2 AND -1",
    f"NOT (datediff('month', ds, {D}) > 0)",
    f"datediff('quarter', ds, {D}) < 1",
    f"datediff('year', ds, {D}) <> 0",
    f"datediff('month', ds, {D}) = NULL",
    f"datediff('month', ds - 1, {D}) = 0",
    f"datediff('month', date_trunc('month', ds), {D}) = 0",
    f"list_contains([{D}, {D} - 3], ds)",
    f"NOT list_contains([{D}, {D} - 3], ds)",
    f"list_contains([{D}, NULL], ds)",
    f"list_contains([ds], {D})",
    f"ds = ANY([{D}, {D} - 3])",
    f"ds <> ANY([{D}, {D} - 3])",
    f"NOT (ds = ANY([{D}, {D} - 3]))",
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
# Conditions on a key that holds times of days.
ON_TIMES = (
    "event_ts < TIMESTAMP '{{ ds }} 24:00:00'",
    "event_ts <= DATE '{{ ds }}'",
    "event_ts > DATE '{{ ds }}'",
    "event_ts = '{{ ds }} 05:30:00'",
    "event_ts <> '{{ ds }} 00:00:00'",
    "event_ts >= TIMESTAMPTZ '{{ ds }} 03:00:00 Asia/Tokyo' AND event_ts < TIMESTAMPTZ '{{ ds }} 03:00:00+00'",
    "CAST(event_ts AS VARCHAR) > '{{ ds }}'",
    "CAST(event_ts AS VARCHAR) <= '{{ ds }}'",
    "CAST(event_ts AS VARCHAR) LIKE '{{ ds }} 05%'",
    "CAST(event_ts AS VARCHAR) < '{{ ds }} 05'",
    "strftime(event_ts, '%Y-%m-%d %H:%M') = '{{ ds }} 05:30'",
    "strftime(event_ts, '%Y%m%d') = '{{ ds_nodash }}'",
    "CAST(event_ts AS DATE) <> DATE '{{ ds }}'",
    "CAST(event_ts + INTERVAL 12 HOUR AS DATE) = DATE '{{ ds }}'",
    "CAST(event_ts - INTERVAL 36 HOUR AS DATE) >= DATE '{{ ds }}'",
    "event_ts + INTERVAL 1 MONTH > TIMESTAMP '{{ ds }} 04:00:00'",
    "event_ts + INTERVAL 1 MONTH <> TIMESTAMP '{{ ds }} 00:00:00'",
    "CAST(event_ts + INTERVAL 1 MONTH AS VARCHAR) > '{{ ds }}'",
    "CAST(event_ts + INTERVAL 1 MONTH AS DATE) = DATE '{{ ds }}' + 29",
    "date_trunc('month', event_ts - INTERVAL 1 DAY) = DATE '2024-02-01'",
    "date_trunc('hour', event_ts) > DATE '{{ ds }}'",
    "date_trunc('day', event_ts) <> event_ts",
    "date_trunc('day', event_ts) < CAST(event_ts AS TIMESTAMP) AND event_ts < DATE '{{ ds }}'",
    "last_day(event_ts) = last_day(DATE '{{ ds }}')",
    "datediff('day', event_ts, TIMESTAMP '{{ ds }} 01:00:00') BETWEEN 0 AND 1",
    "datediff('month', event_ts, TIMESTAMP '{{ ds }} 01:00:00') = 0",
    "left(CAST(event_ts AS VARCHAR), 10) = '{{ ds }}'",
    "list_contains([TIMESTAMP '{{ ds }} 05:30:00'], event_ts)",
    "DATE '{{ ds }}' - CAST(event_ts AS DATE) < 2",
    "date_trunc('month', event_ts AT TIME ZONE 'Asia/Tokyo') = DATE '2024-03-01'",
    "nullif(event_ts, DATE '{{ ds }}') <= DATE '{{ ds }}'",
    "event_ts > (SELECT max(event_ts) FROM m.b WHERE event_ts < TIMESTAMP '{{ ds }} 02:00:00')",
    "event_ts IN (SELECT event_ts FROM m.b WHERE CAST(event_ts AS DATE) = DATE '{{ ds }}')",
    "EXISTS (SELECT 1 FROM m.b WHERE b.event_ts > a.event_ts AND b.event_ts < TIMESTAMP '{{ ds }} 06:00:00')",
    "year(event_ts) = 2023",
)
DAY = date(2024, 2, 29)
MORE_DAYS = [pytest.param(day, marks=pytest.mark.nightly) for day in (date(2024, 2, 28), date(2024, 3, 3))]


@pytest.fixture(scope="module")
def lake() -> Lake:
    return Lake("DATE", around(DAY, 75, 40))


@pytest.fixture(scope="module")
def times() -> Lake:
    return Lake("TIMESTAMP", around(DAY, 75, 40), times=True, key="event_ts")


@pytest.mark.parametrize("day", [DAY, *MORE_DAYS])
@pytest.mark.parametrize("text", TEXT_CASES)
def test_rows_do_not_depend_on_days_that_were_not_found(lake: Lake, text: str, day: date) -> None:
    sql = render(text, day).text
    whole = lake.whole_result(sql)
    for dialect in ("duckdb", "postgres"):
        found = days_read(text, day, dialect)
        shown = {table: is_in(days) for table, days in found.items()}
        assert lake.result(sql, shown) == whole, (dialect, found)


@pytest.mark.parametrize("day", [DAY, *MORE_DAYS])
@pytest.mark.parametrize("condition", ON_TIMES)
def test_rows_do_not_depend_on_days_that_were_not_found_for_times(times: Lake, condition: str, day: date) -> None:
    text = f"SELECT event_ts, id, v FROM m.a WHERE {condition}"
    sql = render(text, day).text
    whole = times.whole_result(sql)
    for dialect in ("duckdb", "postgres"):
        found = days_read(text, day, dialect, keys=("event_ts",))
        shown = {table: is_in(days, "event_ts") for table, days in found.items()}
        assert times.result(sql, shown) == whole, (dialect, found)


WITH_PARAMETERS = (
    "WITH p AS (SELECT {lo} AS lo, {hi} AS hi) SELECT a.* FROM m.a AS a, p WHERE a.{key} >= p.lo AND a.{key} < p.hi"
)
SERIES = "generate_series(DATE '{{ ds }}' - 6, DATE '{{ ds }}', INTERVAL 1 DAY)"
SPLIT = "year = {{ logical_date.year }} AND month = {{ logical_date.month }}"
# Dialect, keys, text, and the offsets of each table that it reads.
NOT_TOO_MUCH: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("duckdb", "ds", WITH_PARAMETERS.format(lo=D, hi=f"{D} + 1", key="ds"), {"m.a": [(0, 0)]}),
    ("duckdb", "event_ts", WITH_PARAMETERS.format(lo=D, hi=f"{D} + INTERVAL 1 DAY", key="event_ts"), {"m.a": [(0, 0)]}),
    ("spark", "ds", "SELECT 1 FROM m.a WHERE datediff('{{ ds }}', ds) BETWEEN 0 AND 6", {"m.a": [(-6, 0)]}),
    ("trino", "ds", "SELECT 1 FROM m.a WHERE date_diff('day', ds, DATE '{{ ds }}') < 3", {"m.a": None}),
    ("duckdb", "ds", f"SELECT 1 FROM m.a WHERE {D} - ds IN (0, 1)", {"m.a": None}),
    ("duckdb", "ds", f"SELECT 1 FROM m.a WHERE {D} - ds BETWEEN 0 AND 1", {"m.a": [(-1, 0)]}),
    ("duckdb", "ds", f"SELECT 1 FROM {SERIES} AS g(d) JOIN m.a ON a.ds = g.d", {"m.a": [(-6, 0)]}),
    ("duckdb", "ds", f"WITH d AS (SELECT unnest({SERIES})::DATE AS d) SELECT 1 FROM d JOIN m.a ON a.ds = d.d", {"m.a": [(-6, 0)]}),
    ("duckdb", "ds", f"SELECT 1 FROM range({D} - 1, {D} + 1, INTERVAL 1 DAY) AS g(d) JOIN m.a ON a.ds = g.d", {"m.a": [(-1, 0)]}),
    ("duckdb", "ds", f"SELECT 1 FROM unnest([{D}, {D} - 2]) AS g(d) JOIN m.a ON a.ds = g.d", {"m.a": [(-2, -2), (0, 0)]}),
    ("bigquery", "ds", "SELECT 1 FROM UNNEST(GENERATE_DATE_ARRAY('{{ macros.ds_add(ds, -2) }}', '{{ ds }}')) AS d JOIN m.a ON a.ds = d",
     {"m.a": [(-2, 0)]}),
    ("spark", "ds", "SELECT 1 FROM (SELECT explode(sequence(date_sub('{{ ds }}', 2), to_date('{{ ds }}'))) AS d) AS g JOIN m.a ON a.ds = g.d",
     {"m.a": [(-2, 0)]}),
    ("duckdb", "ds", f"SELECT 1 FROM m.a FULL JOIN m.b ON a.id = b.id AND a.ds = b.ds WHERE coalesce(a.ds, b.ds) = {D}",
     {"m.a": [(0, 0)], "m.b": [(0, 0)]}),
    ("duckdb", "ds", ("SELECT 1 FROM m.a FULL JOIN m.b ON a.ds = b.ds FULL JOIN m.c ON coalesce(a.ds, b.ds) = c.ds"
     f" WHERE coalesce(a.ds, b.ds, c.ds) = {D}"), {"m.a": [(0, 0)], "m.b": [(0, 0)], "m.c": [(0, 0)]}),
    ("duckdb", "ds", f"SELECT 1 FROM m.a FULL JOIN m.b ON a.id = b.id WHERE coalesce(a.ds, b.ds) = {D}", {"m.a": None, "m.b": None}),
    ("hive", "year,month,day", f"SELECT 1 FROM m.a WHERE {SPLIT} AND day = {{{{ logical_date.day }}}}", {"m.a": [(0, 0)]}),
    ("hive", "year,month,day,hour", f"SELECT 1 FROM m.a WHERE {SPLIT} AND day = '{{{{ ds[8:] }}}}' AND hour = '03'", {"m.a": [(0, 0)]}),
    ("hive", "year,month,day", f"SELECT 1 FROM m.a WHERE {SPLIT}", {"m.a": [(-28, 0)]}),
    ("hive", "year,month,day", f"SELECT 1 FROM m.a JOIN m.b ON a.year = b.year AND a.month = b.month WHERE a.{SPLIT.replace('AND ', 'AND a.')}",
     {"m.a": [(-28, 0)], "m.b": None}),
    ("duckdb", "ds", f"SELECT 1 FROM m.a, m.b WHERE b.ds = {D} AND b.ds > {D}", {"m.a": [], "m.b": []}),
    ("duckdb", "ds", "SELECT * FROM (SELECT max(v) FROM m.a) CROSS JOIN m.b WHERE b.ds <> b.ds", {"m.a": [], "m.b": []}),
    ("duckdb", "ds", f"SELECT 1 FROM m.a WHERE last_day(ds) = last_day({D} - 31)", {"m.a": [(-59, -29)]}),
    ("duckdb", "ds", f"SELECT 1 FROM m.a WHERE coalesce(ds, DATE '2024-01-01') = {D}", {"m.a": [(0, 0)]}),
    ("duckdb", "ds", f"SELECT 1 FROM m.b LEFT JOIN m.a ON a.id = b.id WHERE coalesce(a.ds, {D}) = {D}", {"m.a": None, "m.b": None}),
    ("duckdb", "ds", f"(SELECT ds FROM m.a) INTERSECT (SELECT ds FROM m.b WHERE ds = {D})", {"m.a": [(0, 0)], "m.b": [(0, 0)]}),
    ("duckdb", "ds", f"(SELECT ds FROM m.a WHERE ds = {D}) EXCEPT (SELECT ds FROM m.b)", {"m.a": [(0, 0)], "m.b": [(0, 0)]}),
    ("duckdb", "ds", f"(SELECT ds FROM m.a WHERE ds = {D}) EXCEPT (SELECT b.ds FROM m.c LEFT JOIN m.b ON b.id = c.id)",
     {"m.a": [(0, 0)], "m.b": None, "m.c": None}),
    ("duckdb", "ds", "SELECT 1 FROM m.a WHERE year(ds) = year(DATE '{{ ds }}') AND ds <= DATE '{{ ds }}'", {"m.a": [(-59, 0)]}),
    ("bigquery", "ds", "SELECT 1 FROM m.a WHERE STARTS_WITH(ds, '{{ ds[:8] }}')", {"m.a": [(-28, 0)]}),
    ("postgres", "ds", "SELECT 1 FROM m.a WHERE ds ILIKE '{{ ds[:8] }}%'", {"m.a": [(-28, 0)]}),
    ("duckdb", "ds", f"SELECT 1 FROM m.a WHERE datediff('month', ds, {D}) = 0", {"m.a": [(-28, 0)]}),
    ("snowflake", "ds", f"SELECT 1 FROM m.a WHERE DATEDIFF(month, ds, {D}) BETWEEN 1 AND 2", {"m.a": [(-90, -29)]}),
    ("duckdb", "ds", f"SELECT 1 FROM m.a WHERE datediff('quarter', {D}, ds) = 0", {"m.a": [(-59, 31)]}),
    ("spark", "ds", "SELECT 1 FROM m.a WHERE datediff(MONTH, ds, '{{ ds }}') = 0", {"m.a": None}),
    ("duckdb", "ds", f"SELECT 1 FROM m.a WHERE list_contains([{D}, {D} - 7], ds)", {"m.a": [(-7, -7), (0, 0)]}),
    ("duckdb", "ds", f"SELECT 1 FROM m.a WHERE ds = ANY([{D}, {D} - 7])", {"m.a": [(-7, -7), (0, 0)]}),
    ("duckdb", "ds", f"SELECT 1 FROM m.a WHERE NOT ds = ANY([{D}, {D} - 7])", {"m.a": None}),
)  # fmt: skip


@pytest.mark.parametrize(("dialect", "keys", "text", "expected"), NOT_TOO_MUCH)
def test_not_more_days_than_needed(dialect: str, keys: str, text: str, expected: dict[str, Any]) -> None:
    found = {
        table: None if days == ALL else list(days.shift(-DAY.toordinal()).spans)
        for table, days in days_read(text, DAY, dialect, keys.split(",")).items()
    }
    assert found == expected


def test_the_share_of_tables_of_which_all_days_are_read(lake: Lake) -> None:
    """Of the property's random texts; each percent that this grows is a day's worth of data read in vain somewhere."""
    pick, read, whole = Random(5), 0, 0
    for _ in range(150):
        found = days_read(_FirstTests(pick.choice).script(), DAY)
        read, whole = read + len(found), whole + sum(days == ALL for days in found.values())
    assert whole / read < 0.46, whole / read


class _FirstTests(RandomSql):
    day_tests = DAY_TESTS


TYPED = {
    "m.a": CatalogEntry(("ds", "country"), {"ds": "DATE", "country": "VARCHAR", "name": "VARCHAR", "number": "INTEGER"})
}
ON_OTHER_COLUMNS = (
    "name = 'tea'",
    "name IN ('tea', 'milk')",
    "name > 'tea'",
    "name BETWEEN 'tea' AND 'zest'",
    "name > '2024-07-17' AND name < '2024-07-18'",
    "name = '2024-07-17 or so'",
    "name LIKE '2024-07-17' AND name <> '2024-07-17'",
    "(name = 'tea' OR number = 20240732)",
    "lower(name) = 'tea'",
    "country = 'US'",
    "number = 20240732",
    "number > 20240717 AND number < 20240718",
    "CAST(number AS VARCHAR) = 'x'",
)


@pytest.mark.parametrize("condition", ON_OTHER_COLUMNS)
@pytest.mark.parametrize(
    "text",
    [
        f"SELECT 1 FROM m.a WHERE ds = {D} AND {{}}",
        f"SELECT 1 FROM m.a WHERE ds = {D} AND ({{}} OR number IS NULL)",
        f"SELECT 1 FROM (SELECT ds, name, number, country FROM m.a) AS q WHERE q.ds = {D} AND {{}}",
        f"SELECT 1 FROM m.a WHERE ds = {D} GROUP BY ds, name, number, country HAVING {{}}",
    ],
)
def test_conditions_on_columns_that_hold_no_days_hide_no_day(text: str, condition: str) -> None:
    found = days_read(text.format(condition).replace("{ ds }", "{{ ds }}"), DAY, catalog=TYPED)
    assert DAY.toordinal() in found["m.a"]
