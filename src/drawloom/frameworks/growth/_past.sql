[# What the state before `first` knows, as `past`, for a state at `last`. Those who were away for 56 days at a month end
   may be in it as groups: rows without an entity, for so many `entities`. Who of them comes is looked up in the state of
   that month end, which holds everybody, and its group has one less. On a month end everybody is there again. Conditions
   on the day are the engine's to fold, so that a reading of the text finds the same days on all of them. #]
[% if not g.ratio %]
, past AS NOT MATERIALIZED (
  SELECT * FROM [[ g.tables.state ]] WHERE ds = [[ m.moved(first, -1) ]]
)
[% else %]
, before AS NOT MATERIALIZED (
  SELECT * FROM [[ g.tables.state ]] WHERE ds = [[ m.moved(first, -1) ]]
)
-- On the first of a month: the groups of those who are away, and whether they leave so few rows that they pay.
, silent AS (
  [[ m.grouped(g, "before WHERE " ~ m.begins_month(first) ~ " AND NOT " ~ m.ends_month(last) ~ " AND " ~ m.maps(g) ~ " = 0") ]]
)
, sweep AS (
  SELECT count(*) > [[ g.ratio ]] * (count(CASE WHEN [[ m.maps(g) ]] <> 0 THEN 1 END) + (SELECT count(*) FROM silent)) AS swept
  FROM before WHERE [[ m.begins_month(first) ]] AND NOT [[ m.ends_month(last) ]]
)
, known AS NOT MATERIALIZED (
  SELECT [[ m.state_columns(g) ]] FROM before WHERE NOT [[ m.begins_month(first) ]] AND [[ g.entity[0] ]] IS NOT NULL
  UNION ALL
  SELECT [[ m.state_columns(g) ]] FROM before CROSS JOIN sweep
  WHERE [[ m.begins_month(first) ]] AND NOT (swept AND [[ m.maps(g) ]] = 0)
)
, away AS NOT MATERIALIZED (
  SELECT [[ m.group_columns(g) ]], entities FROM before WHERE [[ g.entity[0] ]] IS NULL
  UNION ALL
  SELECT [[ m.group_columns(g) ]], entities FROM silent CROSS JOIN sweep WHERE swept
)
[[ m.back(g, ranged, "known", "SELECT 1 FROM away") ]]
, less AS (
  [[ m.grouped(g, "back") ]]
)
, past AS NOT MATERIALIZED (
  SELECT [[ m.state_columns(g) ]] FROM known
  UNION ALL
  SELECT [[ m.state_columns(g) ]] FROM back WHERE NOT [[ m.ends_month(last) ]]
  UNION ALL
  SELECT
    [% for e in g.entity %]
    NULL AS [[ e ]],
    [% endfor %]
    [% for d in g.dims %]
    w.[[ d.name ]],
    [% endfor %]
    [% for a in g.activities %]
    w.[[ a.first ]], CAST(NULL AS DATE) AS [[ a.last ]], CAST(0 AS BIGINT) AS [[ a.bits ]],
    [% endfor %]
    w.entities - coalesce(l.entities, 0) AS entities
  FROM away AS w
  LEFT JOIN less AS l ON [% for d in g.dims %]l.[[ d.name ]] = w.[[ d.name ]] AND [% endfor %][% for a in g.activities %]l.[[ a.first ]] IS NOT DISTINCT FROM w.[[ a.first ]][[ " AND " if not loop.last ]][% endfor %]

  WHERE NOT [[ m.ends_month(last) ]] AND w.entities > coalesce(l.entities, 0)
  UNION ALL
  SELECT [[ m.state_columns(g) ]] FROM month_end AS e
  WHERE [[ m.ends_month(last) ]] AND EXISTS (SELECT 1 FROM away)
    AND NOT EXISTS (SELECT 1 FROM known AS k WHERE [[ m.same(g, "k", "e") ]])
)
[% endif %]
