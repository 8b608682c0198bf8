# at: 1:13
# message: sum(DISTINCT amount) adds every different value once, must be the sum of the rows' own values.
SELECT uid, sum(DISTINCT amount) FROM t GROUP BY uid
----
# quiet
SELECT sum(amount), count(DISTINCT uid) FROM t
