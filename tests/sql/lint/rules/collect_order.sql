# at: 1:13
# message: list(x) collects rows in no particular order; add an ORDER BY.
SELECT uid, list(x) FROM t GROUP BY uid
----
# at: 1:13, 1:33, 1:43
SELECT uid, string_agg(x, ','), first(y), last(z) FROM t GROUP BY uid
----
# dialect: spark
# at: 1:8
SELECT collect_list(x) OVER (PARTITION BY uid) FROM t
----
# quiet
SELECT uid, list(x ORDER BY x), string_agg(x, ',' ORDER BY y) FROM t GROUP BY uid
----
# dialect: trino
# quiet
SELECT listagg(x, ',') WITHIN GROUP (ORDER BY x) FROM t
----
# dialect: bigquery
# quiet
SELECT ARRAY_AGG(x) OVER w FROM t WINDOW w AS (PARTITION BY uid ORDER BY ts)
----
# dialect: spark
# quiet
SELECT sort_array(collect_list(x)), size(collect_set(y)) FROM t
----
# quiet
SELECT list_sort(list(DISTINCT x)) FROM t
----
# dialect: bigquery
# quiet
SELECT ARRAY_AGG(x) OVER b FROM t WINDOW a AS (PARTITION BY uid ORDER BY ts), b AS (a ROWS 3 PRECEDING)
----
# at: 1:8
# message: string_agg(DISTINCT x, ',') collects rows in no particular order; add an ORDER BY.
SELECT string_agg(DISTINCT x, ',') FROM t
