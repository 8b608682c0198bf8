# dialect: hive
# at: 1:42, 2:30
# message: o.t is written at 2018-01-01 on every run; use the run's day.
INSERT OVERWRITE TABLE o.t PARTITION (ds='2018-01-01')
SELECT a FROM raw.k WHERE ds='2018-01-01'
=>
INSERT OVERWRITE TABLE o.t PARTITION (ds='{{ ds }}')
SELECT a FROM raw.k WHERE ds='{{ ds }}'
----
# at: 1:34
SELECT a FROM raw.k WHERE ds IN ('20180101', '20180102')
=>
SELECT a FROM raw.k WHERE ds IN ('{{ ds_nodash }}', '20180102')
----
# quiet
SELECT a FROM raw.k WHERE ds = '{{ params.day }}'
----
# quiet
SELECT a FROM raw.k WHERE ds = '{{ ds }}' AND d > '2018-01-01'
----
# quiet
# title: an open end is the other rule's
SELECT a FROM raw.k WHERE ds >= '2018-01-01'
