# dialect: spark
# at: 1:29
# message: substr(ds, 1, 7) hides the partition column ds of logs.ev; compare ds itself.
SELECT a FROM logs.ev WHERE substr(ds, 1, 7) = '2018-01'
=>
SELECT a FROM logs.ev WHERE (ds >= '2018-01-01' AND ds < '2018-02-01')
----
# dialect: spark
# at: 1:31
SELECT a FROM logs.ev e WHERE left(e.ds, 4) = '2018' AND x > 1
=>
SELECT a FROM logs.ev e WHERE (e.ds >= '2018-01-01' AND e.ds < '2019-01-01') AND x > 1
----
# at: 1:29
SELECT a FROM logs.ev WHERE left(ds, 6) = '201812'
=>
SELECT a FROM logs.ev WHERE (ds >= '20181201' AND ds < '20190101')
----
# at: 1:29
SELECT a FROM logs.ev WHERE substr(ds, 1, 10) = '2018-12-31'
=>
SELECT a FROM logs.ev WHERE (ds >= '2018-12-31' AND ds < '2019-01-01')
----
# at: 1:29
SELECT a FROM logs.ev WHERE substr(ds, 1, 7) = '2018-13'
----
# at: 1:29
SELECT a FROM logs.ev WHERE substr(ds, 2, 7) = '018-11-'
----
# at: 1:29
SELECT a FROM logs.ev WHERE replace(ds, '-', '/') = '{{ ds }}'
----
# at: 1:29
SELECT a FROM logs.ev WHERE ds LIKE '2018-_1%'
----
# quiet
SELECT a FROM logs.ev WHERE substr(ds, 1, 7) = '2018-01' AND ds = '{{ ds }}'
----
# quiet
SELECT a FROM logs.ev WHERE CAST(ds AS DATE) = DATE '{{ ds }}'
----
# quiet
SELECT substr(ds, 1, 7) FROM logs.ev WHERE ds = '{{ ds }}'
----
# quiet
SELECT a FROM logs.ev WHERE ds = '{{ ds }}' AND date_diff('day', ds, first_seen) = 6
