/* drawloom
table: report.carrier_month
description: The month of each carrier, ranked by punctuality.
schedule: "@monthly"
until: 2013-12-31
*/
SELECT
  rank() OVER (ORDER BY punctuality DESC) AS place,
  a.name AS carrier,
  m.flights,
  m.cancelled,
  m.punctuality,
  m.mean_dep_delay
FROM report.carrier_to_date AS m
JOIN ref.airlines AS a ON a.carrier = m.carrier
WHERE m.ds = DATE '{{ ds }}'  -- month to date on the last day of the month is the month
