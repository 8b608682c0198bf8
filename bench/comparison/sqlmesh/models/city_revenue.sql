MODEL (
  name core.city_revenue,
  kind INCREMENTAL_BY_TIME_RANGE (time_column ds, lookback 2)
);
SELECT
  d.ds::DATE AS ds,
  r.city,
  count(*) FILTER (WHERE r.ds = d.ds) AS rides,
  coalesce(sum(r.amount) FILTER (WHERE r.ds = d.ds), 0) AS revenue,
  sum(r.amount) AS revenue_7d
FROM (SELECT DISTINCT ds FROM core.rides WHERE ds BETWEEN @start_date AND @end_date) AS d
JOIN core.rides AS r ON r.ds BETWEEN d.ds - 6 AND d.ds
WHERE d.ds BETWEEN @start_date AND @end_date
GROUP BY d.ds, r.city
