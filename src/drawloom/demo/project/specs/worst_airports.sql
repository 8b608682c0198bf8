/* drawloom
table: report.worst_airports
description: Destinations ranked by mean arrival delay, and their rank on the same weekday of last week.
until: 2013-12-31
*/
WITH ranked AS (
  SELECT
    ds,
    dest,
    CAST(sum(flights) AS BIGINT) AS flights,
    round(sum(arr_delay_minutes) / nullif(sum(arrived), 0), 1) AS mean_arr_delay,
    rank() OVER (PARTITION BY ds ORDER BY sum(arr_delay_minutes) / nullif(sum(arrived), 0) DESC NULLS LAST) AS place
  FROM core.route_day
  WHERE ds IN (DATE '{{ ds }}', DATE '{{ ds }}' - INTERVAL '7' DAY)
  GROUP BY ds, dest
)

SELECT
  today.place,
  today.dest,
  airport.name AS airport,
  today.flights,
  today.mean_arr_delay,
  before.place AS place_last_week
FROM ranked AS today
LEFT JOIN ranked AS before ON before.dest = today.dest AND before.ds = DATE '{{ ds }}' - INTERVAL '7' DAY
LEFT JOIN ref.airports AS airport ON airport.faa = today.dest
WHERE today.ds = DATE '{{ ds }}'
