[% import "_macros.sql" as m with context %]
-- The features of each row of a spine on the newest day that was over at its moment.
WITH
moments AS (
  SELECT [[ m.list(f.keys) ]], row_at, row_day, min(row_id) AS row_id
  FROM spine
  WHERE [% for key in f.keys %][[ key ]] IS NOT NULL[[ " AND " if not loop.last ]][% endfor %]

  GROUP BY [[ m.list(f.keys) ]], row_at, row_day
),
features AS (
  SELECT
    t.row_id
    [% for column in f.stored %]
    , [[ "coalesce(d." ~ column.name ~ ", " ~ f.zero ~ ")" if column.is_count and f.zero is not none else "d." ~ column.name ]] AS [[ column.name ]]
    [% endfor %]
  FROM moments AS t
  LEFT JOIN [[ f.tables.features ]] AS d ON d.ds = CAST(t.row_day - INTERVAL '1' DAY AS DATE) AND [[ m.same(f.keys, "d", "t") ]]
)
[[ m.of_spine(f, names) ]]
