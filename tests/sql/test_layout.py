"""The layout of SQL: what it looks like, and that it changes neither tokens nor comments."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot.dialects.dialect import Dialect

from drawloom.model import InputError
from drawloom.sql.fingerprint import fingerprint
from drawloom.sql.layout import format_sql
from drawloom.sql.layout.atoms import comments_of
from drawloom.sql.rename import mask_tags
from tests.corpora import SHARED, TPC, corpus, needs

TEXTS = [(row["sql"], row.get("dialect") or "duckdb") for row in corpus()]
CASES = {
    "what fits is one line": (
        "select  a,b\n  from core.x\nwhere ds='{{ ds }}' and b<3",
        "select a, b\nfrom core.x\nwhere ds = '{{ ds }}' and b<3\n",
    ),
    "long lists have an item to a line": (
        "SELECT customer_with_a_long_name, count(*) AS orders, sum(amount) FILTER (WHERE x) AS y FROM core.x",
        "SELECT\n  customer_with_a_long_name,\n  count(*) AS orders,\n  sum(amount) FILTER (WHERE x) AS y\nFROM core.x\n",
    ),
    "queries in brackets are indented": (
        "WITH a AS (SELECT one, two FROM core.x WHERE ds = '{{ ds }}'), b AS (SELECT 1) SELECT * FROM a WHERE one IN (SELECT two FROM core.b WHERE three = 3 OR one = 2 AND ten IN (4, 5, 6))",
        """WITH a AS (SELECT one, two FROM core.x WHERE ds = '{{ ds }}'),
b AS (SELECT 1)
SELECT *
FROM a
WHERE one IN (SELECT two FROM core.b WHERE three = 3 OR one = 2 AND ten IN (4, 5, 6))
""",
    ),
    "what does not fit in brackets is broken there": (
        "SELECT * FROM a WHERE one IN (SELECT two FROM core.a_table_with_a_long_name WHERE three = 3 OR one = 2 AND ten IN (4, 5, 6)) AND x OR (a and b or c and a_condition_that_is_long and another_condition_that_is_even_longer_than_that and last)",
        """SELECT *
FROM a
WHERE one IN (
  SELECT two
  FROM core.a_table_with_a_long_name
  WHERE three = 3 OR one = 2 AND ten IN (4, 5, 6)
)
  AND x
  OR (
    a
    and b
    or c
    and a_condition_that_is_long
    and another_condition_that_is_even_longer_than_that
    and last
  )
""",
    ),
    "empty lines between clauses and tables stay, one at most": (
        "WITH a AS (SELECT 1),\n\n\n\nb AS (SELECT 2)\n\nSELECT *\nFROM a, b",
        "WITH a AS (SELECT 1),\n\nb AS (SELECT 2)\n\nSELECT *\nFROM a, b\n",
    ),
    "joins and their conditions": (
        "SELECT x FROM core.aaaaaaaa AS a LEFT  JOIN core.b AS b ON a.id=b.id AND a.day BETWEEN b.first AND b.last OR a.z",
        "SELECT x\nFROM core.aaaaaaaa AS a\nLEFT JOIN core.b AS b\n  ON a.id = b.id\n    AND a.day BETWEEN b.first AND b.last\n    OR a.z\n",
    ),
    "CASE": (
        "SELECT CASE WHEN product = 'tea' AND amount > 3 THEN 'large' WHEN x THEN 'small' ELSE 'none' END AS size FROM t",
        "SELECT\n  CASE\n    WHEN product = 'tea' AND amount > 3 THEN 'large'\n    WHEN x THEN 'small'\n    ELSE 'none'\n  END AS size\nFROM t\n",
    ),
    "comments keep their tokens": (
        "-- first\nSELECT a -- of a\n  , b, /* of c */ c\n-- where from\nFROM t -- end\n-- last",
        "-- first\nSELECT\n  a,  -- of a\n  b, /* of c */\n  c\n-- where from\nFROM t  -- end\n-- last\n",
    ),
    "statements of templates have a line": (
        "SELECT a\nFROM t\n{% if x %}\nWHERE a=1\n{% else %}\n  WHERE b\n{% endif %}\n",
        "SELECT a\nFROM t\n{% if x %}\nWHERE a = 1\n{% else %}\nWHERE b\n{% endif %}\n",
    ),
    "set operations": (
        "SELECT * EXCEPT (a) FROM t UNION ALL SELECT b FROM u EXCEPT SELECT c FROM v ORDER BY 1;",
        "SELECT * EXCEPT (a)\nFROM t\nUNION ALL\nSELECT b\nFROM u\nEXCEPT\nSELECT c\nFROM v\nORDER BY 1;\n",
    ),
    "words that are no clauses": (
        "SELECT extract(year FROM d), left(a, 1) IS DISTINCT FROM t.group FROM t",
        "SELECT extract(year FROM d), left(a, 1) IS DISTINCT FROM t.group\nFROM t\n",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_it_looks_like(case: str) -> None:
    text, expected = CASES[case]
    width = 80 if len(text) < 120 else 100
    assert format_sql(text, "duckdb" if "EXCEPT" not in text else "bigquery", width) == expected
    assert format_sql(expected, "duckdb" if "EXCEPT" not in text else "bigquery", width) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT a {% if x %}, b{% endif %} FROM t", "must be on a line of its own to be formatted"),
        ("SELECT 'a FROM t", "cannot be read as duckdb"),
        ("SELECT a /* b /* c */ d */ FROM t", "is no token and no comment"),
    ],
)
def test_what_is_not_safe_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        format_sql(text)


def shaken(text: str, dialect: str, random: Random, comments: float) -> str:
    """The text with other white space between its tokens, and comments there."""
    parts: list[str] = []
    at = 0
    for token in Dialect.get_or_raise(dialect).tokenize(mask_tags(text)):
        gap = text[at : token.start]
        if gap and not gap.strip():
            gap = random.choice([" ", "\n", "   \n ", "\t"])
        if at and random.random() < comments:
            gap = random.choice(
                [" -- c\n", "\n-- own\n", " /* b */ ", "\n\n-- x\n\n", "\n{# y #}\n", "\n{% set a = 1 %}\n"]
            )
        parts += [gap, text[token.start : token.end + 1]]
        at = token.end + 1
    return "".join([*parts, text[at:]])


def formats(text: str, dialect: str, width: int) -> str | None:
    """The formatted text, which the laws hold for; None where it is refused."""
    try:
        found = format_sql(text, dialect, width)
    except InputError:
        return None
    assert format_sql(found, dialect, width) == found
    assert fingerprint(found, dialect) == fingerprint(text, dialect)
    assert comments_of(found, dialect) == comments_of(text, dialect)
    return found


def test_all_texts_of_the_corpus_can_be_formatted() -> None:
    refused = [text for text, dialect in TEXTS if formats(text, dialect, 100) is None]
    assert all("{%" in text for text in refused)
    assert len(refused) <= 2


@given(st.sampled_from(TEXTS), st.randoms(use_true_random=False), st.sampled_from([20, 60, 100]))
def test_the_layout_hangs_on_tokens_and_comments_only(text: tuple[str, str], random: Random, width: int) -> None:
    sql, dialect = text
    formats(shaken(sql, dialect, random, 0.1), dialect, width)
    found = formats(sql, dialect, width)
    if found is not None and not comments_of(sql, dialect) and "\n\n" not in sql:
        assert formats(shaken(sql, dialect, random, 0), dialect, width) == found


@pytest.mark.nightly
@needs(TPC)
def test_the_queries_of_tpc_can_be_formatted() -> None:
    random = Random(1)
    for row in map(json.loads, (SHARED / TPC).read_text(encoding="utf-8").splitlines()):
        dialect = row.get("dialect", "duckdb")
        found = formats(row["sql"], dialect, 100)
        assert found is not None
        formats(shaken(row["sql"], dialect, random, 0.05), dialect, 60)
