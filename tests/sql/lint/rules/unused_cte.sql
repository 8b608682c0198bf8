# at: 1:6
# message: q is defined and never used.
WITH q AS (SELECT a FROM t), p AS (SELECT b FROM u) SELECT b FROM p
----
# at: 1:16
WITH RECURSIVE r AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM r WHERE a < 5) SELECT 1
----
# quiet
WITH q AS (SELECT a FROM t), p AS (SELECT a FROM Q) SELECT a FROM p
