# dialect: spark
# at: 1:63
# message: INSERT takes all columns of dim.users; list them.
INSERT OVERWRITE TABLE o.t PARTITION (ds = '{{ ds }}') SELECT * FROM dim.users WHERE ds = '{{ ds }}'
----
# at: 1:35
CREATE TABLE scratch.t1 AS SELECT * FROM core.t WHERE ds = '{{ ds }}'
----
# at: 1:8
# target: o.t
# fix: Write a, b.
# catalog: {"i": {"keys": ["ds"], "columns": {"a": "INT", "b": "TEXT"}}}
SELECT * FROM i WHERE ds = '{{ ds }}'
----
# at: 2:24
# message: INSERT takes all columns of i; list them.
WITH q AS (SELECT *, 1 AS one FROM i WHERE ds = '{{ ds }}')
INSERT INTO o.t SELECT q.* FROM q
----
# at: 1:50
INSERT INTO o.t SELECT a FROM i UNION ALL SELECT * FROM j
----
# quiet
SELECT * FROM core.t WHERE ds = '{{ ds }}'
----
# quiet
WITH q AS (SELECT a, b FROM i WHERE ds = '{{ ds }}') INSERT INTO o.t SELECT * FROM q
----
# quiet
INSERT INTO o.t SELECT count(*) FROM i
----
# quiet
INSERT INTO o.t SELECT x.a FROM (SELECT * FROM i) x
----
# quiet
INSERT INTO o.t SELECT * FROM (VALUES (1, 2)) v(a, b)
----
# at: 1:24
# message: INSERT takes all columns of j; list them.
INSERT INTO o.t SELECT * FROM (SELECT x.a, y.* FROM i x JOIN j y ON x.a = y.a) q
----
# quiet
INSERT INTO o.t SELECT * FROM i PIVOT (sum(n) FOR k IN ('a', 'b'))
----
# at: 1:78, 1:104
INSERT OVERWRITE TABLE o.t WITH q AS (SELECT * FROM i WHERE ds = 'x') SELECT * FROM q UNION ALL SELECT * FROM q
----
# quiet
INSERT OVERWRITE TABLE o.t WITH q AS (SELECT 1 AS k) SELECT * FROM q AS a JOIN q AS b USING (k)
