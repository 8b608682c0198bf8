# at: 2:7
# message: b.v > 10 drops the rows that the LEFT JOIN of b keeps; move it into the ON.
SELECT a.id FROM a LEFT JOIN b ON a.id = b.id
WHERE b.v > 10 AND b.w = 1
----
# at: 1:59
SELECT b.id FROM a RIGHT JOIN b ON a.id = b.id WHERE NOT (a.v IN (1, 2))
----
# at: 1:53
SELECT b.id FROM a FULL JOIN b ON a.id = b.id WHERE a.v = 1
----
# quiet
SELECT a.id FROM a LEFT JOIN b ON a.id = b.id WHERE b.id IS NULL
----
# quiet
SELECT a.id FROM a LEFT JOIN b ON a.id = b.id WHERE b.v > 10 OR b.v IS NULL
----
# quiet
SELECT a.id FROM a LEFT JOIN b ON a.id = b.id WHERE coalesce(b.v, 0) < 10
----
# quiet
SELECT a.id FROM a LEFT JOIN b ON a.id = b.id AND b.v > 10 WHERE a.v > 1 AND x = 2
----
# quiet
SELECT a.id FROM a JOIN b ON a.id = b.id WHERE b.v > 10
