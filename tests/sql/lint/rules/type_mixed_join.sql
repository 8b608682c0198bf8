# at: 1:29
# message: a.id = b.id compares BIGINT with VARCHAR; compare values of one type.
# catalog: {"a": {"keys": [], "columns": {"id": "BIGINT"}}, "b": {"keys": [], "columns": {"id": "VARCHAR", "v": "INTERVAL"}}}
SELECT a.x FROM a JOIN b ON a.id = b.id
----
# at: 1:31
# catalog: {"a": {"keys": [], "columns": {"x": "DATE"}}, "b": {"keys": [], "columns": {"y": "TEXT"}}}
SELECT a.x FROM a, b    WHERE x = y
----
# quiet
# catalog: {"a": {"keys": [], "columns": {"id": "BIGINT", "v": "INTEGER"}}, "b": {"keys": [], "columns": {"id": "DECIMAL(10,0)", "v": "INTERVAL"}}}
SELECT a.x FROM a JOIN b ON a.id = b.id AND a.v = b.v AND a.id = b.unknown
----
# quiet
SELECT a.x FROM a JOIN b ON a.id = b.id
----
# at: 2:7
# catalog: {"a": {"keys": [], "columns": {"k": "BIGINT"}}, "b": {"keys": [], "columns": {"k": "VARCHAR"}}}
SELECT q.n FROM (SELECT * FROM a) q, a, b
WHERE a.k = b.k AND q.k = b.k
