[% import "_macros.sql" as m with context %]
-- The state at the end of a range, from the state before it and all entity-days in it.
[% set first, last = "start", "end" %]
WITH added AS (
  SELECT
    [[ m.list(g.entity) ]],
    [% if g.last %]
    arg_max([[ m.tuple(g.last) ]], ds) AS last_row,
    [% endif %]
    [% if g.first %]
    arg_min([[ m.tuple(g.first) ]], ds) AS first_row,
    [% endif %]
    [% for a in g.activities %]
    min(CASE WHEN [[ a.name ]] THEN ds END) AS [[ a.first ]],
    max(CASE WHEN [[ a.name ]] THEN ds END) AS [[ a.last ]],
    CAST(coalesce(sum(CASE WHEN [[ a.name ]] AND date_diff('day', ds, DATE '{{ end }}') < 56
      THEN CAST(1 AS BIGINT) << CAST(least(date_diff('day', ds, DATE '{{ end }}'), 55) AS BIGINT) END), 0) AS BIGINT) AS [[ a.bits ]][[ "," if not loop.last ]]
    [% endfor %]
  FROM [[ g.tables.days ]]
  WHERE ds BETWEEN DATE '{{ start }}' AND DATE '{{ end }}'
  GROUP BY [[ m.list(g.entity) ]]
)
[% if g.snapshots %]
, [[ m.snapshots(g, "ds = DATE '{{ end }}'", False) ]]
[% endif %]
{% if is_incremental() %}
[% include "_past.sql" %]
, joined AS (
  SELECT
    [% for e in g.entity %]
    coalesce(t.[[ e ]], s.[[ e ]]) AS [[ e ]],
    [% endfor %]
    [% for d in g.last %]
    coalesce(t.last_row.[[ d.name ]], s.[[ d.name ]]) AS [[ d.name ]],
    [% endfor %]
    [% for d in g.first %]
    coalesce(s.[[ d.name ]], t.first_row.[[ d.name ]]) AS [[ d.name ]],
    [% endfor %]
    [% for a in g.activities %]
    coalesce(s.[[ a.first ]], t.[[ a.first ]]) AS [[ a.first ]],
    coalesce(t.[[ a.last ]], s.[[ a.last ]]) AS [[ a.last ]],
    ((coalesce(s.[[ a.bits ]], 0) & ((CAST(1 AS BIGINT) << CAST(coalesce(s.kept, 0) AS BIGINT)) - 1))
      << CAST(56 - coalesce(s.kept, 1) AS BIGINT)) | coalesce(t.[[ a.bits ]], 0) AS [[ a.bits ]],
    [% endfor %]
    coalesce(s.entities, 1) AS entities
  FROM (SELECT *, greatest(55 - date_diff('day', DATE '{{ start }}', DATE '{{ end }}'), 0) AS kept FROM past) AS s
  FULL JOIN added AS t ON [% for e in g.entity %]s.[[ e ]] = t.[[ e ]][[ " AND " if not loop.last ]][% endfor %]

)
{% else %}
, joined AS (
  SELECT
    [[ m.list(g.entity, "t.") ]],
    [% for d in g.touched %]
    t.[[ d.row ]].[[ d.name ]] AS [[ d.name ]],
    [% endfor %]
    [% for a in g.activities %]
    t.[[ a.first ]],
    t.[[ a.last ]],
    t.[[ a.bits ]],
    [% endfor %]
    1 AS entities
  FROM added AS t
)
{% endif %}
, states AS (
  [% include "_state_columns.sql" %]
)
SELECT *, DATE '{{ end }}' AS ds FROM states
