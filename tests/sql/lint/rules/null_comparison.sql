# at: 1:23
# message: a = NULL is never true; use IS NULL or IS NOT NULL.
# fix: Write a IS NULL.
SELECT a FROM t WHERE a = NULL
----
# at: 1:32
# fix: Write a IS NOT NULL.
SELECT a FROM t WHERE b = 1 OR a <> NULL
----
# at: 1:23
SELECT a FROM t WHERE a NOT IN (1, NULL)
----
# at: 1:30
SELECT sum(CASE WHEN 1=1 AND a = NULL THEN 1 END) FROM t
----
# quiet
SELECT a FROM t WHERE a IS NULL AND b IN (1, NULL)
----
# quiet
UPDATE t SET a = NULL WHERE b = 1
