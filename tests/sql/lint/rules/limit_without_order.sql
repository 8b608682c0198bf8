# at: 1:17
SELECT a FROM t LIMIT 10
----
# dialect: trino
# at: 1:39
SELECT a FROM (SELECT a FROM t) x     FETCH FIRST 3 ROWS ONLY
----
# at: 1:43
SELECT a FROM t UNION ALL SELECT b FROM u LIMIT 5
----
# quiet
SELECT a FROM t ORDER BY a LIMIT 10
----
# quiet
SELECT a FROM t LIMIT 0
----
# quiet
SELECT count(*) FROM t LIMIT 1
----
# quiet
SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a LIMIT 1)
----
# quiet
SELECT 1 AS one LIMIT 1
----
# dialect: bigquery
# quiet
SELECT (SELECT value FROM UNNEST(params) WHERE key = 'page' LIMIT 1).text AS page FROM t
