"""One SELECT, as it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.frameworks.autodag.guard import guard
from drawloom.model import Problem
from tests.corpora import corpus, tpc


def found(text: str, dialect: str = "duckdb") -> list[Problem]:
    return guard(text, "core.t", dialect)[1]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1",
        "select 1;",
        " -- a comment; DROP TABLE x\n/* COPY */ SELECT 1 ; -- end\n;",
        "WITH a AS (SELECT 1) SELECT * FROM a UNION ALL SELECT 2",
        "(SELECT 1) UNION (SELECT 2)",
        "FROM core.a SELECT x",
        "SELECT ';', 'DROP TABLE x', \"insert into\" FROM a",
        "SELECT '{{ ds }}' AS d FROM {{ ref('a') }} {# ; DROP #} {% if x %} WHERE 1 {% endif %}",
        "{{ config(materialized='table') }} SELECT 1",
        "{{ everything }}",
        "SELECT trim('/' FROM '/a/'), extract(day FROM '2026/01/01'::DATE) FROM a",
        "SELECT copy, drop, load, attach FROM a WHERE update IS NOT NULL",
        "SELECT x FROM a UNPIVOT (v FOR n IN (b, c))",
        "UNPIVOT a ON b, c INTO NAME n VALUE v" if False else "SELECT * FROM (UNPIVOT a ON b INTO NAME n VALUE v)",
        "SELECT x GLOB 'a*', a.glob FROM a",
        "SELECT $$; DROP TABLE x$$, $t$it's$t$",
        "SELECT replace(x, 'a', 'b'), \"load\" FROM a",
    ],
)
def test_fine(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "code", "line", "fix"),
    [
        ("SELECT 1;\nDROP TABLE core.t", "not-a-select", 2, "Remove it."),
        ("COPY (SELECT 1) TO 'x.csv'", "not-a-select", 1, "Paste only the SELECT"),
        ("ATTACH 'x.db' AS x", "not-a-select", 1, "Declare the files"),
        ("INSTALL httpfs; LOAD httpfs; SELECT 1", "not-a-select", 1, "Declare the files"),
        ("PRAGMA database_list", "not-a-select", 1, "Remove it."),
        ("SET memory_limit = '1GB'", "not-a-select", 1, "Remove it."),
        ("INSERT INTO core.t SELECT 1", "not-a-select", 1, "Paste only the SELECT"),
        ("CREATE TABLE core.t AS SELECT 1", "not-a-select", 1, "Paste only the SELECT"),
        ("VALUES (1)", "not-a-select", 1, "Remove it."),
        ("WITH a AS (SELECT 1)\nINSERT INTO core.t SELECT * FROM a", "writes", 2, "Paste only the SELECT"),
        ("WITH a AS (DELETE FROM b RETURNING *) SELECT * FROM a", "writes", 1, "Paste only the SELECT"),
        ("SELECT * INTO b FROM a", "writes", 1, "Paste only the SELECT"),
        ("", "empty", 1, None),
        ("-- nothing", "empty", 1, None),
        (";", "empty", 1, None),
    ],
)
def test_refused(text: str, code: str, line: int, fix: str | None) -> None:
    problem = found(text)[0]
    assert (problem.code, problem.where.line) == (code, line)
    assert "must" in problem.message
    assert (problem.fix.title if problem.fix else "").startswith(fix or "")


def test_backslashes_escape_where_the_dialect_says_so() -> None:
    text = r"SELECT 'it\'s; DROP TABLE x'"
    assert found(text, "spark") == []
    assert found(text, "duckdb")[0].code == "not-a-select"


@pytest.mark.parametrize(
    "head",
    [
        "INSERT OVERWRITE TABLE core.t PARTITION (ds = '{{ ds }}')\n",
        "INSERT OVERWRITE Core.T PARTITION (ds='{{ds}}') ",
        "insert overwrite table core.t ",
        "-- pasted\nINSERT OVERWRITE TABLE core.t PARTITION (ds={{ ds }})\n",
    ],
)
def test_an_insert_of_the_own_day_is_taken_for_its_select(head: str) -> None:
    text, problems = guard(f"{head}SELECT a FROM b;", "core.t", "hive")
    assert problems == []
    assert text.strip() == "SELECT a FROM b;"
    assert text.count("\n") == head.count("\n")


@pytest.mark.parametrize(
    "text",
    [
        "INSERT OVERWRITE TABLE core.other SELECT 1",
        "INSERT OVERWRITE TABLE core.t PARTITION (ds='2026-01-01') SELECT 1",
        "INSERT OVERWRITE TABLE core.t PARTITION (ds) SELECT 1",
        "INSERT OVERWRITE TABLE core.t PARTITION (ds='{{ ds }}', hr=1) SELECT 1",
        "INSERT OVERWRITE TABLE core.t VALUES (1)",
        "INSERT OVERWRITE TABLE core.t",
    ],
)
def test_other_inserts_are_refused(text: str) -> None:
    (problem,) = found(text)
    assert problem.fix
    assert problem.fix.title.startswith("Paste only the SELECT")


def test_clean_selects_of_the_corpora_pass() -> None:
    texts = [row["sql"] for row in (*tpc(), *corpus()) if not row.get("writes")]
    selects = [text for text in texts if text.split()[0].upper() in {"SELECT", "WITH"} and "read_parquet" not in text]
    assert len(selects) > 40
    assert [text for text in selects if found(text)] == []


@given(st.text(alphabet="'\"`$a;-/*{}%#()\n\\ "))
def test_any_text_ends(text: str) -> None:
    made, problems = guard(text, "core.t")
    assert isinstance(made, str)
    assert all(problem.where.line for problem in problems)


PIECES = (
    "SELECT",
    "with",
    "FROM t",
    "(",
    " ",
    "\n",
    ";",
    " into ",
    "DELETE FROM",
    "ıNTO",
    "overwrite",
    "'",
    "--",
    "$$",
    "{{ x }}",
    "a",
)


@given(st.lists(st.sampled_from(PIECES)).map("".join), st.sampled_from(["duckdb", "spark"]))
def test_a_text_that_looks_harmless_is_judged_as_its_tokens_are(text: str, dialect: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("drawloom.frameworks.autodag.guard._is_plain_select", lambda *_: False)
        by_tokens = guard(text, "core.t", dialect)
    assert guard(text, "core.t", dialect) == by_tokens


@pytest.mark.unmeasured
@pytest.mark.parametrize("text", ["{%", "/*", "$a$", "'", "{{", "(", '"', "a$b$", ";", "glob(", "a;"])
def test_long_junk_ends_soon(text: str) -> None:
    assert isinstance(found(text * 20_000), list)
