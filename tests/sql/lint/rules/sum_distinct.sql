# at: 1:13
# message: sum(DISTINCT amount) adds equal values only once; sum every row's value.
SELECT uid, sum(DISTINCT amount) FROM t GROUP BY uid
----
# quiet
SELECT sum(amount), count(DISTINCT uid) FROM t
