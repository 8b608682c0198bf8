/* drawloom
table: core.landings
description: One row per flight that arrived, on the day on which it did. How late it was is not known before.
start: 2013-10-17
until: 2013-11-06
*/
-- When a flight arrived is not in the data by one clock: air time, and an hour on the ground, enough for 19 of 20.
-- A flight of the evening arrives on the next day, and some leave 20 hours late.
WITH landed AS (
  SELECT
    tailnum,
    carrier,
    arr_delay,
    arr_delay > 15 AS late,
    scheduled_at + CAST(dep_delay + air_time + 60 AS INTEGER) * INTERVAL '1' MINUTE AS known_at
  FROM core.flights
  WHERE ds BETWEEN DATE '{{ ds }}' - INTERVAL '2' DAY AND DATE '{{ ds }}' AND arr_delay IS NOT NULL
)

SELECT tailnum, carrier, arr_delay, late, known_at
FROM landed
WHERE CAST(known_at AS DATE) = DATE '{{ ds }}'
