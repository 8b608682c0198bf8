/* drawloom
table: core.carrier_day
description: Flights and delays per carrier and day. Only counts and sums, so that weeks and months just add them up.
until:
  forever: small, and the base of all summaries
columns:
  carrier: {type: VARCHAR, description: "two letters, see ref.airlines"}
  flights: {type: BIGINT, description: scheduled departures}
  cancelled: {type: BIGINT, description: flights that never left}
  on_time: {type: BIGINT, description: flights less than 15 minutes late at the gate}
  departed: {type: BIGINT, description: flights that left}
  dep_delay_minutes: {type: BIGINT, description: "minutes late at departure, added up; early ones count below zero"}
checks:
  - unique: [carrier]
  - same_weekday: {min: 0.25, max: 4}
*/
SELECT
  carrier,
  count(*) AS flights,
  count(*) FILTER (WHERE cancelled) AS cancelled,
  count(*) FILTER (WHERE on_time) AS on_time,
  count(dep_delay) AS departed,
  CAST(coalesce(sum(dep_delay), 0) AS BIGINT) AS dep_delay_minutes
FROM core.flights
WHERE ds = DATE '{{ ds }}'
GROUP BY carrier
