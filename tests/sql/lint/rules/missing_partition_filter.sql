# dialect: spark
# at: 1:68
# message: dim.users is read whole; filter by its partition column ds.
INSERT OVERWRITE TABLE o.t PARTITION (ds='{{ ds }}') SELECT a FROM dim.users
----
# at: 1:15
# catalog: {"logs.ev": ["day"]}
SELECT a FROM logs.ev WHERE ds = '2024-01-01'
----
# at: 1:26
SELECT a FROM s.f WHERE (ds='{{ ds }}' OR country='US')
----
# quiet
# title: the key may have another name than we were told
SELECT a FROM s.f WHERE event_date = '{{ ds }}'
----
# dialect: bigquery
# quiet
# title: this ds is made in the text
SELECT DATE(ts) AS ds, COUNT(*) AS n FROM s.f WHERE DATE(ts) = @submission_date GROUP BY ds
----
# quiet
# title: a daily picture of a table that may well have no partitions
SELECT a, '{{ ds }}' AS day FROM s.f
----
# at: 1:30
SELECT a FROM (SELECT * FROM logs.ev ORDER BY ts LIMIT 10) q WHERE ds = '{{ ds }}'
----
# at: 1:75
SELECT a.id FROM x.a LEFT JOIN x.b b ON a.id=b.id AND b.ds='{{ ds }}' AND a.ds='{{ ds }}'
----
# at: 1:32
# catalog: {"dim.users": ["ds"], "logs.ev": ["ds"]}
SELECT e.a FROM logs.ev e JOIN dim.users u ON e.uid = u.id WHERE e.ds = '{{ ds }}'
----
# quiet
SELECT e.a FROM logs.ev e JOIN dim.users u ON e.uid = u.id WHERE e.ds = '{{ ds }}'
----
# quiet
# catalog: {"dim.users": []}
SELECT a FROM dim.users WHERE d = '{{ ds }}'
----
# quiet
SELECT count(*) FROM lineitem
----
# quiet
SELECT count(*) FROM read_parquet('/data/ev/ds={{ ds }}/*.parquet') p JOIN dim.u u ON u.id = p.uid
----
# quiet
SELECT a FROM dim.geo WHERE ds = (SELECT max(ds) FROM dim.geo) AND x <> '{{ ds }}'
----
# quiet
SELECT a FROM logs.ev WHERE substr(ds, 1, 7) = '{{ ds[:7] }}' AND x < 2
----
# quiet
SELECT a FROM logs.ev WHERE ds > CAST(current_date AS VARCHAR) AND x <> '{{ ds }}'
----
# dialect: bigquery
# quiet
# title: a bound that only the run knows
SELECT a FROM logs.ev WHERE ds BETWEEN @first AND (SELECT last FROM params)
