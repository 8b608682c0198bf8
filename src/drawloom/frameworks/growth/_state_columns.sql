SELECT
  [[ m.list(g.entity, "j.") ]],
  [% for d in g.dims %]
  [% if d.snapshot %]
  coalesce([[ d.snapshot ]].[[ d.name ]], '(null)') AS [[ d.name ]],
  [% else %]
  j.[[ d.name ]],
  [% endif %]
  [% endfor %]
  [% for a in g.activities %]
  j.[[ a.first ]],
  j.[[ a.last ]],
  CAST(j.[[ a.bits ]] AS BIGINT) AS [[ a.bits ]],
  [% endfor %]
  CAST(j.entities AS BIGINT) AS entities
FROM joined AS j
[% for snapshot in g.snapshots %]
LEFT JOIN [[ snapshot.name ]] ON [% for e in g.entity %][[ snapshot.name ]].[[ e ]] = j.[[ e ]][[ " AND " if not loop.last ]][% endfor %]

[% endfor %]
