from __future__ import annotations

import pytest

from drawloom.sql.catalog import load_catalog
from drawloom.sql.lineage import lineage
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
