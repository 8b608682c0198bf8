drawloom land raw.rides landing/*/*.csv --add --ds "CAST(started_at AS DATE)" \
  --columns "ride_id BIGINT, city VARCHAR, started_at TIMESTAMP, amount DECIMAL(9,2)"
