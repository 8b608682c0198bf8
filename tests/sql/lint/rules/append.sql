# dialect: trino
# at: 1:13
# message: INSERT INTO o.t adds the rows again on every rerun; replace the partition instead.
INSERT INTO o.t SELECT uid, '{{ ds }}' AS ds FROM logs.ev WHERE ds = '{{ ds }}'
=>
DELETE FROM o.t WHERE ds = '{{ ds }}';
INSERT INTO o.t SELECT uid, '{{ ds }}' AS ds FROM logs.ev WHERE ds = '{{ ds }}'
----
# dialect: trino
# at: 3:13
DELETE FROM o.t WHERE ds = '{{ ds }}';
INSERT INTO o.t SELECT a FROM i WHERE ds = '{{ ds }}';
INSERT INTO o.u SELECT a FROM i WHERE ds = '{{ ds }}'
----
# dialect: trino
# at: 2:13
DELETE FROM o.t WHERE country = 'US';
INSERT INTO o.t SELECT a FROM i WHERE ds = '{{ ds }}'
----
# dialect: hive
# at: 3:13
FROM logs.ev e
INSERT OVERWRITE TABLE o.a PARTITION (ds = '{{ ds }}') SELECT uid WHERE e.ds = '{{ ds }}'
INSERT INTO o.b SELECT uid WHERE e.ds = '{{ ds }}'
----
# dialect: trino
# quiet
DELETE FROM o.t WHERE ds = '{{ ds }}';
INSERT INTO o.t SELECT a FROM i WHERE ds = '{{ ds }}'
----
# dialect: spark
# quiet
INSERT OVERWRITE TABLE o.t PARTITION (ds = '{{ ds }}') SELECT a FROM i WHERE ds = '{{ ds }}'
----
# quiet
TRUNCATE TABLE o.t;
INSERT INTO o.t SELECT a FROM i WHERE ds = '{{ ds }}'
----
# quiet
CREATE TEMP TABLE s AS SELECT a FROM i WHERE ds = '{{ ds }}';
INSERT INTO s SELECT a FROM j WHERE ds = '{{ ds }}'
----
# quiet
INSERT INTO o.t SELECT a FROM i WHERE ds = '{{ ds }}' ON CONFLICT DO NOTHING
----
# dialect: databricks
# quiet
INSERT INTO o.t REPLACE WHERE ds = '{{ ds }}' SELECT a FROM i WHERE ds = '{{ ds }}'
