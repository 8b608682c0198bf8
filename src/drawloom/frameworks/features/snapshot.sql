[% import "_macros.sql" as m with context %]
-- The features of each row of a spine on the newest day that was over at its moment.
WITH
[[ m.moments(f) ]],
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
