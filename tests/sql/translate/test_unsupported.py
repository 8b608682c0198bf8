"""Unsupported constructs are refused, with their text, their place and what to write instead."""

from __future__ import annotations

import pytest

from drawloom.model import InputError, Where
from drawloom.sql.dialect import transpile
from drawloom.sql.duckdb_functions import DUCKDB_FUNCTIONS
from drawloom.sql.translate.portable import PORTABLE_FUNCTIONS
from drawloom.sql.translate.translator import AGGREGATE_NAMES, FUNCTION_RULES

COLUMNS = {
    "t": {"id": "INTEGER", "k": "VARCHAR", "v": "DOUBLE", "d": "DATE", "arr": "INTEGER[]", "m": "MAP(VARCHAR, INTEGER)"}
}
UNSUPPORTED = [
    ("SELECT histogram_exact(k) FROM t", "Use the functions of docs/portable.md."),
    ("SELECT hash(k) FROM t", "Write bucket(x, salt, n)"),
    ("SELECT list_filter(arr, x -> x > 1) FROM t", "Write lambda x: x > 1."),
    ("SELECT CAST(v AS VARCHAR) FROM t", "Cast to DECIMAL(18, 4) first"),
    ("SELECT CAST(k AS UUID) FROM t", "Cast to a type that every engine has"),
    ("SELECT TRY_CAST(k AS TIMESTAMP) FROM t", "Write try_strptime(x"),
    ("SELECT v // 2 FROM t", "Write floor(a / b)"),
    ("SELECT first(k) FROM t", "Write first(x ORDER BY y)"),
    ("SELECT mode(k) FROM t", "Write arg_max"),
    ("SELECT regexp_matches(k, '[[:alpha:]]') FROM t", "Write the pattern as a text"),
    ("SELECT regexp_matches(k, k) FROM t", "Write the pattern as a text"),
    ("SELECT regexp_replace(k, 'a', 'b') FROM t", "'g'"),
    ("SELECT strftime(d, '%U') FROM t", "Write the format as a text"),
    ("SELECT INTERVAL '1 day 2 hours' + d FROM t", "Write one unit"),
    ("SELECT d + 1.5 FROM t", "Write CAST(x AS DATE)"),
    ("SELECT arr = arr FROM t", "Compare the fields or elements one by one"),
    ("SELECT (id, 1) < (2, 3) FROM t", "Compare the members one by one"),
    ("SELECT id = ANY(SELECT 1) FROM t", "Write x IN (SELECT ...)"),
    ("SELECT quantile_cont(v, id) FROM t", "Write the quantiles as numbers"),
    ("SELECT count(DISTINCT id, k) FROM t", "Write count with 0 to 1 arguments."),
    ("SELECT k GLOB 'a*' FROM t", "docs/portable.md"),
    ("SELECT columns('a.*') FROM t", "docs/portable.md"),
    ("SELECT #1 FROM t", "docs/portable.md"),
    ("SELECT * FROM 'a.parquet'", "Declare the files as a source"),
    ("SELECT * FROM read_csv('a.csv')", "Declare files as a source"),
    ("SELECT * FROM t NATURAL JOIN u", "Write JOIN ... USING"),
    ("SELECT * FROM t POSITIONAL JOIN u", "Write JOIN ... USING"),
    ("SELECT * FROM t ASOF JOIN u ON d >= e", "with the table before every column"),
    ("SELECT * FROM u PIVOT (sum(n) FOR k IN ('a'))", "Read the table in a subquery that names its columns"),
    ("PIVOT t ON k USING count(*)", "Write a SELECT."),
    ("CREATE TABLE x AS SELECT 1", "Write a SELECT."),
    ("WITH RECURSIVE a AS (SELECT 1) SELECT * FROM a", "without RECURSIVE"),
    ("SELECT 1 UNION ALL BY NAME SELECT 2", "same order"),
    ("SELECT k FROM t LIMIT 10%", "Write LIMIT and a number."),
    ("SELECT DISTINCT ON (k) k FROM t", "Write ORDER BY"),
    ("SELECT -id AS id FROM t ORDER BY id + 0", "order by the name alone"),
    ("SELECT unnest(arr), count(*) FROM t GROUP BY 1", "Unnest in a query of its own."),
    ("SELECT sum(id) OVER (ORDER BY id RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t", "count ROWS"),
    ("SELECT id.x FROM t", "Take a field of a struct"),
    ("SELECT len(x) FROM u", "list_len"),
]  # fmt: skip


@pytest.mark.parametrize("target", ["spark", "trino"])
@pytest.mark.parametrize(("sql", "fix"), UNSUPPORTED)
def test_unsupported_construct(sql: str, fix: str, target: str) -> None:
    with pytest.raises(InputError) as caught:
        transpile(sql, "duckdb", target, COLUMNS)
    (problem,) = caught.value.problems
    assert problem.code == "unsupported-sql"
    assert problem.message.endswith(f", must be SQL that {target} has.")
    assert problem.fix
    assert fix in problem.fix.title
    assert problem.where.line == 1


def test_problem_has_the_place_of_the_construct() -> None:
    with pytest.raises(InputError) as caught:
        transpile("SELECT\n  id,\n  upper(hash(k)) AS h\nFROM t", "duckdb", "spark")
    assert caught.value.problems[0].where == Where(None, 3, 9)
    assert caught.value.problems[0].message == "sql == hash(k), must be SQL that spark has."


@pytest.mark.parametrize("target", ["spark", "trino"])
def test_duckdb_functions_without_a_rule_are_refused(target: str) -> None:
    for name in sorted(DUCKDB_FUNCTIONS - set(FUNCTION_RULES) - {"map", "unnest"}):
        with pytest.raises(InputError):
            transpile(f"SELECT {name}(x, 1) FROM t", "duckdb", target)


def test_rules_are_for_existing_functions() -> None:
    assert set(FUNCTION_RULES) - DUCKDB_FUNCTIONS - set(PORTABLE_FUNCTIONS) <= {"ifnull"}
    assert DUCKDB_FUNCTIONS | set(PORTABLE_FUNCTIONS) >= AGGREGATE_NAMES
