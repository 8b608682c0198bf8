SELECT ride_id, upper(trim(city)) AS city, started_at, CAST(amount AS DECIMAL(9, 2)) AS amount, CAST(started_at AS DATE) AS ds
FROM {{ source('raw', 'rides') }}
{% if model.batch %}
WHERE CAST(started_at AS DATE) = DATE '{{ model.batch.event_time_start.date() }}'
  AND arrived BETWEEN DATE '{{ model.batch.event_time_start.date() }}' AND DATE '{{ model.batch.event_time_start.date() }}' + 2
{% endif %}
