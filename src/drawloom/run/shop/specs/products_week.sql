/* drawloom
table: report.products_week
description: Products over the seven days that end today, and how many of their buyers were new.
until:
  forever: it is what the shop looks at every morning
*/
SELECT
  o.product,
  count(*) AS orders,
  sum(o.amount) AS amount,
  count(*) FILTER (WHERE c.first_day >= DATE '{{ ds }}' - INTERVAL '6' DAY) AS orders_of_new_customers
FROM core.orders AS o
JOIN core.customers AS c ON c.customer = o.customer AND c.ds = DATE '{{ ds }}'
WHERE o.ds BETWEEN DATE '{{ ds }}' - INTERVAL '6' DAY AND DATE '{{ ds }}'
GROUP BY o.product
