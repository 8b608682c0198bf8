/* drawloom
table: core.planes_seen
description: Every plane seen so far, per carrier, with its first and last day, flights and miles. Life to date.
until:
  forever: each day continues the day before
columns:  # declared, because the first day reads a yesterday that was never written
  carrier: VARCHAR
  tailnum: VARCHAR
  first_day: DATE
  last_day: DATE
  flights: BIGINT
  miles: BIGINT
checks:
  - unique: [carrier, tailnum]
*/
-- Yesterday's state and today's flights: the work of a day does not grow with the history.
-- Reading its own yesterday makes drawloom run the days of this table in order.
WITH seen AS (
  SELECT carrier, tailnum, first_day, last_day, flights, miles
  FROM core.planes_seen
  WHERE ds = DATE '{{ ds }}' - INTERVAL '1' DAY
  UNION ALL
  SELECT carrier, tailnum, DATE '{{ ds }}', DATE '{{ ds }}', count(*), CAST(sum(miles) AS BIGINT)
  FROM core.flights
  WHERE ds = DATE '{{ ds }}' AND NOT cancelled
  GROUP BY carrier, tailnum
)

SELECT
  carrier,
  tailnum,
  min(first_day) AS first_day,
  max(last_day) AS last_day,
  CAST(sum(flights) AS BIGINT) AS flights,
  CAST(sum(miles) AS BIGINT) AS miles
FROM seen
GROUP BY carrier, tailnum
