# at: 1:29
# message: logs.ev is read up to day +1; stop at the run's day.
SELECT a FROM logs.ev WHERE ds = '{{ tomorrow_ds }}'
----
# at: 1:29
SELECT a FROM logs.ev WHERE ds BETWEEN '{{ ds }}' AND '{{ macros.ds_add(ds, 3) }}'
----
# dialect: trino
# at: 1:29
SELECT a FROM logs.ev WHERE CAST(ds AS DATE) >= date_trunc('month', DATE '{{ ds }}') AND CAST(ds AS DATE) < date_trunc('month', DATE '{{ ds }}') + interval '1' month
----
# dialect: bigquery
# quiet
# title: arrivals round the day, of events that are of the day
SELECT a FROM logs.ev WHERE ds BETWEEN DATE_SUB(@submission_date, INTERVAL 1 DAY) AND DATE_ADD(@submission_date, INTERVAL 1 DAY) AND DATE(ts) = @submission_date
----
# quiet
SELECT a FROM logs.ev WHERE ds BETWEEN '{{ macros.ds_add(ds, -6) }}' AND '{{ ds }}'
