from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.engines.duckdb.connection import extract_select, without_semicolon
from drawloom.model import InputError, RunError

CONNECTION = duckdb.connect()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "-- first\nSELECT 1; -- last",
        "WITH a AS (SELECT 1) SELECT * FROM a;",
        "FROM range(3)",
        "VALUES (1)",
        "(SELECT 1) UNION ALL SELECT 2",
        "PIVOT (SELECT 1 AS a, 2 AS b) ON a IN (1, 2) USING sum(b)",
    ],
)
def test_one_select_is_accepted(sql: str) -> None:
    assert extract_select(CONNECTION, sql).type.name == "SELECT"
    assert CONNECTION.execute(f"SELECT count(*) FROM (\n{without_semicolon(sql)}\n)").fetchall()[0][0] >= 1


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT 1; DROP TABLE x", "statements == 2, must be one SELECT"),
        ("", "statements == 0"),
        ("-- nothing", "statements == 0"),
        ("COPY (SELECT 1) TO 'x.csv'", "statement == COPY, must be a SELECT"),
        ("ATTACH 'x.db'", "statement == ATTACH"),
        ("INSTALL httpfs", "statement == LOAD"),
        ("PRAGMA version", "statement == PRAGMA"),
        ("SET threads = 4", "statement == SET"),
        ("INSERT INTO a SELECT 1", "statement == INSERT"),
        ("CREATE TABLE a AS SELECT 1", "statement == CREATE"),
        ("EXPLAIN SELECT 1", "statement == EXPLAIN"),
        ("PIVOT (SELECT 1 AS a, 2 AS b) ON a USING sum(b)", "PIVOT ... ON column IN"),
    ],
)
def test_other_statements_are_refused(sql: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        extract_select(CONNECTION, sql)
    assert message in str(caught.value)


def test_invalid_sql_raises_duckdbs_error() -> None:
    with pytest.raises(RunError, match=r"syntax error(.|\n)*LINE 2: FORM"):
        extract_select(CONNECTION, "SELECT 1\nFORM x y z (")


def test_explain_is_allowed() -> None:
    assert extract_select(CONNECTION, "EXPLAIN SELECT 1", explain=True).type.name == "EXPLAIN"


@given(st.sampled_from(["SELECT ';--ü' AS a", "SELECT 'é' -- x;\n AS a", "SELECT $$;$$ AS a"]), st.data())
def test_only_trailing_semicolons_and_comments_are_removed(sql: str, data: st.DataObject) -> None:
    ends = st.lists(st.sampled_from([";", " ", "\n", "-- ü;\n", "/* ; */", "\t"]), max_size=5)
    text = sql + "".join(data.draw(ends))
    assert without_semicolon(text).strip() == sql
