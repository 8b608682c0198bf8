# at: 1:27
# message: 2 exact COUNT(DISTINCT ...) in one SELECT, must each keep all distinct values in memory or multiply the rows.
SELECT count(DISTINCT a), count(DISTINCT b) FROM t
----
# quiet
SELECT count(DISTINCT a), count(b), count(DISTINCT a) AS again FROM t
----
# quiet
SELECT count(DISTINCT a), (SELECT count(DISTINCT b) FROM u) FROM t
