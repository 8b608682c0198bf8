# at: 1:15
# message: schema has no value; give it one, or use a name that Airflow or dbt defines.
SELECT a FROM {{ params.schema }}.ev WHERE ds = '{{ ds }}' AND b = '{{ params.schema }}'
----
# at: 2:13
SELECT a FROM logs.ev
WHERE ds = '{{ dss }}'
----
# quiet
SELECT __a__, '__b__' FROM logs.ev WHERE ds = '{{ ds }}'
