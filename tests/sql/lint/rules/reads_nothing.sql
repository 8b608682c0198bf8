# at: 1:47
# message: logs.ev is read at no day: its conditions on ds exclude each other.
SELECT a FROM logs.ev WHERE ds='{{ ds }}' AND ds='{{ yesterday_ds }}'
----
# quiet
SELECT a FROM logs.ev WHERE ds='{{ ds }}' OR ds='{{ yesterday_ds }}'
----
# quiet
SELECT a FROM logs.ev WHERE ds='{{ ds }}' AND ds >= '{{ ds }}' AND 1 = 0
----
# quiet
SELECT a FROM logs.ev WHERE ds BETWEEN '{{ ds }}' AND '{{ yesterday_ds }}'
