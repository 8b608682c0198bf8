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
