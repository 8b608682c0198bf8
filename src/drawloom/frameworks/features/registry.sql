[% import "_macros.sql" as m with context %]
-- What there is to know of each feature on a day: one pass over the set.
[% macro pick(name) %]CASE n[% for one in features %] WHEN [[ loop.index ]] THEN [[ name ]]_[[ loop.index ]][% endfor %] END[% endmacro %]
WITH
[% if ranged %]
range_days AS (
  SELECT CAST(unnest(generate_series([[ m.first(ranged) ]], [[ m.last(ranged) ]], INTERVAL '1' DAY)) AS DATE) AS ds
),
[% endif %]
counted AS (
  SELECT
    [% if ranged %]
    r.ds,
    [% endif %]
    count(e.last_ds) AS entities
    [% for one in features %]
    , min(CASE WHEN e.[[ one.column ]] IS NOT NULL THEN e.first_ds END) AS first_[[ loop.index ]],
    max(CASE WHEN e.[[ one.column ]] IS NOT NULL THEN e.last_ds END) AS last_[[ loop.index ]],
    count(e.[[ one.column ]]) AS known_[[ loop.index ]],
    approx_count_distinct(e.[[ one.column ]]) AS distinct_[[ loop.index ]]
    [% endfor %]
  [% if ranged %]
  FROM range_days AS r
  LEFT JOIN (
    SELECT * FROM [[ f.tables.features ]] WHERE ds BETWEEN [[ m.first(ranged) ]] AND [[ m.last(ranged) ]]
  ) AS e ON e.ds = r.ds
  GROUP BY r.ds
  [% else %]
  FROM [[ f.tables.features ]] AS e
  WHERE e.ds = [[ m.day() ]]
  [% endif %]
)
SELECT
  [% if ranged %]
  c.ds,
  [% endif %]
  d.feature,
  d.version,
  d.fingerprint,
  d.type,
  [[ entity ]] AS entity,
  [[ owner ]] AS owner,
  d.description,
  d.source,
  d.sql,
  d."window",
  [[ pick("first") ]] AS first_ds,
  [[ pick("last") ]] AS last_ds,
  CASE WHEN c.entities > 0 THEN 1 - CAST([[ pick("known") ]] AS DOUBLE) / c.entities END AS null_ratio,
  CAST([[ pick("distinct") ]] AS BIGINT) AS "distinct",
  d.used_by
FROM counted AS c
CROSS JOIN (VALUES
  [% for one in features %]
  ([[ loop.index ]], [[ one.name ]], [[ one.version ]], [[ one.fingerprint ]], [[ one.type ]], [[ one.description ]], [[ one.source ]], [[ one.sql ]], [[ one.window ]], [[ one.used_by ]])[[ "," if not loop.last ]]
  [% endfor %]
) AS d(n, feature, version, fingerprint, type, description, source, sql, "window", used_by)
