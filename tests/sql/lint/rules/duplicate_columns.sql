# at: 1:36
# message: id is in o.t twice; rename one of them.
# target: o.t
SELECT a.id, b.x AS v, a.y AS ID2, b.id FROM a JOIN b ON a.k = b.k
----
# at: 1:35
WITH q AS (SELECT x AS v, y AS w, z AS V FROM t) SELECT w FROM q
----
# at: 1:34
CREATE TABLE o.t AS SELECT a, b, a FROM i
----
# at: 1:26
SELECT n FROM (SELECT a, a FROM i) q
----
# quiet
SELECT a.id, b.id FROM a JOIN b ON a.k = b.k
----
# quiet
WITH q(v, w) AS (SELECT a, a FROM t) SELECT v, w FROM q
----
# quiet
SELECT n FROM (SELECT a, a FROM i) q(n, m)
----
# quiet
INSERT INTO o.t SELECT id, id FROM i
----
# quiet
# target: o.t
SELECT id, x, 1, 1, count(*), count(*) FROM i
