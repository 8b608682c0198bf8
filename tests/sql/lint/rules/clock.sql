# dialect: trino
# at: 1:40
# message: CURRENT_DATE is the time of the run; use the day that the run fills.
SELECT * FROM logs.ev WHERE ds >= cast(current_date - interval '7' day as varchar)
=>
SELECT * FROM logs.ev WHERE ds >= cast(DATE '{{ ds }}' - interval '7' day as varchar)
----
# at: 1:8, 2:8
SELECT now() AS a,
       current_timestamp AS b
----
# dialect: postgres
# at: 1:8, 1:42
SELECT 'today'::date, a FROM t WHERE b < getdate()
----
# dialect: spark
# at: 1:8
SELECT unix_timestamp() AS loaded_at
----
# dialect: spark
# at: 1:8
SELECT localtimestamp AS loaded_at
----
# at: 1:47
SELECT a FROM t WHERE d = '{{ macros.datetime.now().date() }}' AND ds = '{{ ds }}'
----
# dialect: bigquery
# at: 2:13
SELECT 1 FROM t WHERE ds = @submission_date AND
  IF(x > 1, current_timestamp, ts) > ts
----
# dialect: bigquery
# quiet
SELECT IF(CAST(@submission_date AS DATE) IS NULL, CURRENT_TIMESTAMP, MAX(ts)) AS ts FROM t WHERE ds = @submission_date
----
# quiet
SELECT DATE '{{ ds }}' AS d, 'now' AS word, now AS c FROM t WHERE ds = '{{ ds }}'
----
# dialect: spark
# quiet
SELECT unix_timestamp(ts) FROM t WHERE ds = '{{ ds }}'
