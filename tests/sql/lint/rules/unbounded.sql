# dialect: trino
# at: 1:39
# message: raw.clicks is read from 2018-01-01 without an end; stop at the run's day.
SELECT count(*) FROM raw.clicks WHERE ds >= '2018-01-01'
=>
SELECT count(*) FROM raw.clicks WHERE ds >= '2018-01-01' AND ds <= '{{ ds }}'
----
# at: 1:29
# message: logs.ev is read from 2024-07-10 without an end; stop at the run's day.
SELECT a FROM logs.ev WHERE ds >= '{{ macros.ds_add(ds, -7) }}'
----
# quiet
SELECT a FROM logs.ev WHERE ds >= '{{ macros.ds_add(ds, -7) }}' AND ds <= '{{ ds }}'
----
# quiet
SELECT a FROM logs.ev WHERE ds <= '{{ ds }}'
