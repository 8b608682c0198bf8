# at: 1:8
SELECT DISTINCT a, count(*) FROM t GROUP BY a
=>
SELECT a, count(*) FROM t GROUP BY a
----
# quiet
SELECT DISTINCT a FROM t GROUP BY a, b
----
# quiet
SELECT DISTINCT count(*) FROM t GROUP BY a
----
# quiet
SELECT DISTINCT a FROM t
----
# quiet
SELECT DISTINCT a, b, count(*) FROM t GROUP BY ROLLUP (a, b)
----
# quiet
SELECT a, count(DISTINCT b) FROM t GROUP BY a
