/* drawloom
table: report.carrier_week
description: The week of each carrier, Monday to Sunday, with its full name and its best and worst day.
schedule: "@weekly"
until: 2013-12-31
*/
-- A week is named by its Sunday; the six days before it are read besides.
SELECT
  a.name AS carrier,
  CAST(sum(d.flights) AS BIGINT) AS flights,
  CAST(sum(d.cancelled) AS BIGINT) AS cancelled,
  round(sum(d.on_time) / nullif(sum(d.flights), 0), 4) AS punctuality,
  round(max(d.on_time / nullif(d.flights, 0)), 4) AS best_day,
  round(min(d.on_time / nullif(d.flights, 0)), 4) AS worst_day
FROM core.carrier_day AS d
JOIN ref.airlines AS a ON a.carrier = d.carrier
WHERE d.ds BETWEEN DATE '{{ ds }}' - INTERVAL '6' DAY AND DATE '{{ ds }}'
GROUP BY a.name
