/* drawloom
table: core.plane_halves
description: Planes in two halves that nothing tells apart, by a hash of their number, on the days on which they fly.
start: 2013-10-01
until: 2013-10-14
checks:
  - unique: [tailnum]
*/
SELECT DISTINCT
  tailnum,
  CASE WHEN md5(tailnum) < '8' THEN 'a' ELSE 'b' END AS half
FROM core.flights
WHERE ds = DATE '{{ ds }}' AND NOT cancelled
