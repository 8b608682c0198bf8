/* drawloom
table: core.route_day
description: Flights and punctuality per route (origin and destination) and day. Counts and sums only.
until:
  forever: small, and the base of the rolling reports
checks:
  - not_null: [origin, dest]
  - unique: [origin, dest]
*/
SELECT
  origin,
  dest,
  count(*) AS flights,
  count(*) FILTER (WHERE on_time) AS on_time,
  count(arr_delay) AS arrived,
  CAST(coalesce(sum(arr_delay), 0) AS BIGINT) AS arr_delay_minutes
FROM core.flights
WHERE ds = DATE '{{ ds }}'
GROUP BY origin, dest
