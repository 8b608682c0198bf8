# at: 1:47
# message: logs.ev is read at no day: its conditions on ds exclude each other.
SELECT a FROM logs.ev WHERE ds='{{ ds }}' AND ds='{{ yesterday_ds }}'
----
# at: 1:50
# message: logs.ev is read at no day: its conditions on ds exclude each other.
SELECT a FROM logs.ev WHERE ds >= '{{ ds }}' AND ds <= '2020-01-08'
----
# quiet
SELECT a FROM logs.ev WHERE ds >= '2039-01-08' AND ds <= '{{ ds }}'
----
# quiet
SELECT a FROM logs.ev WHERE ds='{{ ds }}' OR ds='{{ yesterday_ds }}'
----
# quiet
SELECT a FROM logs.ev WHERE ds='{{ ds }}' AND ds >= '{{ ds }}' AND 1 = 0
----
# quiet
SELECT a FROM logs.ev WHERE ds BETWEEN '{{ ds }}' AND '{{ yesterday_ds }}'
