[% import "_macros.sql" as m with context %]
-- How many entities were active on how many of the last 7 and 28 days (L7 and L28), in each cut.
WITH [[ m.counted(g, "active_days", "active_days > 0", ranged) ]]
[% include "_keep_list.sql" %]
, [[ m.mapped(g, ["active_days"]) ]],
active AS (
  SELECT ds, activity, [[ m.list(g.dim_names) ]][[ ", " if g.dims ]]n, 7 AS window_days, active_days >> 5 AS days_active FROM mapped WHERE active_days >= 32
  UNION ALL
  SELECT ds, activity, [[ m.list(g.dim_names) ]][[ ", " if g.dims ]]n, 28 AS window_days, active_days & 31 AS days_active FROM mapped
)
SELECT
  [% if ranged %]
  ds,
  [% endif %]
  activity,
  window_days,
  [[ m.cut(g) if g.dims else "''" ]] AS cut,
  [% for name in g.dim_names %]
  [[ name ]],
  [% endfor %]
  days_active,
  CAST(sum(n) AS BIGINT) AS entities
FROM active
GROUP BY ds, activity, window_days, [% for name in g.dim_names %][[ name ]], [% endfor %]days_active
