# at: 1:30
# message: NATURAL JOIN of b joins by all columns with equal names; name them with USING or ON.
SELECT x FROM a NATURAL JOIN b
----
# quiet
SELECT x FROM a JOIN b USING (id)
