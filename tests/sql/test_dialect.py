from __future__ import annotations

import pytest

from drawloom.model import InputError
from drawloom.sql.dialect import DIALECTS, check_dialect, quoted, transpile


def test_dialects_have_aliases_and_suggestions() -> None:
    assert [check_dialect(name) for name in DIALECTS] == list(DIALECTS)
    assert check_dialect("SparkSQL") == "spark"
    assert check_dialect("ansi") == ""
    with pytest.raises(InputError, match="Did you mean bigquery"):
        check_dialect("bigquerry")
    with pytest.raises(InputError, match="Name one of them"):
        check_dialect("?")


def test_every_part_of_an_identifier_is_quoted() -> None:
    assert quoted("core.my table") == '"core"."my table"'
    assert quoted('a"b') == '"a""b"'
    assert quoted("a.b", "spark") == "`a`.`b`"


def test_sql_is_transpiled() -> None:
    assert transpile("SELECT date_sub('2024-01-01', 7)", "spark", "duckdb").startswith(
        "SELECT CAST('2024-01-01' AS DATE)"
    )
    assert transpile("SELECT 1; SELECT 2", "duckdb", "trino") == "SELECT 1;\nSELECT 2"


def test_constructs_that_another_dialect_lacks_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        transpile("SELECT * FROM t PIVOT (sum(n) FOR k IN ('a'))", "duckdb", "trino")
    (problem,) = caught.value.problems
    assert problem.code == "unsupported-sql"
    assert "PIVOT" in problem.message
    with pytest.raises(InputError, match="whole statement"):
        transpile("SELECT FROM FROM", "duckdb", "trino")
