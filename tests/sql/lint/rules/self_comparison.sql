# at: 1:29
# message: a.id = a.id compares a column with itself; compare two columns.
SELECT a.x FROM a JOIN b ON a.id = a.id AND b.v = a.v
----
# quiet
SELECT a.x FROM a JOIN b ON a.id = b.id WHERE a.x <> a.y
