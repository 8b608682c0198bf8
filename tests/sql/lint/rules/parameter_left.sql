# at: 1:15
# message: params.schema has no value, so it would still be in the SQL that runs.
SELECT a FROM {{ params.schema }}.ev WHERE ds = '{{ ds }}' AND b = '{{ params.schema }}'
----
# at: 2:13
SELECT a FROM logs.ev
WHERE ds = '{{ dss }}'
----
# quiet
SELECT __a__, '__b__' FROM logs.ev WHERE ds = '{{ ds }}'
----
# at: 1:15
# dialect: hive
# message: ${hiveconf:src} has no value here, so it would still be in the SQL that runs.
# fix: Write the table's name, or {{ params.name }} and give its value in params.
SELECT a FROM ${hiveconf:src} WHERE ds = '{{ ds }}'
----
# at: 2:13, 2:29
# dialect: hive
# fix: Write '{{ ds }}' for the run's day, '{{ ds_nodash }}' for 20240717, or {{ params.name }} for another value.
SELECT a FROM logs.ev
WHERE ds >= :day AND ds <= '${hivevar:last}'
----
# at: 1:15
# message: this, dbt's name of the table that the text fills, has no value, so it would still be in the SQL that runs.
SELECT a FROM {{ this }} WHERE ds = '{{ ds }}'
----
# at: 1:8
# message: the macro dbt_utils.star is not known here, so it would still be in the SQL that runs.
# fix: Run on compiled SQL, or give --macros DIR with its definition.
SELECT {{ dbt_utils.star(ref('a')) }} FROM logs.ev WHERE ds = '{{ ds }}'
----
# quiet
SELECT a::INT, 'x:y', m[:2] /* ${a} */ FROM logs.ev WHERE ds = '{{ ds }}' -- :b @c
