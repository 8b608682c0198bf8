-- The same weekday last year is 364 days ago: one partition that can be waited for.
SELECT
  today.carrier,
  today.dep_delay_minutes / nullif(today.departed, 0) AS mean_dep_delay,
  before.dep_delay_minutes / nullif(before.departed, 0) AS mean_dep_delay_last_year
FROM core.carrier_day AS today
LEFT JOIN core.carrier_day AS before
  ON before.carrier = today.carrier
  AND before.ds = DATE '{{ ds }}' - INTERVAL '364' DAY
WHERE today.ds = DATE '{{ ds }}'
