# at: 1:29
# severity: error
# message: No condition joins a and b: every row of one meets every row of the other.
SELECT count(*) FROM x.a a, x.b b WHERE a.ds = '{{ ds }}' AND b.ds = '{{ ds }}'
----
# at: 3:6
# severity: error
SELECT *
FROM x.a JOIN x.b ON a.id = b.id
JOIN x.c ON a.id = b.id AND c.ds = '{{ ds }}'
----
# dialect: spark
# at: 1:32
# severity: error
SELECT a.id FROM x.a AS a JOIN x.b AS b WHERE a.v > 1
----
# dialect: bigquery
# at: 1:28
# severity: error
SELECT a.id FROM x.a AS a, x.b AS b WHERE a.v > 1
----
# at: 4:9
# severity: warn
WITH a AS (SELECT k, sum(n) AS n FROM t GROUP BY k),
     b AS (SELECT k, sum(n) AS m FROM u GROUP BY k)
SELECT a.k, n, m
FROM a, b
----
# at: 1:30
# severity: warn
SELECT e.uid FROM logs.ev e, conf c WHERE e.ds = '{{ ds }}' AND c.name = 'limit'
----
# quiet
SELECT a.s, b.s FROM (SELECT sum(n) AS s FROM t) a, (SELECT sum(n) AS s FROM u) b
----
# quiet
SELECT e.uid / n.total FROM logs.ev e, (SELECT count(*) AS total FROM logs.ev) n
----
# quiet
SELECT * FROM x.a CROSS JOIN x.b
----
# dialect: spark
# quiet
SELECT * FROM x.a JOIN x.b ON TRUE
----
# dialect: spark
# quiet
SELECT * FROM x.a JOIN (SELECT 1 AS one, k FROM x.b) ON 1 = 1
----
# dialect: bigquery
# quiet
SELECT * FROM x.a CROSS JOIN x.b
----
# dialect: bigquery
# quiet
SELECT e.uid, i.sku FROM orders e, e.items i
----
# quiet
SELECT * FROM a, b WHERE a_id = b_id
----
# quiet
SELECT * FROM a, b, c WHERE a_id = b_id AND b_id = c_id AND b_x > 1
----
# quiet
SELECT * FROM a, b WHERE EXISTS (SELECT 1 FROM c WHERE c.x = a.x AND c.y = b.y)
----
# quiet
SELECT * FROM a JOIN b USING (id) NATURAL JOIN c
----
# quiet
SELECT a.id, u.v FROM a, unnest(a.xs) AS u(v)
----
# quiet
SELECT u.id, o.n FROM dim.users u, LATERAL (SELECT count(*) AS n FROM orders o WHERE o.uid = u.id) o
----
# quiet
SELECT * FROM a, b WHERE (a.x = b.x AND a.y > 1) OR (a.x = b.x AND a.y < 0)
----
# quiet
SELECT * FROM (a JOIN b ON a.id = b.id) JOIN c ON c.id = b.id
----
# dialect: bigquery
# quiet
SELECT c.kind FROM main AS t JOIN infos AS cpu ON cpu.name = environment.system.cpu.name
----
# dialect: bigquery
# quiet
SELECT t.id FROM jobs AS j CROSS JOIN UNNEST(refs) AS ref RIGHT JOIN targets AS t ON t.id = ref.id
----
# dialect: bigquery
# quiet
SELECT h.id FROM history AS h LEFT JOIN codes AS c ON h.subscription.discount.code_id = c.id
----
# quiet
SELECT a.id FROM x.a, y.b WHERE x.a.id = y.b.id
----
# quiet
SELECT a.x FROM a, c WHERE EXISTS (SELECT 1 FROM b WHERE b.y = a.y AND b.z = c.z)
