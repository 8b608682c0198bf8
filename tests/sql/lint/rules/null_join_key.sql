# at: 1:40
# message: a.id is NULL in 40% of the rows of core.a; such rows find no partner.
# severity: info
# fix: Leave them out on purpose (WHERE a.id IS NOT NULL), or find out why they are NULL.
# catalog: {"core.a": {"keys": [], "columns": {"id": "BIGINT"}, "nulls": {"id": 0.4}}, "core.b": {"keys": [], "columns": {"id": "BIGINT"}}}
SELECT a.id FROM core.a JOIN core.b ON a.id = b.id
----
# at: 2:47, 2:53
# catalog: {"a": {"keys": [], "columns": {"x": "DATE", "k": "INT"}, "nulls": {"x": 0.05}}, "b": {"keys": [], "columns": {"y": "DATE", "k": "INT"}, "nulls": {"y": 0.06}}}
SELECT count(*) AS n
FROM a AS l LEFT JOIN b AS r ON l.k = r.k AND l.x = r.y
----
# quiet
# catalog: {"a": {"keys": [], "columns": {"id": "BIGINT", "v": "INT"}, "nulls": {"id": 0.04, "v": 1.0}}, "b": {"keys": [], "columns": {"id": "BIGINT"}}}
SELECT a.v FROM a JOIN b ON a.id = b.id AND a.v > 3
