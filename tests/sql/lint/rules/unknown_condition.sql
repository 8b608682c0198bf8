# at: 2:14
# message: target.name has no value, and it decides what the SQL is; what is read counts all of its branches.
SELECT a FROM logs.ev WHERE ds <= '{{ ds }}'
{% if target.name != 'prod' %} AND ds >= '{{ macros.ds_add(ds, -3) }}' {% endif %} AND b
----
# at: 1:16
# message: the macro tables_of is not known here, and it decides what the SQL is; what is read counts all of its branches.
# fix: Run on compiled SQL, or give --macros DIR with its definition.
{% for name in tables_of('x') %} SELECT a FROM {{ name }} UNION ALL {% endfor %}
SELECT a FROM logs.ev WHERE ds = '{{ ds }}'
----
# quiet
SELECT a FROM logs.ev WHERE ds = '{{ ds }}' {% if var('x', 'true') | as_bool and execute %} AND b {% endif %}
----
# quiet
SELECT a FROM logs.ev WHERE ds = '{{ ds }}' {% if params.x is defined %} AND b {% endif %}
