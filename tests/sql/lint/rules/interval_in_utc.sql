# schedule: @daily Asia/Tokyo
# at: 1:41, 1:83
# message: data_interval_start is a moment in UTC; as a day it is 2024-07-16 when the day in Asia/Tokyo is 2024-07-17.
SELECT a FROM logs.ev WHERE ds BETWEEN '{{ data_interval_start | ds }}' AND DATE '{{ data_interval_end.strftime('%Y-%m-%d') }}' - 1
----
# schedule: @weekly Europe/Berlin
# at: 1:36
# message: data_interval_start is a moment in UTC; as a day it is 2024-07-14 when the day in Europe/Berlin is 2024-07-15.
SELECT a FROM logs.ev WHERE ds >= '{{ data_interval_start.to_date_string() }}' AND ds <= '{{ ds }}'
----
# quiet
SELECT a FROM logs.ev WHERE ds >= '{{ data_interval_start | ds }}' AND ds < '{{ data_interval_end | ds }}'
----
# schedule: @daily America/New_York
# quiet
SELECT a FROM logs.ev WHERE ds >= '{{ data_interval_start | ds }}' AND ds < '{{ data_interval_end | ds }}'
----
# schedule: @daily Asia/Tokyo
# quiet
SELECT a FROM logs.ev WHERE ds = '{{ data_interval_start.in_timezone('Asia/Tokyo') | ds }}' AND at >= '{{ data_interval_start }}'
