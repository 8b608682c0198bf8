[% import "_macros.sql" as m with context %]
-- The values of long-tailed dimensions that are shown by name. A value stays until it is well below the bar.
WITH counted AS (
  [% for d, cut in g.lists %]
  SELECT ds, [[ d.value ]] AS dimension, [[ d.name ]] AS value, CAST(sum(n) AS BIGINT) AS entities
  FROM [[ g.tables.counts ]]
  [% if cut %]
  WHERE [[ m.when(ranged) ]] AND activity <> '' AND active_days > 0 AND [[ m.of_cut(cut) ]]
  [% else %]
  WHERE [[ m.when(ranged) ]] AND activity = '' AND [[ d.name ]] IS NOT NULL
  [% endif %]
  GROUP BY ds, [[ d.name ]]

  [% if not loop.last %]
  UNION ALL
  [% endif %]
  [% endfor %]
),
ranked AS (
  SELECT *, row_number() OVER (PARTITION BY ds, dimension ORDER BY entities DESC, value) AS rank FROM counted
),
judged AS (
  SELECT
    *,
    CASE dimension
      [% for d in g.dims if d.tailed %]
      WHEN [[ d.value ]] THEN [% if d.top %]rank <= [[ d.top ]] AND [% endif %]entities >= [[ d.min ]]
      [% endfor %]
    END AS enters,
    CASE dimension
      [% for d in g.dims if d.tailed %]
      WHEN [[ d.value ]] THEN [% if d.top %]2 * rank <= 3 * [[ d.top ]] AND [% endif %]3 * entities >= 2 * [[ d.min ]]
      [% endfor %]
    END AS stays
  FROM ranked
)
[% if ranged %]
, remembered AS (
  SELECT ds, dimension, value, entities, rank, enters FROM judged WHERE stays
  UNION ALL
  SELECT ds, dimension, value, entities, rank, TRUE FROM [[ g.tables.keep ]] WHERE ds = DATE '{{ macros.ds_add(start, -1) }}'
),
numbered AS (
  SELECT *, row_number() OVER (PARTITION BY dimension, value ORDER BY ds) AS number FROM remembered
),
-- A value is kept from the last day on which it entered, for as long as it stays on every day since.
traced AS (
  SELECT
    *,
    max(CASE WHEN enters THEN ds END) OVER so_far AS entered,
    max(CASE WHEN enters THEN number END) OVER so_far AS entered_number
  FROM numbered
  WINDOW so_far AS (PARTITION BY dimension, value ORDER BY ds ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
SELECT ds, dimension, value, rank, CAST(entities AS BIGINT) AS entities
FROM traced
WHERE ds >= DATE '{{ start }}' AND date_diff('day', entered, ds) = number - entered_number
[% else %]
SELECT j.dimension, j.value, j.rank, j.entities
FROM judged AS j
LEFT JOIN [[ g.tables.keep ]] AS p ON p.ds = [[ m.day(-1) ]] AND p.dimension = j.dimension AND p.value = j.value
WHERE j.enters OR (j.stays AND p.value IS NOT NULL)
[% endif %]
