/* drawloom
table: core.orders
description: One row per order.
until:
  forever: it is the base of all other tables
checks:
  - not_null: [order_id, customer, product]
  - unique: [order_id]
*/
SELECT order_id, ordered_at, customer, product, amount
FROM raw.orders
WHERE ds = DATE '{{ ds }}'
