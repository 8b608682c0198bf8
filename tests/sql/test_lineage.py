from __future__ import annotations

import pytest

from drawloom.sql.catalog import load_catalog
from drawloom.sql.lineage import column_lineage, lineage
from drawloom.sql.script_reader import read_script

CATALOG = load_catalog({"s.t": {"columns": ["a", "b", "ds"]}, "s.u": {"columns": ["k", "v"]}})


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT a + b AS x, 1 AS y, a FROM s.t", {"x": ["s.t.a", "s.t.b"], "y": [], "a": ["s.t.a"]}),
        ("SELECT * FROM s.t", {"a": ["s.t.a"], "b": ["s.t.b"], "ds": ["s.t.ds"]}),
        ("SELECT * EXCLUDE (b) REPLACE (b AS a) FROM s.t", {"a": ["s.t.b"], "ds": ["s.t.ds"]}),
        ("SELECT q.* FROM (SELECT a AS x FROM s.t) AS q JOIN s.u ON TRUE", {"x": ["s.t.a"]}),
        ("SELECT * FROM other", {"*": ["other.*"]}),
        ("SELECT x FROM other", {"x": ["other.x"]}),
        ("WITH c AS (SELECT * FROM other) SELECT x, * FROM c", {"x": ["other.x"], "*": ["other.*"]}),
        ("WITH c AS (SELECT count(DISTINCT a) AS n FROM s.t) SELECT n * 2 AS m FROM c", {"m": ["s.t.a"]}),
        ("SELECT a FROM s.t UNION ALL SELECT k FROM s.u", {"a": ["s.t.a", "s.u.k"]}),
        ("SELECT * FROM other UNION ALL SELECT * FROM more", {"*": ["more.*", "other.*"]}),
        ("SELECT (SELECT max(v) FROM s.u WHERE u.k = t.a) AS m FROM s.t AS t", {"m": ["s.u.v"]}),
        ("SELECT k, a FROM s.t JOIN s.u ON t.a = u.k", {"k": ["s.u.k"], "a": ["s.t.a"]}),
        ("SELECT z FROM one, two", {"z": []}),
        ("SELECT ds FROM s.t FULL JOIN other USING (ds)", {"ds": ["other.ds", "s.t.ds"]}),
        ("INSERT INTO o (p, q) SELECT a, b FROM s.t", {"p": ["s.t.a"], "q": ["s.t.b"]}),
        ("CREATE TABLE o AS SELECT a AS x FROM s.t", {"x": ["s.t.a"]}),
        ("CREATE TEMP TABLE o AS SELECT a AS x FROM s.t; SELECT x AS y FROM o", {"y": ["s.t.a"]}),
        ("SELECT upper(a), b FROM s.t", {"_0": ["s.t.a"], "b": ["s.t.b"]}),
        ("SELECT i FROM s.t, UNNEST(t.a) AS n(i)", {"i": ["s.t.a"]}),
        ("SELECT q.x FROM (SELECT a, b FROM s.t) AS q(x, y)", {"x": ["s.t.a"]}),
        ("SELECT * FROM (VALUES (1, 2)) AS v(x, y)", {"x": [], "y": []}),
        ("SELECT * FROM s.t, LATERAL (SELECT v FROM s.u WHERE u.k = t.a) AS l", {
            "a": ["s.t.a"], "b": ["s.t.b"], "ds": ["s.t.ds"], "v": ["s.u.v"],
        }),
        ("SELECT (SELECT q.v FROM (SELECT v, k FROM s.u) AS q WHERE q.k = t.a) AS m FROM s.t AS t", {"m": ["s.u.v"]}),
        ("DROP TABLE x", {}),
        ("VALUES (1)", {}),
    ],
)  # fmt: skip
def test_column_lineage(sql: str, expected: dict[str, list[str]]) -> None:
    assert lineage(read_script(sql, catalog=CATALOG)) == expected


def test_lineage_of_a_recursive_cte() -> None:
    sql = "WITH RECURSIVE r AS (SELECT a FROM s.t UNION ALL SELECT r.a + 1 FROM r) SELECT a AS n FROM r"
    assert lineage(read_script(sql, catalog=CATALOG)) == {"n": ["s.t.a"]}


def test_lineage_of_multiple_inserts() -> None:
    sql = "FROM s.t e INSERT OVERWRITE TABLE o SELECT e.a INSERT OVERWRITE TABLE p SELECT e.b"
    assert lineage(read_script(sql, dialect="hive", catalog=CATALOG)) == {"a": ["s.t.a"]}


@pytest.mark.parametrize(
    ("sql", "origins", "filters"),
    [
        ("SELECT a AS x, (b) AS b FROM s.t WHERE ds = '2026-01-01'", {"x": "copied s.t.a", "b": "copied s.t.b"}, ["s.t.ds"]),
        ("SELECT a + 1 AS x FROM s.t", {"x": "transformed s.t.a"}, []),
        ("WITH c AS (SELECT a AS x FROM s.t WHERE b > 1) SELECT x AS y FROM c", {"y": "copied s.t.a"}, ["s.t.b"]),
        ("WITH c AS (SELECT a * 2 AS x FROM s.t) SELECT x AS y FROM c", {"y": "transformed s.t.a"}, []),
        ("SELECT b, sum(a) AS n FROM s.t GROUP BY b HAVING count(ds) > 1", {
            "b": "copied s.t.b", "n": "transformed s.t.a",
        }, ["s.t.b", "s.t.ds"]),
        ("SELECT a FROM s.t UNION ALL SELECT v + 1 FROM s.u WHERE k > 0", {
            "a": "copied s.t.a, transformed s.u.v",
        }, ["s.u.k"]),
        ("SELECT a FROM s.t WHERE b IN (SELECT k FROM s.u WHERE v > 0)", {"a": "copied s.t.a"}, [
            "s.t.b", "s.u.k", "s.u.v",
        ]),
        ("SELECT v FROM s.t JOIN s.u ON t.a = u.k", {"v": "copied s.u.v"}, ["s.t.a", "s.u.k"]),
        ("SELECT b FROM s.t JOIN (SELECT k AS a FROM s.u) AS q USING (a)", {"b": "copied s.t.b"}, ["s.t.a", "s.u.k"]),
        ("SELECT (SELECT max(v) FROM s.u WHERE u.k = t.a) AS m FROM s.t AS t", {"m": "transformed s.u.v"}, [
            "s.t.a", "s.u.k",
        ]),
        ("SELECT DISTINCT ON (a) b FROM s.t", {"b": "copied s.t.b"}, ["s.t.a"]),
        ("SELECT 1 AS one FROM s.t", {}, []),
    ],
)  # fmt: skip
def test_how_columns_are_used(sql: str, origins: dict[str, str], filters: list[str]) -> None:
    found = column_lineage(read_script(sql, catalog=CATALOG))
    by_output: dict[str, list[str]] = {}
    for one in found.origins:
        by_output.setdefault(one.output, []).append(f"{one.how} {one.origin}")
    assert {name: ", ".join(parts) for name, parts in by_output.items()} == origins
    assert list(found.filters) == filters
    assert found.unknown == ()


@pytest.mark.parametrize(
    ("item", "is_counted"),
    [
        ("count(a)", True),
        ("count(DISTINCT a) * 2", True),
        ("approx_count_distinct(a)", True),
        ("count_if(a LIKE '%@x')", True),
        ("sum(CASE WHEN a IS NOT NULL THEN 1 ELSE 0 END)", True),
        ("count(*) FILTER (WHERE a = 'x')", True),
        ("count(*) OVER (PARTITION BY a)", True),
        ("a IS NULL", True),
        ("lower(a)", False),
        ("min(a)", False),
        ("md5(a)", False),
        ("list(a)", False),
        ("concat(a, count(a))", False),
        ("CASE WHEN a IS NULL THEN 'none' ELSE a END", False),
        ("a", False),
    ],
)
def test_whether_a_column_is_only_counted(item: str, is_counted: bool) -> None:
    text = f"WITH c AS (SELECT {item} AS n FROM s.t) SELECT n AS x FROM c"
    (one,) = column_lineage(read_script(text, catalog=CATALOG)).origins
    assert (one.origin, one.only_counted) == ("s.t.a", is_counted)


def test_why_columns_are_not_known() -> None:
    star = column_lineage(read_script("SELECT * FROM other", catalog=CATALOG))
    assert (star.outputs, star.origins[0].origin) == (("*",), "other.*")
    assert star.unknown == (
        "SELECT * takes all columns of other, which are not known here: name the columns, or declare them.",
    )
    assert "no SELECT" in column_lineage(read_script("DROP TABLE x")).unknown[0]
    recursive = "WITH RECURSIVE r AS (SELECT a FROM s.t UNION ALL SELECT r.a + 1 FROM r WHERE r.a < 9) SELECT a FROM r"
    assert column_lineage(read_script(recursive, catalog=CATALOG)).outputs == ("a",)
