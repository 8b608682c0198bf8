/* drawloom
table: core.flights
description: One row per scheduled departure, cleaned. Delays are in minutes; a flight that never left is cancelled.
until:
  forever: every other table is built on it
checks:
  - not_null: [carrier, flight, origin, dest, scheduled_hour]
  - unique: [carrier, flight, origin, dest]
  - accepted_values: {origin: [EWR, JFK, LGA]}
*/
SELECT
  carrier,
  flight,
  tailnum,
  origin,
  dest,
  time_hour AS scheduled_hour,  -- UTC, as the weather has it
  make_timestamp(year, month, day, hour, minute, 0) AS scheduled_at,  -- by the clocks of New York
  distance AS miles,
  dep_delay,
  arr_delay,
  air_time,
  dep_time IS NULL AS cancelled,
  -- The Department of Transportation's rule: on time is less than 15 minutes late at the gate.
  coalesce(arr_delay < 15, FALSE) AS on_time
FROM raw.flights
WHERE ds = DATE '{{ ds }}'
