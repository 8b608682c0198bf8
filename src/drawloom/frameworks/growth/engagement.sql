[% import "_macros.sql" as m with context %]
-- How many entities were active on how many of the last 7 and 28 days (L7 and L28), in each cut.
WITH
[% include "_dense.sql" if dense else "_today.sql" %]
[% include "_keep_list.sql" %]
, flagged AS (
  [% for a in g.activities %]
  SELECT
    ds,
    [[ a.value ]] AS activity,
    [[ m.list(g.dim_names) ]][[ "," if g.dims ]]
    CAST(bit_count([[ a.bits ]] & 127) AS INTEGER) AS l7,
    CAST(bit_count([[ a.bits ]] & 268435455) AS INTEGER) AS l28[[ ", n" if dense ]]
  FROM states WHERE [[ a.bits ]] & 268435455 <> 0
  [% if not loop.last %]
  UNION ALL
  [% endif %]
  [% endfor %]
),
counted AS (
  SELECT ds, activity, [[ m.list(g.dim_names) ]][[ ", " if g.dims ]]l7, l28, [[ "sum(n)" if dense else "count(*)" ]] AS n
  FROM flagged
  [[ m.grouping(g, ["l7", "l28"]) ]]
),
[[ m.mapped(g, ["l7", "l28"]) ]],
active AS (
  SELECT *, 7 AS window_days, l7 AS days_active FROM mapped WHERE l7 > 0
  UNION ALL
  SELECT *, 28 AS window_days, l28 AS days_active FROM mapped
)
SELECT
  [% if dense %]
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
