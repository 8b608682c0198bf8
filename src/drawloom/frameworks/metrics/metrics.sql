[# The values of a day, one scan for all metrics of all types of subjects. Values stand in columns first, and are turned
   into rows by a join with the metrics' names, which every engine does without reading the source again. #]
WITH events AS (
  SELECT
    [% for name, column in subjects %]
    CAST([[ column ]] AS VARCHAR) AS subject_[[ loop.index ]],
    [% endfor %]
    [% for d in dimensions %]
    CAST([[ d ]] AS VARCHAR) AS dimension_[[ loop.index ]],
    [% endfor %]
    [% for m in metrics %]
    CASE WHEN [[ m.metric.row_condition ]] THEN [[ m.metric.row_value ]] END AS [[ m.column ]][[ "," if not loop.last ]]
    [% endfor %]
  FROM [[ source ]]
  WHERE ds = DATE '{{ ds }}'
)
[% for name, column in subjects %]
[% set subject = "subject_" ~ loop.index %]
[% set first = loop.first %]
[% if added %]
[[ "UNION ALL" if not first ]]
SELECT
  [[ name ]] AS subject_type,
  s.subject,
  m.metric,
  [% for d in dimensions %]
  s.dimension_[[ loop.index ]] AS [[ d ]],
  [% endfor %]
  CASE m.metric[% for m in added %] WHEN [[ m.name ]] THEN CAST(s.[[ m.column ]] AS DOUBLE)[% endfor %] END AS value,
  CASE m.metric[% for m in added %] WHEN [[ m.name ]] THEN s.[[ m.column ]]_events[% endfor %] END AS events
FROM (
  SELECT
    [[ subject ]] AS subject,
    [% for d in dimensions %]
    dimension_[[ loop.index ]],
    [% endfor %]
    [% for m in added %]
    [[ m.aggregate ]]([[ m.column ]]) AS [[ m.column ]],
    count([[ m.column ]]) AS [[ m.column ]]_events[[ "," if not loop.last ]]
    [% endfor %]
  FROM events
  WHERE [[ subject ]] IS NOT NULL
  GROUP BY [[ subject ]][% for d in dimensions %], dimension_[[ loop.index ]][% endfor %]

) AS s
CROSS JOIN (VALUES [% for m in added %]([[ m.name ]])[[ ", " if not loop.last ]][% endfor %]) AS m(metric)
WHERE CASE m.metric[% for m in added %] WHEN [[ m.name ]] THEN s.[[ m.column ]]_events[% endfor %] END > 0
[% endif %]
[% for m in quantiles %]
[[ "UNION ALL" if added or not first or not loop.first ]]
SELECT
  [[ name ]] AS subject_type,
  [[ subject ]] AS subject,
  [[ m.name ]] AS metric,
  [% for d in dimensions %]
  dimension_[[ loop.index ]] AS [[ d ]],
  [% endfor %]
  CAST([[ m.column ]] AS DOUBLE) AS value,
  count(*) AS events
FROM events
WHERE [[ subject ]] IS NOT NULL AND [[ m.column ]] IS NOT NULL
GROUP BY [[ subject ]], CAST([[ m.column ]] AS DOUBLE)[% for d in dimensions %], dimension_[[ loop.index ]][% endfor %]

[% endfor %]
[% endfor %]
