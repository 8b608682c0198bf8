# at: 1:29
# message: logs.ev is read at other days on some runs: they hang on CASE WHEN DAY(CAST('2024-07-17' AS DATE)) = 13 THEN 5 ELSE 0 END.
SELECT a FROM logs.ev WHERE ds BETWEEN DATE '{{ ds }}' - CASE WHEN day(DATE '{{ ds }}') = 13 THEN 5 ELSE 0 END AND DATE '{{ ds }}'
----
# at: 1:29
# message: logs.ev is read at other days on some runs: they hang on 9 if ds == '2019-02-20' else 0.
SELECT a FROM logs.ev WHERE ds BETWEEN DATE '{{ ds }}' - {{ 9 if ds == '2019-02-20' else 0 }} AND DATE '{{ ds }}'
----
# at: 1:8
# message: logs.more is read at other days on some runs: they hang on if ds[:4] == '2001'.
SELECT a FROM logs.ev WHERE ds = '{{ ds }}' {% if ds[:4] == '2001' %} UNION ALL SELECT a FROM logs.more WHERE ds = '{{ ds }}' {% endif %}
----
# quiet
SELECT a FROM logs.ev WHERE ds = '{{ ds }}' {% if ds < '2001-01-01' %} UNION ALL SELECT a FROM logs.more WHERE ds = '{{ ds }}' {% endif %}
----
# quiet
SELECT a, CASE WHEN month(DATE '{{ ds }}') = 9 THEN 1 END AS n FROM logs.ev WHERE ds = '{{ ds }}'
----
# quiet
SELECT a FROM logs.ev WHERE ds BETWEEN date_trunc('month', DATE '{{ ds }}') AND DATE '{{ ds }}'
----
# quiet
SELECT a FROM logs.ev WHERE ds = '{{ ds }}' AND CASE WHEN a > 3 THEN b ELSE c END
