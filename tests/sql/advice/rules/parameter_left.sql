# at: 1:15
# message: schema has no value, must be given or spelled as Airflow and dbt name it.
SELECT a FROM {{ params.schema }}.ev WHERE ds = '{{ ds }}' AND b = '{{ params.schema }}'
----
# at: 2:13
SELECT a FROM logs.ev
WHERE ds = '{{ dss }}'
----
# quiet
SELECT __a__, '__b__' FROM logs.ev WHERE ds = '{{ ds }}'
