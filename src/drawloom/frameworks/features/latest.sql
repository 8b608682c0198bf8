[% import "_macros.sql" as m with context %]
-- The newest values of each entity on a day, the newest first.
WITH
[% for s in f.sources if s.listed %]
[[ m.rows(f, s, s.listed, ranged) ]][[ "," if not loop.last ]]
[% endfor %]
[% for s, u in f.listed %]
[[ "UNION ALL" if not loop.first ]]
SELECT
  [[ m.list(f.keys) ]],
  [% if ranged %]
  ds,
  [% endif %]
  [[ u.literal ]] AS measure,
  CAST(place AS INTEGER) AS place,
  value
FROM (
  SELECT
    [[ m.list(f.keys) ]],
    ds,
    CAST([[ u.column ]] AS VARCHAR) AS value,
    row_number() OVER (
      PARTITION BY [[ m.list(f.keys) ]], ds
      ORDER BY row_time DESC NULLS LAST, tie DESC NULLS LAST, CAST([[ u.column ]] AS VARCHAR) DESC NULLS LAST
    ) AS place
  FROM rows_[[ s.number ]]
  WHERE [[ u.column ]] IS NOT NULL
) AS ranked
WHERE place <= [[ u.latest ]]
[% endfor %]
