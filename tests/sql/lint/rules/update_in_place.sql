# at: 1:8
# message: UPDATE changes rows of dim.u in place; write whole partitions instead.
UPDATE dim.u SET seen = e.ts FROM logs.ev e WHERE e.uid = u.id AND e.ds = '{{ ds }}'
----
# dialect: spark
# at: 1:12
MERGE INTO dim.u t USING (SELECT id, n FROM raw.u WHERE ds = '{{ ds }}') s ON t.id = s.id WHEN MATCHED THEN UPDATE SET n = s.n
----
# quiet
SELECT a FROM dim.u WHERE ds = '{{ ds }}'
