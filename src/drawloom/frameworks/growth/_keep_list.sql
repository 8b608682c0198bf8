[% if g.tailed %]
, keep AS (
  SELECT ds, dimension, value FROM [[ g.tables.keep ]] WHERE [[ m.when(ranged) ]]
)
[% endif %]
