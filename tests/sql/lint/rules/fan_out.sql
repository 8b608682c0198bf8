# at: 2:11
# message: r has several rows per uid, so sums count rows repeatedly; aggregate it before the join.
SELECT sum(o.amount) FROM orders o JOIN
  (SELECT uid, ds, max(tier) AS tier FROM rides GROUP BY uid, 2) r ON o.uid = r.uid
----
# quiet
SELECT sum(o.amount) FROM orders o JOIN (SELECT uid, max(tier) AS tier FROM rides GROUP BY uid) r ON o.uid = r.uid
----
# quiet
SELECT sum(r.n) FROM orders o JOIN (SELECT uid, ds, count(*) AS n FROM rides GROUP BY uid, ds) r ON o.uid = r.uid
----
# quiet
SELECT sum(o.amount) FROM orders o JOIN (SELECT uid, ds FROM rides GROUP BY uid, ds) r ON o.uid = r.uid AND r.ds = 'x'
----
# quiet
SELECT sum(o.amount) FROM orders o JOIN (SELECT uid, k FROM rides GROUP BY ROLLUP (uid, k)) r ON o.uid = r.uid
----
# quiet
SELECT sum(o.amount) FROM orders o JOIN (SELECT uid, k FROM rides GROUP BY uid, k) r USING (uid, k)
----
# catalog: {"core.rides": {"keys": ["ds"], "unique": ["ride_id"]}}
# at: 1:41
SELECT sum(o.amount) FROM orders o JOIN core.rides r ON o.uid = r.uid AND r.ds = 'x'
----
# quiet
# catalog: {"core.rides": {"keys": ["ds"], "unique": ["ride_id"]}}
SELECT sum(o.amount) FROM orders o JOIN core.rides r ON o.ride_id = r.ride_id AND r.ds = 'x'
