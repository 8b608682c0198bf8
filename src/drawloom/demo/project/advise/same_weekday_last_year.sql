-- How do today's delays compare with the same weekday of the same week last year?
SELECT
  today.carrier,
  today.dep_delay_minutes / today.departed AS mean_dep_delay,
  before.dep_delay_minutes / before.departed AS mean_dep_delay_last_year,
  current_date AS computed_on
FROM core.carrier_day AS today
LEFT JOIN core.carrier_day AS before ON before.carrier = today.carrier
WHERE today.ds = DATE '{{ ds }}'
  AND year(before.ds) = year(DATE '{{ ds }}') - 1
  AND week(before.ds) = week(DATE '{{ ds }}')
  AND dayofweek(before.ds) = dayofweek(DATE '{{ ds }}')
