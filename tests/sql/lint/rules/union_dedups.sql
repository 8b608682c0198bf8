# at: 2:1
# message: UNION removes duplicate rows; use UNION ALL unless that is meant.
SELECT a FROM t
UNION SELECT a FROM u
=>
SELECT a FROM t
UNION ALL SELECT a FROM u
----
# quiet
SELECT a FROM t UNION ALL SELECT a FROM u
----
# dialect: bigquery
# quiet
SELECT a FROM t UNION DISTINCT SELECT a FROM u
----
# quiet
WITH RECURSIVE r AS (SELECT 1 AS a UNION SELECT a + 1 FROM r WHERE a < 5) SELECT a FROM r
