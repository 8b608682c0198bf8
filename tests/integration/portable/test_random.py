"""Random expressions of DuckDB give the same values on Spark and Trino."""

from __future__ import annotations

import contextlib

import duckdb
import pytest

from drawloom.model import InputError
from drawloom.sql.dialect import transpile
from tests.integration.portable.expressions import RULES, TABLE, expression, expressions
from tests.integration.portable.same import Same, normal

pytestmark = pytest.mark.engines

BATCH = 40


@pytest.fixture(scope="module")
def table(same: Same) -> Same:
    same.create("r", TABLE)
    return same


def runs_on_duckdb(same: Same, expressions_: list[str]) -> list[str]:
    """Those that DuckDB has a value for in every row."""
    found = []
    for each in expressions_:
        with contextlib.suppress(duckdb.Error):
            same.rows(f"SELECT {each} AS x FROM r")
            found.append(each)
    return found


def query(expressions_: list[str]) -> str:
    return f"SELECT id, {', '.join(f'{each} AS x{at}' for at, each in enumerate(expressions_))} FROM r ORDER BY id"


def differences(same: Same, engine: str, expressions_: list[str]) -> list[str]:
    """The expressions of one query whose values differ."""
    wanted = normal(same.rows(query(expressions_)), ordered=True)
    text = transpile(query(expressions_), "duckdb", engine, same.columns)
    given = normal(same.engines[engine](text), ordered=True)
    assert [row[0] for row in given] == [row[0] for row in wanted]
    return [
        f"{each}: DuckDB {[row[at] for row in wanted]}, {engine} {[row[at] for row in given]}"
        for at, each in enumerate(expressions_, 1)
        if [row[at] for row in wanted] != [row[at] for row in given]
    ]


def check(same: Same, engine: str, expressions_: list[str]) -> None:
    said = []
    for each in runs_on_duckdb(same, expressions_):
        with contextlib.suppress(InputError):
            transpile(f"SELECT {each} AS x FROM r", "duckdb", engine, same.columns)
            said.append(each)
    assert len(said) > 0.95 * len(expressions_)
    batches = [said[at : at + BATCH] for at in range(0, len(said), BATCH)]
    assert [line for batch in batches for line in differences(same, engine, batch)] == []


@pytest.mark.parametrize("engine", ["spark", "trino"])
def test_every_rule_once(table: Same, engine: str) -> None:
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


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
@pytest.mark.parametrize("engine", ["spark", "trino"])
def test_nested(table: Same, engine: str, seed: int) -> None:
    check(table, engine, expressions(seed, 200, depth=3))
