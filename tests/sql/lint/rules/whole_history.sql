# at: 1:29
# message: logs.ev is read from its first day up to the run's day; continue from yesterday's result if possible.
SELECT a FROM logs.ev WHERE ds <= '{{ ds }}'
----
# quiet
SELECT a FROM logs.ev WHERE ds BETWEEN '{{ macros.ds_add(ds, -27) }}' AND '{{ ds }}'
----
# quiet
SELECT a FROM logs.ev WHERE ds >= '2018-01-01'
