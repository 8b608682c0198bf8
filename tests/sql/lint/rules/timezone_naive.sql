# at: 1:8
# message: CAST(ts AS DATE) takes the day of ts (TIMESTAMP) without a time zone; say which one.
# catalog: {"logs.ev": {"keys": ["ds"], "columns": {"ts": "timestamp", "d": "date"}}}
SELECT CAST(ts AS DATE) FROM logs.ev WHERE ds = '{{ ds }}'
----
# at: 1:8, 2:8
# catalog: {"logs.ev": {"keys": ["ds"], "columns": {"ts": "TIMESTAMPTZ"}}}
SELECT date_trunc('day', e.ts),
       date(ts) FROM logs.ev e WHERE ds = '{{ ds }}'
----
# quiet
# catalog: {"logs.ev": {"keys": ["ds"], "columns": {"ts": "TIMESTAMP", "d": "DATE"}}}
SELECT CAST(ts AT TIME ZONE 'UTC' AS DATE), CAST(d AS DATE), date_trunc('hour', ts), CAST(ts AS VARCHAR) FROM logs.ev
----
# dialect: bigquery
# quiet
# catalog: {"logs.ev": {"keys": ["ds"], "columns": {"ts": "TIMESTAMP"}}}
SELECT DATE(ts, 'UTC') FROM logs.ev WHERE ds = @submission_date
----
# quiet
SELECT CAST(ts AS DATE) FROM logs.ev WHERE ds = '{{ ds }}'
----
# quiet
# catalog: {"logs.ev": {"keys": ["ds"], "columns": {"ts": "TIMESTAMP"}}}
SELECT CAST(q.ts AS DATE) FROM (SELECT ts FROM logs.ev WHERE ds = '{{ ds }}') q
