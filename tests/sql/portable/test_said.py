"""Everything that the real engines are asked is said, or refused as the table of constructs has it; known types or not.

That it gives DuckDB's rows there is for scripts/test-engines. Here the texts must parse in the other dialect and give as many
columns, under DuckDB's names.
"""

from __future__ import annotations

from random import Random

import duckdb
import pytest
from sqlglot import exp, parse_one

from drawloom.model import InputError
from drawloom.sql.dialect import transpile
from tests.integration.portable.conftest import T
from tests.integration.portable.expressions import RULES, TABLE, expression
from tests.integration.portable.same import Same
from tests.integration.portable.test_constructs import CONSTRUCTS, REFUSED
from tests.integration.portable.test_queries import QUERIES

ENGINES = ("spark", "trino")


@pytest.fixture(scope="module")
def duck() -> Same:
    """DuckDB with the tables that the texts read, and their types."""
    one = Same({})
    one.create("t", T)
    one.create("r", TABLE)
    return one


def names(duck: Same, sql: str) -> list[str]:
    """The columns that DuckDB gives."""
    return [part[0].lower() for part in duck.duck.execute(transpile(sql, "duckdb", "duckdb")).description]


def said(text: str, engine: str) -> exp.Query:
    tree = parse_one(text, read=engine)
    assert isinstance(tree, exp.Query), text
    return tree


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("sql", QUERIES)
def test_a_query_is_said_with_its_columns(duck: Same, sql: str, engine: str) -> None:
    try:
        wanted = names(duck, sql)
    except duckdb.Error:
        wanted = []
    tree = said(transpile(sql, "duckdb", engine, duck.columns), engine)
    given = [name.lower() for name in tree.named_selects]
    if wanted and "*" not in given and "" not in given:
        assert len(given) == len(wanted)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", CONSTRUCTS)
def test_a_construct_is_said_or_refused_with_the_way_out(duck: Same, name: str, engine: str) -> None:
    if name in REFUSED:
        with pytest.raises(InputError) as caught:
            transpile(CONSTRUCTS[name], "duckdb", engine, duck.columns)
        assert REFUSED[name] in str(caught.value)
    else:
        said(transpile(CONSTRUCTS[name], "duckdb", engine, duck.columns), engine)
        assert transpile(CONSTRUCTS[name], "duckdb", engine, duck.columns, pretty=True).split() != []


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("known", [True, False])
def test_every_rule_of_expressions_is_said(duck: Same, engine: str, known: bool) -> None:
    random, refused = Random(7), []
    for kind, rules in RULES.items():
        for rule in rules:
            text = rule
            while "{" in text:
                start, end = text.index("{"), text.index("}")
                inner = expression(random, text[start + 1 : end], 0)
                text = text[:start] + inner + text[end + 1 :]
            try:
                transpile(f"SELECT {text} AS x FROM r", "duckdb", engine, duck.columns if known else None)
            except InputError as error:
                refused.append(f"{kind}: {text}: {error}")
    most = 12 if known else 90
    assert len(refused) <= most, "\n".join(refused)
