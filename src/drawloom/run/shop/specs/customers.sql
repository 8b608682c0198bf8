/* drawloom
table: core.customers
description: Every customer so far, with the first day, the number of orders and their total.
until:
  forever: each day continues the day before
columns:  # needed, because the first day reads a yesterday that does not exist
  customer: VARCHAR
  first_day: DATE
  orders: BIGINT
  spent: DECIMAL(18,2)
checks:
  - unique: [customer]
*/
WITH known AS (
  SELECT customer, first_day, orders, spent
  FROM core.customers
  WHERE ds = DATE '{{ ds }}' - INTERVAL '1' DAY
  UNION ALL
  SELECT customer, DATE '{{ ds }}', 1, amount
  FROM core.orders
  WHERE ds = DATE '{{ ds }}'
)

SELECT
  customer,
  min(first_day) AS first_day,
  CAST(sum(orders) AS BIGINT) AS orders,
  CAST(sum(spent) AS DECIMAL(18, 2)) AS spent
FROM known
GROUP BY customer
