[# Each entity's state on every day of a range, from the state before it and the entity-days in it, as `states`: ds,
   dimensions, first day and map of each activity, and n, how many entities a row stands for. Those that have been away
   for 56 days and stay away are counted at once. #]
[% if g.snapshots %]
[[ m.snapshots(g, "ds BETWEEN DATE '{{ start }}' AND DATE '{{ end }}'", True) ]]
,
[% endif %]
range_days AS (
  SELECT
    ds,
    CAST(date_diff('day', DATE '{{ start }}', ds) + 1 AS BIGINT) AS age,
    CAST(date_diff('day', ds, DATE '{{ end }}') AS BIGINT) AS ahead
  FROM (SELECT CAST(unnest(generate_series(DATE '{{ start }}', DATE '{{ end }}', INTERVAL '1' DAY)) AS DATE) AS ds) AS d
),
came AS NOT MATERIALIZED (
  SELECT * FROM [[ g.tables.days ]] WHERE ds BETWEEN DATE '{{ start }}' AND DATE '{{ end }}'
),
{% if is_incremental() %}
past AS NOT MATERIALIZED (
  SELECT s.*, [[ m.maps(g, "s.") ]] = 0 AND NOT EXISTS (SELECT 1 FROM came AS c WHERE [[ m.same(g, "c", "s") ]]) AS away
  FROM [[ g.tables.state ]] AS s WHERE s.ds = [[ m.moved("start", -1) ]]
)
[% if g.ratio %]
[[ m.back(g, True, "past", "SELECT 1 FROM past WHERE " ~ g.entity[0] ~ " IS NULL") ]]
[% endif %]
,
{% endif %}
timeline AS NOT MATERIALIZED (
  {% if is_incremental() %}
  SELECT
    [[ m.list(g.entity) ]],
    ds,
    [% for d in g.dims %]
    [[ d.name ]],
    [% endfor %]
    [% for a in g.activities %]
    [[ a.first ]], [[ a.bits ]], CAST(NULL AS BOOLEAN) AS [[ a.name ]][[ "," if not loop.last ]]
    [% endfor %]
  [% if g.ratio %]
  FROM (SELECT ds, [[ m.state_columns(g) ]] FROM past WHERE NOT away UNION ALL SELECT ds, [[ m.state_columns(g) ]] FROM back) AS s
  [% else %]
  FROM past WHERE NOT away
  [% endif %]
  UNION ALL
  {% endif %}
  SELECT
    [[ m.list(g.entity) ]],
    ds,
    [% for d in g.dims %]
    [[ "CAST(NULL AS VARCHAR) AS " if d.snapshot ]][[ d.name ]],
    [% endfor %]
    [% for a in g.activities %]
    CASE WHEN [[ a.name ]] THEN ds END AS [[ a.first ]], CAST(0 AS BIGINT) AS [[ a.bits ]], [[ a.name ]][[ "," if not loop.last ]]
    [% endfor %]
  FROM came
),
spans AS NOT MATERIALIZED (
  SELECT
    [[ m.list(g.entity) ]],
    greatest(ds, DATE '{{ start }}') AS first_day,
    coalesce(lead(ds) OVER days, DATE '{{ macros.ds_add(end, 1) }}') AS next_day,
    [% for d in g.dims %]
    [[ "first_value(" ~ d.name ~ ") OVER so_far AS " if d.touch == "first" ]][[ d.name ]],
    [% endfor %]
    [% for a in g.activities %]
    min([[ a.first ]]) OVER so_far AS [[ a.first ]],
    first_value([[ a.bits ]]) OVER so_far AS [[ a.past ]],
    CAST(coalesce(sum(CASE WHEN [[ a.name ]] THEN CAST(1 AS BIGINT) << CAST(date_diff('day', ds, DATE '{{ end }}') AS BIGINT) END)
      OVER so_far, 0) AS BIGINT) AS [[ a.bits ]][[ "," if not loop.last ]]
    [% endfor %]
  FROM timeline
  WINDOW
    days AS (PARTITION BY [[ m.list(g.entity) ]] ORDER BY ds),
    so_far AS (PARTITION BY [[ m.list(g.entity) ]] ORDER BY ds ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
),
states AS NOT MATERIALIZED (
  SELECT
    d.ds,
    [% for d in g.dims %]
    [[ "coalesce(" ~ d.snapshot ~ "." ~ d.name ~ ", '(null)') AS " ~ d.name if d.snapshot else "s." ~ d.name ]],
    [% endfor %]
    [% for a in g.activities %]
    s.[[ a.first ]],
    ((s.[[ a.past ]] & ((CAST(1 AS BIGINT) << (56 - d.age)) - 1)) << d.age) | (s.[[ a.bits ]] >> d.ahead) AS [[ a.bits ]],
    [% endfor %]
    1 AS n
  FROM spans AS s
  JOIN range_days AS d ON d.ds >= s.first_day AND d.ds < s.next_day
  [% for snapshot in g.snapshots %]
  LEFT JOIN [[ snapshot.name ]] ON [[ snapshot.name ]].ds = d.ds[% for e in g.entity %] AND [[ snapshot.name ]].[[ e ]] = s.[[ e ]][% endfor %]

  [% endfor %]
  {% if is_incremental() %}
  UNION ALL
  SELECT
    d.ds,
    [% for d in g.dims %]
    [[ "coalesce(" ~ d.snapshot ~ "." ~ d.name ~ ", '(null)')" if d.snapshot else "s." ~ d.name ]],
    [% endfor %]
    [% for a in g.activities %]
    s.[[ a.first ]], CAST(0 AS BIGINT),
    [% endfor %]
    s.n
  FROM (
    SELECT
      [% if g.snapshots %]
      [[ m.list(g.entity) ]],
      [% endif %]
      [% for d in g.dims if not d.snapshot %]
      [[ d.name ]],
      [% endfor %]
      [% for a in g.activities %]
      min([[ a.first ]]) AS [[ a.first ]],
      [% endfor %]
      sum(entities) AS n
    [% if g.ratio %]
    FROM (SELECT [[ m.state_columns(g) ]] FROM past WHERE away UNION ALL SELECT [[ m.state_columns(g, "-1") ]] FROM back) AS p
    [% else %]
    FROM past WHERE away
    [% endif %]
    GROUP BY [% if g.snapshots %][[ m.list(g.entity) ]], [% endif %][% for d in g.dims if not d.snapshot %][[ d.name ]], [% endfor %][% for a in g.activities %][[ a.first ]] IS NULL[[ ", " if not loop.last ]][% endfor %]

    HAVING sum(entities) > 0
  ) AS s
  CROSS JOIN range_days AS d
  [% for snapshot in g.snapshots %]
  LEFT JOIN [[ snapshot.name ]] ON [[ snapshot.name ]].ds = d.ds[% for e in g.entity %] AND [[ snapshot.name ]].[[ e ]] = s.[[ e ]][% endfor %]

  [% endfor %]
  {% endif %}
)
