# dialect: hive
# at: 1:42
# message: NOT IN over b finds nothing once one of its values is NULL; use NOT EXISTS.
# fix: Write NOT EXISTS (SELECT 1 ... WHERE b.id = a.id), or add AND b.id IS NOT NULL there.
SELECT id FROM a WHERE ds='{{ ds }}' AND id NOT IN (SELECT id FROM b WHERE ds='{{ yesterday_ds }}')
----
# at: 1:24
SELECT a FROM t WHERE (x, y) NOT IN (SELECT x, y FROM u)
----
# quiet
SELECT id FROM a WHERE id NOT IN (SELECT id FROM b WHERE id IS NOT NULL)
----
# quiet
SELECT id FROM a WHERE id NOT IN (SELECT id FROM b WHERE id > 0)
----
# quiet
SELECT id FROM a WHERE id NOT IN (SELECT coalesce(id, 0) FROM b)
----
# quiet
SELECT id FROM a WHERE id NOT IN (SELECT count(*) FROM b)
----
# quiet
SELECT id FROM a WHERE id IN (SELECT id FROM b) AND x NOT IN (1, 2)
