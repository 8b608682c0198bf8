# at: 1:50
# message: ORDER BY in a subquery sorts for nothing: the order is not kept.
SELECT a, count(*) FROM (SELECT a FROM t WHERE 1 ORDER BY b DESC NULLS LAST) q GROUP BY a
=>
SELECT a, count(*) FROM (SELECT a FROM t WHERE 1) q GROUP BY a
----
# dialect: spark
# at: 1:72
INSERT OVERWRITE TABLE o.t PARTITION (ds = '{{ ds }}') SELECT a FROM i ORDER BY lower(a), 2
=>
INSERT OVERWRITE TABLE o.t PARTITION (ds = '{{ ds }}') SELECT a FROM i
----
# at: 1:28
WITH q AS (SELECT a FROM t ORDER BY (SELECT max(x) FROM u)) SELECT a FROM q
=>
WITH q AS (SELECT a FROM t) SELECT a FROM q
----
# at: 1:17
# target: o.t
SELECT a FROM t ORDER BY a;
=>
SELECT a FROM t;
----
# quiet
SELECT a FROM t ORDER BY a
----
# quiet
SELECT * FROM (SELECT a FROM t ORDER BY a LIMIT 10) q
----
# quiet
SELECT a FROM (SELECT DISTINCT ON (a) a, b FROM t ORDER BY a, b) q
----
# quiet
SELECT list(x ORDER BY y), sum(z) OVER (ORDER BY y) FROM t
----
# dialect: bigquery
# quiet
SELECT ARRAY(SELECT x FROM UNNEST(xs) AS x ORDER BY x) AS xs FROM t
----
# at: 1:64
SELECT row_number() OVER (ORDER BY b) FROM (SELECT a, b FROM t ORDER BY a) q
----
# quiet
(SELECT a FROM t ORDER BY a)
