# at: 1:8
# message: row_number() depends on the order of rows, but its window has no ORDER BY.
SELECT row_number() OVER (PARTITION BY a) FROM t
----
# at: 1:8, 1:40
SELECT lag(x IGNORE NULLS) OVER (), y, first_value(z) OVER (PARTITION BY a ORDER BY 1) FROM t
----
# quiet
SELECT row_number() OVER (PARTITION BY a ORDER BY b), sum(x) OVER (PARTITION BY a) FROM t
----
# dialect: bigquery
# quiet
SELECT ROW_NUMBER() OVER (w) FROM t WINDOW w AS (PARTITION BY a ORDER BY ts)
