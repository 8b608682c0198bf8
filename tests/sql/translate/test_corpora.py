"""The texts that the integration tests run on the engines are translated, or refused as expected, with types known or not.

The integration tests compare their rows with DuckDB's. Here they must parse in the target dialect and have as many columns
as in DuckDB.
"""

from __future__ import annotations

from random import Random

import duckdb
import pytest
from sqlglot import exp, parse_one

from drawloom.model import InputError
from drawloom.sql.dialect import transpile
from tests.integration.translate.comparison import EngineComparison
from tests.integration.translate.conftest import T
from tests.integration.translate.expressions import RULES, TABLE, expression
from tests.integration.translate.test_constructs import CONSTRUCTS, REFUSED
from tests.integration.translate.test_queries import QUERIES

ENGINES = ("spark", "trino")


@pytest.fixture(scope="module")
def comparison() -> EngineComparison:
    """DuckDB with the tables that the texts read, and their types."""
    one = EngineComparison({})
    one.create("t", T)
    one.create("r", TABLE)
    return one


def duckdb_columns(comparison: EngineComparison, sql: str) -> list[str]:
    """The columns of the result in DuckDB."""
    return [
        part[0].lower() for part in comparison.duckdb_connection.execute(transpile(sql, "duckdb", "duckdb")).description
    ]


def parsed(text: str, engine: str) -> exp.Query:
    tree = parse_one(text, read=engine)
    assert isinstance(tree, exp.Query), text
    return tree


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("sql", QUERIES)
def test_query_is_translated_with_its_columns(comparison: EngineComparison, sql: str, engine: str) -> None:
    try:
        expected = duckdb_columns(comparison, sql)
    except duckdb.Error:
        expected = []
    tree = parsed(transpile(sql, "duckdb", engine, comparison.columns), engine)
    columns = [name.lower() for name in tree.named_selects]
    if expected and "*" not in columns and "" not in columns:
        assert len(columns) == len(expected)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", CONSTRUCTS)
def test_construct_is_translated_or_refused(comparison: EngineComparison, name: str, engine: str) -> None:
    if name in REFUSED:
        with pytest.raises(InputError) as caught:
            transpile(CONSTRUCTS[name], "duckdb", engine, comparison.columns)
        assert REFUSED[name] in str(caught.value)
    else:
        parsed(transpile(CONSTRUCTS[name], "duckdb", engine, comparison.columns), engine)
        assert transpile(CONSTRUCTS[name], "duckdb", engine, comparison.columns, pretty=True).split() != []


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("known", [True, False])
def test_expressions_are_translated(comparison: EngineComparison, engine: str, known: bool) -> None:
    random, refused = Random(7), []
    for dtype, rules in RULES.items():
        for rule in rules:
            text = rule
            while "{" in text:
                start, end = text.index("{"), text.index("}")
                inner = expression(random, text[start + 1 : end], 0)
                text = text[:start] + inner + text[end + 1 :]
            try:
                transpile(f"SELECT {text} AS x FROM r", "duckdb", engine, comparison.columns if known else None)
            except InputError as error:
                refused.append(f"{dtype}: {text}: {error}")
    limit = 12 if known else 90
    assert len(refused) <= limit, "\n".join(refused)
