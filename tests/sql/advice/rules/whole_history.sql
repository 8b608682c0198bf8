# at: 1:29
# message: logs.ev is read from its first day up to the run's, must be carried over from yesterday where it can be.
SELECT a FROM logs.ev WHERE ds <= '{{ ds }}'
----
# quiet
SELECT a FROM logs.ev WHERE ds BETWEEN '{{ macros.ds_add(ds, -27) }}' AND '{{ ds }}'
----
# quiet
SELECT a FROM logs.ev WHERE ds >= '2018-01-01'
