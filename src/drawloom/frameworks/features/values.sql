[% import "_macros.sql" as m with context %]
-- The values that each entity had on a day, and in how many events.
WITH
[% for s in f.sources if s.valued %]
[[ m.rows(f, s, s.valued, ranged) ]][[ "," if not loop.last ]]
[% endfor %]
[% for s, u in f.valued %]
[[ "UNION ALL" if not loop.first ]]
SELECT
  [[ m.list(f.keys) ]],
  [% if ranged %]
  ds,
  [% endif %]
  [[ u.literal ]] AS measure,
  CAST([[ u.column ]] AS VARCHAR) AS value,
  count(*) AS events
FROM rows_[[ s.number ]]
WHERE [[ u.column ]] IS NOT NULL
GROUP BY [[ m.list(f.keys) ]], ds, CAST([[ u.column ]] AS VARCHAR)
[% endfor %]
