[% import "_macros.sql" as m with context %]
-- All values that each entity has had so far, the last day of each, and in how many events.
SELECT
  [% if ranged %]
  [[ m.last(ranged) ]] AS ds,
  [% endif %]
  [[ m.list(f.keys) ]],
  measure,
  value,
  max(last_day) AS last_day,
  CAST(sum(events) AS BIGINT) AS events
FROM (
  SELECT [[ m.list(f.keys) ]], measure, value, ds AS last_day, events
  FROM [[ f.tables["values"] ]]
  WHERE ds BETWEEN [[ m.first(ranged) ]] AND [[ m.last(ranged) ]]
  {% if is_incremental() %}
  UNION ALL
  SELECT [[ m.list(f.keys) ]], measure, value, last_day, events
  FROM [[ f.tables["values_state"] ]]
  WHERE ds = [[ m.first(ranged, -1) ]]
  {% endif %}
) AS parts
GROUP BY [[ m.list(f.keys) ]], measure, value
