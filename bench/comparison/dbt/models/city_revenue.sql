{% set day = "DATE '" ~ (model.batch.event_time_start.date() if model.batch else "2026-01-01") ~ "'" %}
SELECT
  {{ day }} AS ds,
  city,
  count(*) FILTER (WHERE ds = {{ day }}) AS rides,
  coalesce(sum(amount) FILTER (WHERE ds = {{ day }}), 0) AS revenue,
  sum(amount) AS revenue_7d
FROM {{ ref('rides').render() }}
WHERE ds BETWEEN {{ day }} - 6 AND {{ day }}
GROUP BY city
