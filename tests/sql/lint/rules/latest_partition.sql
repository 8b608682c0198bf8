# dialect: trino
# at: 1:29
# message: dim.geo is read at whatever partition is the latest; name the day instead.
SELECT a FROM dim.geo WHERE ds = (SELECT max(ds) FROM dim.geo)
----
# dialect: trino
# at: 2:37
WITH m AS (SELECT max(ds) AS ds FROM dim.geo)
SELECT g.a FROM dim.geo g JOIN m ON g.ds = m.ds
----
# quiet
SELECT a FROM dim.geo WHERE ds = '{{ ds }}' AND v = (SELECT max(v) FROM dim.geo WHERE ds = '{{ ds }}')
----
# at: 1:123
WITH newest AS (SELECT max(ds) AS ds FROM dim.geo), same AS (SELECT * FROM newest) SELECT g.x FROM dim.geo g JOIN same ON g.ds = same.ds
