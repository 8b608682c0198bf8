/* drawloom
table: report.carrier_to_date
description: Flights and delays per carrier from the first of the month to today.
until: 2013-12-31
*/
-- Between one day and thirty-one: drawloom measures the calendar rule and waits for exactly those days.
SELECT
  carrier,
  CAST(sum(flights) AS BIGINT) AS flights,
  CAST(sum(cancelled) AS BIGINT) AS cancelled,
  round(sum(on_time) / nullif(sum(flights), 0), 4) AS punctuality,
  round(sum(dep_delay_minutes) / nullif(sum(departed), 0), 1) AS mean_dep_delay
FROM core.carrier_day
WHERE ds BETWEEN date_trunc('month', DATE '{{ ds }}') AND DATE '{{ ds }}'
GROUP BY carrier
