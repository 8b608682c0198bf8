/* drawloom
table: core.city_revenue
until: {forever: the report of cities}
*/
SELECT
  city,
  count(*) FILTER (WHERE ds = DATE '{{ ds }}') AS rides,
  coalesce(sum(amount) FILTER (WHERE ds = DATE '{{ ds }}'), 0) AS revenue,
  sum(amount) AS revenue_7d
FROM core.rides
WHERE ds BETWEEN DATE '{{ ds }}' - 6 AND DATE '{{ ds }}'
GROUP BY city
