[% import "_macros.sql" as m with context %]
-- Ratios of the accounting; NULL where there is nothing to divide by.
WITH today AS (
  SELECT * FROM [[ g.tables.accounting ]] WHERE ds = [[ m.day(0) ]]
),
daily AS (
  SELECT activity, cut, [[ m.list(g.dim_names) ]][[ ", " if g.dims ]]max(active) AS active
  FROM today WHERE window_days = 1
  GROUP BY activity, cut[% for name in g.dim_names %], [[ name ]][% endfor %]

)
SELECT
  t.activity,
  t.window_days,
  t.step,
  t.cut,
  [% for name in g.dim_names %]
  t.[[ name ]],
  [% endfor %]
  (t.new + t.resurrected) / nullif(CAST(t.churned AS DOUBLE), 0) AS quick_ratio,
  t.retained / nullif(CAST(t.active - t.new - t.resurrected + t.churned - t.net_moved AS DOUBLE), 0) AS retention_rate,
  d.active / nullif(CAST(t.active AS DOUBLE), 0) AS stickiness
FROM today AS t
LEFT JOIN daily AS d
  ON d.activity = t.activity AND d.cut = t.cut[% for name in g.dim_names %] AND d.[[ name ]] IS NOT DISTINCT FROM t.[[ name ]][% endfor %]

