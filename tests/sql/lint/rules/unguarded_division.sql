# at: 1:12
# message: a / b divides by b, which may be zero.
SELECT a / b AS r FROM t
=>
SELECT a / nullif(b, 0) AS r FROM t
----
# at: 1:17, 1:50
SELECT sum(a) / sum(b), CASE WHEN a > 0 THEN a / b END FROM t
----
# quiet
SELECT a / 2, a / nullif(b, 0), a / (CASE WHEN b = 0 THEN 1 ELSE b END), a / (60 * 60), a / greatest(b, 1) FROM t
----
# quiet
SELECT CASE WHEN b = 0 THEN NULL ELSE a / b END, CASE WHEN sum(c) > 0 THEN sum(a) / sum(c) END, if(b > 0, a / b, 0) FROM t
----
# quiet
SELECT a / b, a / coalesce(nullif(c, 0), 1) FROM t WHERE b > 0
----
# quiet
SELECT a, sum(b) / sum(c) FROM t GROUP BY a HAVING sum(c) > 0
----
# at: 1:17
SELECT sum(a) / count(*) FROM t
=>
SELECT sum(a) / nullif(count(*), 0) FROM t
----
# quiet
SELECT a, sum(b) / count(*), count(c) / count(1), 1 / (2 * count(*)) FROM t GROUP BY a
----
# quiet
SELECT a, count(*) / sum(count(*)) OVER (), b / count(*) OVER (PARTITION BY a) FROM t GROUP BY a, b
----
# at: 1:20, 1:39, 1:76
SELECT a, sum(b) / count(c), sum(b) / count(*) FILTER (WHERE c), sum(b) / (count(*) - 1) FROM t GROUP BY a
----
# at: 1:20
SELECT a, sum(b) / count(*) FROM t GROUP BY ROLLUP (a)
=>
SELECT a, sum(b) / nullif(count(*), 0) FROM t GROUP BY ROLLUP (a)
----
# at: 1:17
SELECT sum(b) / count(*) FROM t GROUP BY ()
=>
SELECT sum(b) / nullif(count(*), 0) FROM t GROUP BY ()
