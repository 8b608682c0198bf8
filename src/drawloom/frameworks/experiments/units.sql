[# Everybody who was exposed so far, once: with their first exposure and what they were like then. #]
[% import "_macros.sql" as m %]
WITH [[ m.assigned(e) ]],
[[ m.exposed(e) ]],
ordered AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY subject ORDER BY assigned_at, variant[% for d in e.unit_dimensions %], [[ d.column ]][% endfor %]) AS place
  FROM exposed
  WHERE subjects < 2
)
SELECT
  subject,
  min(variant) AS variant,
  min(assigned_at) AS first_exposed_at,
  [% for d in e.unit_dimensions %]
  max(CASE WHEN place = 1 THEN [[ d.column ]] END) AS [[ d.column ]],
  [% endfor %]
  count(*) AS exposures
FROM ordered
GROUP BY subject
HAVING count(DISTINCT variant) = 1
