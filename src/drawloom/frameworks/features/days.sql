[% import "_macros.sql" as m with context %]
-- Each entity's events of a day as a state that can be merged with those of other days.
WITH
[% for s in f.sources %]
[[ m.rows(f, s, s.units, ranged) ]],
[[ m.states(s, "rows_" ~ s.number, f.keys + ["ds"]) ]][[ "," if not loop.last ]]
[% endfor %]
SELECT
  [% for key in f.keys %]
  [[ key ]],
  [% endfor %]
  [% if ranged %]
  ds,
  [% endif %]
  [% for s in f.sources %]coalesce(source_[[ s.number ]].events, 0)[[ " + " if not loop.last ]][% endfor %] AS events
  [% for c in f.columns %]
  , [[ c.name ]]
  [% endfor %]
FROM source_[[ f.sources[0].number ]]
[% for s in f.sources[1:] %]
FULL JOIN source_[[ s.number ]] USING ([[ m.list(f.keys) ]], ds)
[% endfor %]
