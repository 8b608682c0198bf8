-- Mean scores beside the share of what happened, by groups of the scores: of days whose horizon is over.
WITH days AS (
  SELECT max(ds) - INTERVAL '[[ horizon ]]' DAY AS last_day FROM [[ table ]]
),
spine AS (
  SELECT
    row_number() OVER (ORDER BY ds, [[ keys ]]) AS row_id,
    [[ keys ]],
    [[ score ]] AS score,
    CAST(ds + INTERVAL '1' DAY AS TIMESTAMP) AS row_at,
    CAST(ds + INTERVAL '1' DAY AS DATE) AS row_day
  FROM [[ table ]]
  WHERE ds <= (SELECT last_day FROM days) AND ds > (SELECT last_day FROM days) - INTERVAL '[[ shown ]]' DAY
),
labelled AS (
[[ labels ]]
),
placed AS (
  SELECT s.score, l.[[ label ]] AS happened, ntile([[ groups ]]) OVER (ORDER BY s.score, s.row_id) AS part
  FROM spine AS s
  JOIN labelled AS l ON l.row_id = s.row_id
)
SELECT
  part,
  count(*) AS entities,
  avg(score) AS score,
  avg(CASE WHEN happened THEN 1.0 ELSE 0.0 END) AS happened
FROM placed
GROUP BY part
ORDER BY part
