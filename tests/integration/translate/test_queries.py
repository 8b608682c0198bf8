"""Queries of DuckDB return the same rows on Spark and Trino: clauses, casts, functions, edge cases of portable functions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.integration.translate.comparison import EngineComparison, batches

pytestmark = pytest.mark.integration

HERE = Path(__file__).parent
QUERIES = [
    line for name in ("queries.sql", "functions.sql") for line in (HERE / name).read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("engine", ["spark", "trino"])
@pytest.mark.parametrize("texts", batches(QUERIES), ids=lambda texts: texts[0][:30])
def test_queries(comparison: EngineComparison, texts: Sequence[str], engine: str) -> None:
    compare_all = zip(texts, comparison.compare_all(texts, engine), strict=True)
    assert [found for found in compare_all if found[1] != "equal"] == []


def test_a_wrong_translation_is_reported(comparison: EngineComparison) -> None:
    run = comparison.engines["spark"]
    wrong = EngineComparison({"spark": lambda _: run("SELECT 2 AS a")}, comparison.duckdb_connection)
    assert wrong.compare("SELECT 1 AS a", "spark").startswith("DuckDB gives [(1,)], spark gives [(2,)]")
