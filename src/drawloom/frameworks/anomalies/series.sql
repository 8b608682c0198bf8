[# The values of a day: each item is grouped once by its series and dimensions, and added up from there. #]
[% for item in items %]
[[ "WITH" if loop.first else "," ]] grouped_[[ loop.index ]] AS (
  SELECT
    [% for name in item.series %]
    coalesce(CAST([[ name ]] AS VARCHAR), '(none)') AS s_[[ loop.index ]],
    [% endfor %]
    [% for name in item.dimensions %]
    coalesce(CAST([[ name ]] AS VARCHAR), '(none)') AS d_[[ loop.index ]],
    [% endfor %]
    [% for value in item.sums %]
    CAST(sum([[ value.value ]]) AS DOUBLE) AS v_[[ loop.index ]],
    [% if value.weight %]
    CAST(sum([[ value.weight ]]) AS DOUBLE) AS w_[[ loop.index ]],
    [% endif %]
    [% endfor %]
    count(*) AS n
  FROM [[ item.rows ]]
  [% if item.by %]
  GROUP BY [[ item.by ]]
  [% endif %]
)
[% endfor %]
[% for part in parts %]
[[ "UNION ALL" if not loop.first ]]
SELECT table_name, metric, series, slice, slice_value, value, weight
FROM (
  SELECT
    [[ part.label ]] AS table_name,
    [[ part.metric ]] AS metric,
    [[ part.series ]] AS series,
    [[ part.slice ]] AS slice,
    [[ part.slice_value ]] AS slice_value,
    CAST([[ part.value ]] AS DOUBLE) AS value,
    CAST([[ part.weight ]] AS DOUBLE) AS weight
  FROM [[ part.grouped ]]
  [% if part.by %]
  GROUP BY [[ part.by ]]
  [% endif %]
) AS part_[[ loop.index ]]
WHERE value IS NOT NULL
[% if part.is_slice %]
QUALIFY row_number() OVER (PARTITION BY series ORDER BY abs(value) DESC, slice_value) <= [[ most_slices ]]
[% endif %]
[% endfor %]
[% for item in tables %]
UNION ALL
SELECT
  [[ item.label ]] AS table_name,
  [[ duplicates ]] AS metric,
  '' AS series,
  '' AS slice,
  '' AS slice_value,
  CASE WHEN every_row.n = 0 THEN 0.0 ELSE 1.0 - CAST(different.n AS DOUBLE) / every_row.n END AS value,
  CAST(NULL AS DOUBLE) AS weight
FROM (SELECT count(*) AS n FROM [[ item.rows ]]) AS every_row
CROSS JOIN (SELECT count(*) AS n FROM (SELECT DISTINCT * FROM [[ item.rows ]]) AS each_once) AS different
[% endfor %]
[% for item in stats %]
[[ "UNION ALL" if parts or not loop.first ]]
SELECT
  table_name,
  [[ metric_name ]] AS metric,
  '' AS series,
  slice,
  slice_value,
  value,
  CAST(NULL AS DOUBLE) AS weight
FROM meta.column_stats
WHERE ds = DATE '{{ ds }}' AND grain = 'partition' AND table_name IN ([[ item.tables | join(", ") ]])
  AND ([[ item.condition ]]) AND value IS NOT NULL
[% endfor %]
