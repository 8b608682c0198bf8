# at: 1:29
# message: logs.ev is read at days that follow no pattern; read a range of days, or a calendar period.
SELECT a FROM logs.ev WHERE ds = '{{ macros.ds_add(ds, -(ds_nodash | int % 5)) }}'
----
# quiet
# dialect: spark
SELECT a FROM logs.ev WHERE ds BETWEEN trunc('{{ ds }}', 'MM') AND '{{ ds }}'
----
# quiet
SELECT a FROM logs.ev WHERE ds = '{{ ds }}'
----
# quiet
SELECT a FROM logs.ev WHERE ds BETWEEN '2026-01-08' AND '{{ ds }}'
----
# quiet
SELECT a FROM logs.ev WHERE ds BETWEEN '{{ macros.ds_add(ds, -6) }}' AND '{{ ds }}' AND ds <= '2024-01-08'
