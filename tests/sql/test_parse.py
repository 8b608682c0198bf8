from __future__ import annotations

import sys

import pytest

from drawloom.model import InputError
from drawloom.sql.lineage import lineage
from drawloom.sql.script_reader import read_script

NOT_SQL = {
    "": "nothing",
    " \n\t": "nothing",
    "-- only a comment\n/* and another */": "comments only",
    ";;;": "comments only",
    "{% set x = 1 %}": "comments only",
    '{"a": 1}': "JSON",
    "[1, 2]": "JSON",
    '{"a": 1,': "JSON",
    "import os\nprint(1)": "Python",
    "#!/usr/bin/env python\nx = 1": "Python",
    "# a comment\nfrom x import y": "Python",
    "def f():\n    return 1": "Python",
    "x = 1\nfor i in x:\n    print(i)": "Python",
    "\x7fELF\x02\x01\x00": "binary data",
    "\x01\x02\x03\x04\x05\x06\x0e\x0f\x10\x11": "binary data",
    "hello world": "an expression",
    "1 + 1": "an expression",
    "(a, b)": "an expression",
}


@pytest.mark.parametrize(("text", "what"), NOT_SQL.items())
def test_texts_that_are_not_sql_are_refused(text: str, what: str) -> None:
    with pytest.raises(InputError, match=what) as caught:
        read_script(text, file="x.sql")
    (problem,) = caught.value.problems
    assert (problem.code, problem.where.file) == ("not-sql", "x.sql")


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("SELECT a,\nb c d FROM t", 2, 5),
        ("SELECT *\nFROM t\nWHERE", 3, 1),
        ("SELECT {{ ds }} x,\n  b c d FROM t", 2, 7),
        ("{% if true %}SELECT a{% endif %} b c FROM t", 1, 36),
        ("SELECT a FROM t WHERE x = 'abc", 1, 27),
        ('SELECT a FROM t\nWHERE x = "abc', 2, 11),
        ("SELECT /* abc", 1, 8),
        ("SELECT * FROM (SELECT 1", 1, 23),
        ("SELECT a FROM t; SELEC b FROM u", 1, 26),
    ],
)
def test_syntax_errors_have_places(text: str, line: int, column: int) -> None:
    with pytest.raises(InputError) as caught:
        read_script(text)
    (problem,) = caught.value.problems
    assert problem.code == "syntax-error"
    assert (problem.where.line, problem.where.column) == (line, column)


def brackets(n: int) -> str:
    return "(" * n + "1" + ")" * n


@pytest.mark.parametrize(
    "text",
    [
        "SELECT " + brackets(1000),
        "SELECT 1 WHERE " + "NOT " * 3000 + "TRUE",
        "SELECT " + "- " * 3000 + "1",
        "SELECT " + "CASE WHEN a THEN " * 1000 + "1" + " END" * 1000,
        "SELECT * FROM " + "(SELECT * FROM " * 1000 + "t" + ")" * 1000,
        "WITH " + ", ".join(f"c{n} AS (SELECT * FROM c{n - 1})" for n in range(1, 2000)) + " SELECT * FROM c1999",
        "SELECT '" + "x" * 3_000_000 + "'",
    ],
    ids=["brackets", "not", "minus", "case", "subqueries", "ctes", "large"],
)
def test_texts_that_are_too_large_or_deep_are_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_script(text)
    (problem,) = caught.value.problems
    assert problem.code == "refused"


@pytest.mark.unmeasured
@pytest.mark.parametrize(
    "text",
    [
        "SELECT a FROM t WHERE " + brackets(200) + " = 1 AND ds = '{{ ds }}'",
        "SELECT a FROM t WHERE ds = '{{ ds }}' AND x IN (" + ", ".join(map(str, range(10_000))) + ")",
        "SELECT a FROM t WHERE ds = '{{ ds }}' AND (" + " OR ".join(f"x = {n}" for n in range(10_000)) + ")",
        "SELECT a FROM t WHERE ds = '{{ ds }}' AND " + " AND ".join(f"x <> {n}" for n in range(5_000)),
        "SELECT a FROM t WHERE ds = '{{ ds }}' AND y = " + " + ".join(["x"] * 3_000),
        "SELECT " + ", ".join(f"coalesce(a{n}, 0) AS x{n}" for n in range(3_000)) + " FROM t WHERE ds = '{{ ds }}'",
        "\ufeffSELECT a FROM t WHERE ds = '{{ ds }}'",
        "SELECT 😀 FROM t WHERE ds = '{{ ds }}' -- größer",
    ],
    ids=["brackets", "in", "or", "and", "plus", "columns", "bom", "emoji"],
)
def test_large_texts_are_read(text: str) -> None:
    (found,) = read_script(text).reads
    assert str(found.days) == "0"


@pytest.mark.unmeasured
def test_a_list_of_ten_thousand_days_is_read() -> None:
    days = ", ".join(f"'20{10 + n // 400:02d}-{n % 12 + 1:02d}-{n % 28 + 1:02d}'" for n in range(10_000))
    (found,) = read_script(f"SELECT a FROM t WHERE ds NOT IN ({days})").reads
    assert found.how == "fixed"
    assert found.dates[0][0] is None


def test_a_long_chain_of_ctes_is_read() -> None:
    chain = ", ".join(f"q{n} AS (SELECT *, {n} AS n{n} FROM {f'q{n - 1}' if n else 't'})" for n in range(300))
    script = read_script(f"WITH {chain} SELECT a, n3 FROM q299 WHERE ds = '{{{{ ds }}}}'")
    assert str(script.reads[0].days) == "0"
    assert lineage(script) == {"a": ["t.a"], "n3": []}
    assert sys.getrecursionlimit() < 5_000


@pytest.mark.unmeasured
def test_a_union_of_many_queries_is_read() -> None:
    arms = " UNION ALL ".join(f"SELECT a FROM t{n} WHERE ds = '{{{{ ds }}}}'" for n in range(500))
    assert {str(one.days) for one in read_script(arms).reads} == {"0"}


def test_an_unknown_dialect_is_refused() -> None:
    with pytest.raises(InputError, match="Did you mean spark") as caught:
        read_script("SELECT 1", dialect="sparc")
    assert caught.value.problems[0].code == "dialect"
