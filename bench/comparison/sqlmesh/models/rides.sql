MODEL (
  name core.rides,
  kind INCREMENTAL_BY_TIME_RANGE (time_column ds, lookback 2),
  audits (not_null(columns := (ride_id, city)), unique_values(columns := (ride_id)))
);
SELECT
  ride_id::BIGINT AS ride_id,
  upper(trim(city))::TEXT AS city,
  started_at::TIMESTAMP AS started_at,
  amount::DECIMAL(9, 2) AS amount,
  CAST(started_at AS DATE) AS ds
FROM read_csv(
  'landing/*/*.csv',
  hive_partitioning = true,
  columns = {'ride_id': 'BIGINT', 'city': 'VARCHAR', 'started_at': 'TIMESTAMP', 'amount': 'DECIMAL(9,2)'}
)
WHERE CAST(started_at AS DATE) BETWEEN @start_date AND @end_date
  AND arrived BETWEEN @start_date AND @end_date + 2
