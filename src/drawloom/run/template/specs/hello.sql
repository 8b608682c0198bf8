/* drawloom
table: demo.hours
description: One row for each hour of the day; a first table to try things on.
until: "forever: it costs nothing"
checks:
  - not_null: [hour]
  - unique: [hour]
*/
SELECT hours.hour, DATE '{{ ds }}' + to_hours(hours.hour) AS starts_at
FROM range(24) AS hours(hour)
