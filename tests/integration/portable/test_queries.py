"""Queries of DuckDB give the same rows on Spark and Trino: clauses, casts, functions, the closed list with its edges."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.portable.same import Same

pytestmark = pytest.mark.engines

HERE = Path(__file__).parent
QUERIES = [
    line for name in ("queries.sql", "functions.sql") for line in (HERE / name).read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("engine", ["spark", "trino"])
@pytest.mark.parametrize("sql", QUERIES)
def test_a_query(same: Same, sql: str, engine: str) -> None:
    assert same.state(sql, engine) == "equal"


def test_a_query_that_is_said_wrongly_would_be_seen(same: Same) -> None:
    run = same.engines["spark"]
    wrong = Same({"spark": lambda _: run("SELECT 2 AS a")}, same.duck)
    assert wrong.state("SELECT 1 AS a", "spark").startswith("DuckDB gives [(1,)], spark gives [(2,)]")
