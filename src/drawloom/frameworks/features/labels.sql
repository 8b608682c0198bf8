[% import "_macros.sql" as m with context %]
-- What happened to the entity of each row of a spine from its moment on, until the horizon is over.
WITH
[[ m.moments(f) ]],
[% for s in f.sources %]
[[ m.rows_where(f, s, s.units, days) ]],
labels_[[ s.number ]] AS (
  SELECT
    t.row_id
    [% for u in s.units %]
    , [[ ("CAST(sum(r." ~ u.decimal ~ ")") if u.is_numeric else ("count(r." ~ u.column ~ ")") ]] FILTER (
      WHERE CAST(r.row_time AS TIMESTAMP) < t.row_at + INTERVAL '[[ u.windows[0].days ]]' DAY
    )[[ " AS DOUBLE)" if u.is_numeric ]] AS [[ f.name(u) ]]
    [% endfor %]
  FROM rows_[[ s.number ]] AS r
  JOIN moments AS t ON [[ m.same(f.keys, "r", "t") ]]
  WHERE CAST(r.row_time AS TIMESTAMP) >= t.row_at
    AND CAST(r.row_time AS TIMESTAMP) < t.row_at + INTERVAL '[[ f.longest(s) ]]' DAY
  GROUP BY t.row_id
),
[% endfor %]
features AS (
  SELECT
    t.row_id
    [% for label in f.labels %]
    , [[ label.sql ]] AS [[ label.name ]]
    [% endfor %]
  FROM moments AS t
  [% for s in f.sources %]
  LEFT JOIN labels_[[ s.number ]] ON labels_[[ s.number ]].row_id = t.row_id
  [% endfor %]
)
[[ m.of_spine(f, names) ]]
