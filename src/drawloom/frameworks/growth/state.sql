[% import "_macros.sql" as m with context %]
-- Yesterday's state and today's entities: the work of a day does not grow with the history.
[% set first, last = "ds", "ds" %]
WITH today AS (
  SELECT * FROM [[ g.tables.days ]] WHERE ds = [[ m.day(0) ]]
)
[% if g.snapshots %]
, [[ m.snapshots(g, "ds = " ~ m.day(0), False) ]]
[% endif %]
{% if is_incremental() %}
[% include "_past.sql" %]
, joined AS (
  SELECT
    [% for e in g.entity %]
    coalesce(t.[[ e ]], s.[[ e ]]) AS [[ e ]],
    [% endfor %]
    [% for d in g.last %]
    coalesce(t.[[ d.name ]], s.[[ d.name ]]) AS [[ d.name ]],
    [% endfor %]
    [% for d in g.first %]
    coalesce(s.[[ d.name ]], t.[[ d.name ]]) AS [[ d.name ]],
    [% endfor %]
    [% for a in g.activities %]
    CASE WHEN s.[[ a.first ]] IS NOT NULL THEN s.[[ a.first ]] WHEN t.[[ a.name ]] THEN [[ m.day(0) ]] END AS [[ a.first ]],
    CASE WHEN t.[[ a.name ]] THEN [[ m.day(0) ]] ELSE s.[[ a.last ]] END AS [[ a.last ]],
    (coalesce(s.[[ a.bits ]], 0) & [[ g.mask55 ]]) * 2 + CASE WHEN t.[[ a.name ]] THEN 1 ELSE 0 END AS [[ a.bits ]],
    [% endfor %]
    coalesce(s.entities, 1) AS entities
  FROM past AS s
  FULL JOIN today AS t ON [% for e in g.entity %]s.[[ e ]] = t.[[ e ]][[ " AND " if not loop.last ]][% endfor %]

)
{% else %}
, joined AS (
  SELECT
    [[ m.list(g.entity, "t.") ]],
    [% for d in g.touched %]
    t.[[ d.name ]],
    [% endfor %]
    [% for a in g.activities %]
    CASE WHEN t.[[ a.name ]] THEN [[ m.day(0) ]] END AS [[ a.first ]],
    CASE WHEN t.[[ a.name ]] THEN [[ m.day(0) ]] END AS [[ a.last ]],
    CASE WHEN t.[[ a.name ]] THEN 1 ELSE 0 END AS [[ a.bits ]],
    [% endfor %]
    1 AS entities
  FROM today AS t
)
{% endif %}
[% include "_state_columns.sql" %]
