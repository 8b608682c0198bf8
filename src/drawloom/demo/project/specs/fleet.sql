/* drawloom
table: report.fleet
description: Planes that each carrier had flown by the end of the month, with their seats and mean year of making.
schedule: "@monthly"
until: 2013-12-31
*/
-- A month is named by its last day, so this reads the state of that day only.
SELECT
  a.name AS carrier,
  count(*) AS planes,
  count(p.tailnum) AS planes_known,
  round(avg(p.year), 1) AS mean_year,
  CAST(sum(p.seats) AS BIGINT) AS seats,
  CAST(sum(s.miles) AS BIGINT) AS miles
FROM core.planes_seen AS s
JOIN ref.airlines AS a ON a.carrier = s.carrier
LEFT JOIN ref.planes AS p ON p.tailnum = s.tailnum
WHERE s.ds = DATE '{{ ds }}'
GROUP BY a.name
