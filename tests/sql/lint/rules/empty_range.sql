# at: 1:23
# message: ds BETWEEN '2024-07-17' AND '2024-07-10' is never true: the larger value comes first.
SELECT a FROM t WHERE ds BETWEEN '{{ ds }}' AND '{{ macros.ds_add(ds, -7) }}'
----
# at: 1:23
SELECT a FROM t WHERE n BETWEEN 10 AND 5
----
# at: 1:23
SELECT a FROM t WHERE ds BETWEEN '{{ ds }}' AND '2020-01-01'
----
# at: 1:23
SELECT a FROM t WHERE n BETWEEN {{ ds_nodash }} AND 19991231
----
# quiet
SELECT a FROM t WHERE ds BETWEEN DATE '2026-01-08' AND '{{ ds }}'
----
# quiet
SELECT a FROM t WHERE ds BETWEEN '2039-01-08' AND DATE '{{ ds }}'
----
# quiet
SELECT a FROM t WHERE ds BETWEEN '{{ macros.ds_add(ds, -3) }}' AND '{{ ds[:8] }}01'
----
# at: 1:23
SELECT a FROM t WHERE d BETWEEN DATE '2024-02-01' AND DATE '2024-01-01'
----
# quiet
SELECT a FROM t WHERE ds BETWEEN '{{ macros.ds_add(ds, -7) }}' AND '{{ ds }}' AND n BETWEEN 5 AND 10
----
# quiet
SELECT a FROM t WHERE c BETWEEN 'b' AND 'a' OR n BETWEEN x AND 1 OR n BETWEEN '9' AND '10'
