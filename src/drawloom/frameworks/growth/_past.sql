[# What the state before `first` knows, as `past`, for a state at `last`. Those who were away for 56 days at a month end
   may be in it as groups: rows without an entity, for so many `entities`. Who of them comes is looked up in the state of
   that month end, which holds everybody, and its group has one less. On a month end everybody is there again. Whatever
   the day, the text reads the state of these two days and no other. #]
[% if not g.ratio %]
, past AS NOT MATERIALIZED (
  SELECT * FROM [[ g.tables.state ]] WHERE ds = [[ m.moved(first, -1) ]]
)
[% else %]
, before AS NOT MATERIALIZED (
  SELECT * FROM [[ g.tables.state ]] WHERE ds = [[ m.moved(first, -1) ]]
)
{% if [[ m.begins_month(first) ]] and not [[ m.ends_month(last) ]] %}
-- The groups of those who are away, on the first of a month, and whether they leave so few rows that they pay.
, silent AS (
  [[ m.grouped(g, "before WHERE " ~ m.maps(g) ~ " = 0") ]]
)
, sweep AS (
  SELECT count(*) > [[ g.ratio ]] * (count(CASE WHEN [[ m.maps(g) ]] <> 0 THEN 1 END) + (SELECT count(*) FROM silent)) AS swept
  FROM before
)
, known AS NOT MATERIALIZED (
  SELECT [[ m.state_columns(g) ]] FROM before CROSS JOIN sweep WHERE NOT (swept AND [[ m.maps(g) ]] = 0)
)
, away AS NOT MATERIALIZED (
  SELECT [[ m.group_columns(g) ]], entities FROM silent CROSS JOIN sweep WHERE swept
)
{% else %}
, known AS NOT MATERIALIZED (
  SELECT [[ m.state_columns(g) ]] FROM before WHERE [[ g.entity[0] ]] IS NOT NULL
)
, away AS NOT MATERIALIZED (
  SELECT [[ m.group_columns(g) ]], entities FROM before WHERE [[ g.entity[0] ]] IS NULL
)
{% endif %}
{% if [[ m.ends_month(last) ]] %}
, past AS NOT MATERIALIZED (
  SELECT [[ m.state_columns(g) ]] FROM known
  UNION ALL
  SELECT [[ m.state_columns(g) ]] FROM [[ g.tables.state ]] AS e
  WHERE ds = [[ m.month_end(first) ]] AND EXISTS (SELECT 1 FROM away)
    AND NOT EXISTS (SELECT 1 FROM known AS k WHERE [[ m.same(g, "k", "e") ]])
)
{% else %}
[[ m.back(g, ranged, "known", "SELECT 1 FROM away") ]]
, less AS (
  [[ m.grouped(g, "back") ]]
)
, past AS NOT MATERIALIZED (
  SELECT [[ m.state_columns(g) ]] FROM known
  UNION ALL
  SELECT [[ m.state_columns(g) ]] FROM back
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

  WHERE w.entities > coalesce(l.entities, 0)
)
{% endif %}
[% endif %]
