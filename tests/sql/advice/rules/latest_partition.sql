# dialect: trino
# at: 1:29
# message: dim.geo is read at whatever partition is the latest, must be read at a day that the text names.
SELECT a FROM dim.geo WHERE ds = (SELECT max(ds) FROM dim.geo)
----
# dialect: trino
# at: 2:37
WITH m AS (SELECT max(ds) AS ds FROM dim.geo)
SELECT g.a FROM dim.geo g JOIN m ON g.ds = m.ds
----
# quiet
SELECT a FROM dim.geo WHERE ds = '{{ ds }}' AND v = (SELECT max(v) FROM dim.geo WHERE ds = '{{ ds }}')
