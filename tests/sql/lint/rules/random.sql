# at: 1:8
# message: random() is different on every run, so a rerun gives other rows; use a hash instead.
SELECT random() AS r FROM t
----
# at: 1:8, 1:16
SELECT uuid(), nextval('s') FROM t
----
# dialect: trino
# at: 1:30
SELECT count(*) FROM logs.ev TABLESAMPLE BERNOULLI (10) WHERE ds = '{{ ds }}'
----
# at: 1:23
SELECT a FROM t USING SAMPLE 10%
----
# dialect: spark
# quiet
SELECT rand(42), md5(id) FROM t
----
# quiet
SELECT a FROM t TABLESAMPLE BERNOULLI (10) REPEATABLE (4)
