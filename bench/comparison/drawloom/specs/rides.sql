/* drawloom
table: core.rides
until: {forever: the base of all reports}
checks:
  - not_null: [ride_id, city]
  - unique: [ride_id]
*/
SELECT ride_id, upper(trim(city)) AS city, started_at, amount
FROM raw.rides
WHERE ds = DATE '{{ ds }}'
