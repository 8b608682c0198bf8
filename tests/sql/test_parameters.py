"""Parameters that other programs fill in: each is found, whatever the parser makes of it, and nothing else is."""

from __future__ import annotations

import pytest

from drawloom.sql import analyze
from drawloom.sql.parameters import find_parameters


def names(text: str, dialect: str = "duckdb") -> list[str]:
    return [one.text for one in find_parameters(text, dialect)]


@pytest.mark.parametrize(
    ("dialect", "text", "expected"),
    [
        ("hive", "SELECT a FROM ${hiveconf:src} WHERE ds = '${hivevar:day}'", ["${hiveconf:src}", "${hivevar:day}"]),
        ("hive", "SELECT a FROM core.${tbl} JOIN `core.ev_${env}` USING (a)", ["${tbl}", "${env}"]),
        ("spark", "SELECT a FROM IDENTIFIER(:t) WHERE ds = :day", ["IDENTIFIER(:t)", ":day"]),
        ("spark", "SELECT a FROM IDENTIFIER('core' || '.t')", ["IDENTIFIER('core' || '.t')"]),
        ("bigquery", "SELECT a FROM x WHERE ds = @day AND b = @@time_zone", ["@day"]),
        ("bigquery", 'SELECT a FROM ${ref("events")} JOIN ${self()}', ['${ref("events")}', "${self()}"]),
        ("snowflake", "SELECT $1, t.$2 FROM @stage/a.csv (FILE_FORMAT => 'x') t", ["@stage/a.csv"]),
        ("snowflake", "SELECT a FROM TABLE($t) WHERE ds = $day", ["$t", "$day"]),
        ("postgres", "SELECT a FROM x WHERE ds = $1 AND b = %(b)s", ["$1", "%(b)s"]),
        ("redshift", "SELECT a FROM :schema.x WHERE ds = :'day'", [":schema", ":'day'"]),
        ("trino", "SELECT a FROM x WHERE ds = ? AND b IN (?)", ["?"]),
        ("snowflake", "SELECT a FROM &db.core.t", ["&db"]),
        ("duckdb", "SELECT a FROM @{schema}.t WHERE ds = $day", ["@{schema}", "$day"]),
    ],
)
def test_parameters_are_found(dialect: str, text: str, expected: list[str]) -> None:
    assert names(text, dialect) == expected


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("snowflake", "SELECT v:a.b, v:c::INT, $1 FROM IDENTIFIER('core.t')"),
        ("duckdb", "SELECT l[:2], l[1:n], {'a':x, b:1}, a @> b, a & b, x ->> '$.a' FROM t -- :x ${y} @z"),
        ("postgres", "SELECT $$ ${a} :b $$, $t$ @c $t$, a ? 'k', '@x', 'a:b', \"c:d\" FROM t /* :e */"),
        ("mysql", "SET @r := 0; SELECT @r := @r + 1 FROM t"),
        ("snowflake", "SET day = '2024-01-01'; SELECT a FROM t WHERE ds = $day"),
        ("bigquery", "DECLARE d DATE; SELECT a FROM t WHERE ds = @run_date"),
        ("snowflake", "SELECT user@host, a FROM t"),
    ],
)
def test_nothing_else_is_a_parameter(dialect: str, text: str) -> None:
    assert names(text, dialect) == []


def test_a_literal_identifier_is_the_table_that_it_names() -> None:
    for dialect in ("snowflake", "spark"):
        analysis = analyze(
            "INSERT INTO IDENTIFIER('m.o') SELECT a FROM IDENTIFIER('core.t') WHERE ds = '{{ ds }}'", dialect=dialect
        )
        assert [read.table for read in analysis.reads] == ["core.t"]
        assert [write.table for write in analysis.writes] == ["m.o"]


def test_a_day_is_told_our_word_and_a_table_where_its_name_comes_from() -> None:
    table, day = find_parameters("SELECT a FROM ${src} WHERE ds = '${day}'", "hive")
    assert "{{ params.name }}" in table.fix
    assert day.fix.startswith("Write '{{ ds }}'")


@pytest.mark.parametrize("junk", ["'", "${", "$", "@", '"', "/*", ":a", "$a$", " @a/", "IDENTIFIER(", "&a ", "@a:"])
def test_long_junk_ends_soon(junk: str) -> None:
    assert isinstance(names(junk * 20_000), list)
