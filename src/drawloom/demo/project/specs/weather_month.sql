/* drawloom
table: report.weather_month
description: What the weather does to departures, per airport and month.
schedule: "@monthly"
until: 2013-12-31
*/
WITH flights AS (
  SELECT
    origin,
    CASE
      WHEN visibility IS NULL THEN 'unknown'
      WHEN visibility < 3 THEN 'fog'
      WHEN rain > 0 THEN 'rain'
      WHEN wind_speed > 25 THEN 'wind'
      ELSE 'fair'
    END AS weather,
    dep_delay,
    cancelled
  FROM core.flight_weather
  WHERE ds BETWEEN date_trunc('month', DATE '{{ ds }}') AND DATE '{{ ds }}'
)

SELECT
  origin,
  weather,
  count(*) AS flights,
  count(*) FILTER (WHERE cancelled) AS cancelled,
  round(avg(dep_delay), 1) AS mean_dep_delay,
  count(*) FILTER (WHERE dep_delay >= 60) AS an_hour_late
FROM flights
GROUP BY origin, weather
