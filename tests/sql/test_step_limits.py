"""What the SQL of a step may not contain, whichever way its template spells it."""

from __future__ import annotations

import pytest

from drawloom.model import Problem
from drawloom.sql import analyze


def found(text: str, engine: str = "duckdb", dialect: str = "duckdb") -> list[Problem]:
    problems = analyze(text, dialect=dialect, engine=engine, target="core.t").problems
    return [one for one in problems if one.code in {"reads-files", "not-allowed", "not-a-select", "writes"}]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a FROM core.b WHERE ds = '{{ ds }}'",
        "SELECT trim('/' FROM '/a/'), a GLOB 'x*' FROM core.b",
        'WITH "a.csv" AS (SELECT 1 AS x) SELECT x FROM "a.csv"',
        'SELECT * FROM core."x.csv"',
        "SELECT * FROM range(3), unnest([1])",
    ],
)
def test_selects_of_tables_are_fine(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "code", "named", "place"),
    [
        ("SELECT *\nFROM {{ 'read_parquet' }}('x')", "reads-files", "read_parquet(...)", (2, 6)),
        ("SELECT * FROM read_{# #}parquet('x')", "reads-files", "read_parquet(...)", (1, 15)),
        ("SELECT * FROM {% set a = 'csv' %}read_{{ a }}('x')", "reads-files", "read_csv(...)", (1, 34)),
        ("SELECT * FROM json_execute_serialized_sql('x')", "not-allowed", "json_execute_serialized_sql", (1, 15)),
        ("SELECT * FROM parquet_metadata('x')", "reads-files", "parquet_metadata(...)", (1, 15)),
        ("SELECT * FROM system.main.Read_Parquet ('a')", "reads-files", "read_parquet(...)", (1, 27)),
        ("SELECT * FROM 'a.parquet'", "reads-files", "a.parquet", (1, 15)),
        ("SELECT * FROM '{{ 'a.' ~ 'parquet' }}'", "reads-files", "a.parquet", None),
        ('SELECT * FROM a JOIN "data/x.csv" USING (x)', "reads-files", "data/x.csv", (1, 22)),
        ("SELECT getenv('HOME')", "not-allowed", "getenv(...)", (1, 8)),
        ("SELECT * FROM sqlite_scan('a', 'b')", "reads-files", "sqlite_scan(...)", (1, 15)),
        ("{{ 'COPY (SELECT 1) TO' }} 'x.csv'", "not-a-select", "COPY", None),
        ("SELECT 1{{ ';' }} {{ 'DROP TABLE core.x' }}", "not-a-select", "DROP", None),
        ("{{ 'ATTACH' }} 'x.db' AS x", "not-a-select", "ATTACH", None),
        ("WITH a AS ({{ 'INSERT INTO b SELECT 1' }}) SELECT * FROM a", "writes", "INSERT", None),
    ],
)
def test_other_texts_are_refused_as_they_render(
    text: str, code: str, named: str, place: tuple[int, int] | None
) -> None:
    problem = found(text)[0]
    assert problem.code == code
    assert problem.severity == "error"
    assert named in problem.message
    assert place is None or (problem.where.line, problem.where.column) == place
    assert problem.fix


def test_spark_runs_no_other_code_and_opens_no_files() -> None:
    assert found("SELECT reflect('java.lang.System', 'getenv')", "spark", "spark")[0].code == "not-allowed"
    assert found("SELECT * FROM parquet.`/data/x.parquet`", "spark", "spark")[0].code == "reads-files"
    assert found("SELECT current_schema(), my_scan(a) FROM core.b", "spark", "spark") == []


def test_a_text_that_nothing_runs_may_read_files() -> None:
    assert not [one for one in analyze("SELECT * FROM read_csv('x')").problems if one.code == "reads-files"]
