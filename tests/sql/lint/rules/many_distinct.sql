# at: 1:27
# message: 2 exact COUNT(DISTINCT ...) in one SELECT: each keeps all distinct values in memory, or multiplies the rows.
SELECT count(DISTINCT a), count(DISTINCT b) FROM t
----
# quiet
SELECT count(DISTINCT a), count(b), count(DISTINCT a) AS again FROM t
----
# quiet
SELECT count(DISTINCT a), (SELECT count(DISTINCT b) FROM u) FROM t
