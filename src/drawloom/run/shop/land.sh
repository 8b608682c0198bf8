# Lands all orders; `bash land.sh --replace` restates days that were landed before.
drawloom land raw.orders landing/orders-*.csv --ds "CAST(ordered_at AS DATE)" \
  --columns "order_id BIGINT, ordered_at TIMESTAMP, customer VARCHAR, product VARCHAR, amount DECIMAL(9,2)" "$@"
