[% import "_macros.sql" as m with context %]
-- The newest values of each entity so far, the newest first, and the day of each.
SELECT
  [% if ranged %]
  [[ m.last(ranged) ]] AS ds,
  [% endif %]
  [[ m.list(f.keys) ]],
  measure,
  CAST(place AS INTEGER) AS place,
  day,
  value
FROM (
  SELECT
    [[ m.list(f.keys) ]], measure, day, value,
    row_number() OVER (PARTITION BY [[ m.list(f.keys) ]], measure ORDER BY day DESC, place) AS place
  FROM (
    SELECT [[ m.list(f.keys) ]], measure, place, ds AS day, value
    FROM [[ f.tables.latest ]]
    WHERE ds BETWEEN [[ m.first(ranged) ]] AND [[ m.last(ranged) ]]
    {% if is_incremental() %}
    UNION ALL
    SELECT [[ m.list(f.keys) ]], measure, place, day, value
    FROM [[ f.tables.latest_state ]]
    WHERE ds = [[ m.first(ranged, -1) ]]
    {% endif %}
  ) AS parts
) AS ranked
WHERE [[ m.kept(f) ]]
