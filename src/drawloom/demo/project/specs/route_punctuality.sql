/* drawloom
table: report.route_punctuality
description: Share of flights on time per route, over the seven days that end today.
until: 2013-12-31
*/
-- The BETWEEN is all that drawloom needs to wait for seven days of core.route_day.
SELECT
  origin,
  dest,
  CAST(sum(flights) AS BIGINT) AS flights,
  CAST(sum(on_time) AS BIGINT) AS on_time,
  round(sum(on_time) / nullif(sum(flights), 0), 4) AS punctuality
FROM core.route_day
WHERE ds BETWEEN DATE '{{ ds }}' - INTERVAL '6' DAY AND DATE '{{ ds }}'
GROUP BY origin, dest
