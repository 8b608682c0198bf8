# at: 1:14
# message: CREATE TABLE o.t AS works only once; replace the table, or fill a partition.
CREATE TABLE o.t AS SELECT a FROM i WHERE ds = '{{ ds }}'
----
# at: 1:28
CREATE TABLE IF NOT EXISTS o.t AS SELECT a FROM i WHERE ds = '{{ ds }}'
----
# quiet
CREATE OR REPLACE TABLE o.t AS SELECT a FROM i WHERE ds = '{{ ds }}'
----
# quiet
DROP TABLE IF EXISTS o.t; CREATE TABLE o.t AS SELECT a FROM i WHERE ds = '{{ ds }}'
----
# quiet
CREATE TEMP TABLE t AS SELECT a FROM i WHERE ds = '{{ ds }}'
----
# quiet
CREATE TABLE IF NOT EXISTS o.t (a INT)
----
# quiet
CREATE VIEW o.v AS SELECT 1 AS a
