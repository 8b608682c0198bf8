"""Random expressions of DuckDB have the same values on Spark and Trino."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import duckdb
import pytest

from drawloom.model import InputError
from drawloom.sql.dialect import transpile
from tests.integration.translate.comparison import EngineComparison, batches, normal
from tests.integration.translate.expressions import RULES, TABLE, expression, expressions

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def table(comparison: EngineComparison) -> EngineComparison:
    comparison.create("r", TABLE)
    return comparison


def runs_on_duckdb(comparison: EngineComparison, expressions_: list[str]) -> list[str]:
    """The expressions that DuckDB evaluates without an error on every row."""
    found = []
    for each in expressions_:
        with contextlib.suppress(duckdb.Error):
            comparison.rows(f"SELECT {each} AS x FROM r")
            found.append(each)
    return found


def query(expressions_: Sequence[str]) -> str:
    return f"SELECT id, {', '.join(f'{each} AS x{at}' for at, each in enumerate(expressions_))} FROM r ORDER BY id"


def differences(comparison: EngineComparison, engine: str, expressions_: Sequence[str]) -> list[str]:
    """The expressions of one query whose values differ."""
    expected = normal(comparison.rows(query(expressions_)), ordered=True)
    text = transpile(query(expressions_), "duckdb", engine, comparison.columns)
    actual = normal(comparison.engines[engine](text), ordered=True)
    assert [row[0] for row in actual] == [row[0] for row in expected]
    return [
        f"{each}: DuckDB {[row[at] for row in expected]}, {engine} {[row[at] for row in actual]}"
        for at, each in enumerate(expressions_, 1)
        if [row[at] for row in expected] != [row[at] for row in actual]
    ]


def check(comparison: EngineComparison, engine: str, expressions_: list[str]) -> None:
    translated = []
    for each in runs_on_duckdb(comparison, expressions_):
        with contextlib.suppress(InputError):
            transpile(f"SELECT {each} AS x FROM r", "duckdb", engine, comparison.columns)
            translated.append(each)
    assert len(translated) > 0.95 * len(expressions_)
    assert [line for batch in batches(translated) for line in differences(comparison, engine, batch)] == []


@pytest.mark.parametrize("engine", ["spark", "trino"])
def test_every_rule_once(table: EngineComparison, engine: str) -> None:
    from random import Random

    random, found = Random(7), []
    for rules in RULES.values():
        for rule in rules:
            text = rule
            while "{" in text:
                start, end = text.index("{"), text.index("}")
                text = text[:start] + expression(random, text[start + 1 : end], 0) + text[end + 1 :]
            found.append(text)
    check(table, engine, found)


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.nightly) for seed in range(2, 5))])
@pytest.mark.parametrize("engine", ["spark", "trino"])
def test_nested(table: EngineComparison, engine: str, seed: int) -> None:
    check(table, engine, expressions(seed, 200, depth=3))
