/* drawloom
table: core.flight_weather
description: Each flight with the weather at its airport in the hour of its scheduled departure.
until: 2013-12-31
checks:
  - not_null: [carrier, flight, origin]
  - unique: [carrier, flight, origin, dest]
*/
-- The day of the weather stands in ON: in WHERE it would drop the flights that have none.
SELECT
  f.carrier,
  f.flight,
  f.origin,
  f.dest,
  f.dep_delay,
  f.cancelled,
  w.temp AS temperature,
  w.wind_speed,
  w.precip AS rain,
  w.visib AS visibility
FROM core.flights AS f
LEFT JOIN raw.weather AS w
  ON w.ds = DATE '{{ ds }}'
  AND w.origin = f.origin
  AND w.time_hour = f.scheduled_hour
WHERE f.ds = DATE '{{ ds }}'
