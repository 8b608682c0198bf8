[% if g.tailed %]
, keep AS (
  SELECT ds, dimension, value FROM [[ g.tables.keep ]]
  WHERE ds [[ "BETWEEN DATE '{{ start }}' AND DATE '{{ end }}'" if dense else "= " ~ m.day(0) ]]
)
[% endif %]
