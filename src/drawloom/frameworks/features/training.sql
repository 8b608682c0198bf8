[% import "_macros.sql" as m with context %]
-- The features of each row of a spine as of its moment: whole days from the states of days, and the events of the days on
-- which a window begins and ends. With `as_known`, all events that had arrived by then: no state of a day knows them.
[# Whether a part of days is in a window; `ago` is how many days ago it is, and it is `whole` or of a day that is not. #]
[% macro within(w) %]
[% if as_known %]
[[- "ago <= " ~ w.days if w.days else "TRUE" ]]
[%- elif w.days %]
(whole AND ago [[ "<=" if floor else "<" ]] [[ w.days ]] OR NOT whole AND ago IN (0, [[ w.days ]]))
[%- else %]
(whole OR ago = 0)
[%- endif %]
[% endmacro %]
[# The days of a window that begins at midnight are all whole: then the day before counts as the newest. #]
[% set row_end %], [[ "row_day" if floor else "CASE WHEN row_at > CAST(row_day AS TIMESTAMP) THEN row_day ELSE CAST(row_day - INTERVAL '1' DAY AS DATE) END" ]] AS row_end[% endset %]

[% set days_ago = "date_diff('day', r.ds, b.row_day)" %]
[% set age = "date_diff('day', d.ds, t.row_end)" %]
WITH
[[ m.moments(f, row_end) ]],
[% if not as_known %]
bounds AS (
  SELECT [[ m.list(f.keys) ]], row_id, row_day AS ds, 0 AS ago, CAST(row_day AS TIMESTAMP) AS begins, row_at AS ends
  FROM moments
  [% for w in f.windows if not floor %]
  UNION ALL
  SELECT
    [[ m.list(f.keys) ]], row_id, CAST(row_day - INTERVAL '[[ w.days ]]' DAY AS DATE), [[ w.days ]],
    row_at - INTERVAL '[[ w.days ]]' DAY, CAST(row_day - INTERVAL '[[ w.days - 1 ]]' DAY AS TIMESTAMP)
  FROM moments
  WHERE row_at > CAST(row_day AS TIMESTAMP)
  [% endfor %]
),
[% endif %]
[% for s in f.sources %]
[[ m.rows_where(f, s, s.units, "TRUE", s.arrived if as_known else None) ]],
edges_[[ s.number ]] AS (
  SELECT
    b.row_id, r.row_time, r.tie
    [[ m.values_of(s.units, "r") ]]
    [% if as_known %]
    , [[ days_ago ]][[ " + CASE WHEN CAST(r.row_time AS TIMESTAMP) + INTERVAL (" ~ days_ago ~ ") DAY < b.row_at THEN 1 ELSE 0 END" if not floor ]] AS ago
  FROM rows_[[ s.number ]] AS r
  JOIN moments AS b ON [[ m.same(f.keys, "r", "b") ]]
  WHERE CAST(r.row_time AS TIMESTAMP) < b.row_at AND r.arrived < b.row_at
    [% else %]
    , b.ago
  FROM rows_[[ s.number ]] AS r
  JOIN bounds AS b ON [[ m.same(f.keys + ["ds"], "r", "b") ]]
  WHERE CAST(r.row_time AS TIMESTAMP) >= b.begins AND CAST(r.row_time AS TIMESTAMP) < b.ends
    [% endif %]
),
[[ m.states(s, "edges_" ~ s.number, ["row_id", "ago"]) ]],
[% endfor %]
[% if not as_known %]
ring_parts AS (
  SELECT
    t.row_id,
    [% if f.windows %]CASE[% for w in f.windows %] WHEN [[ age ]] [[ "<=" if floor else "<" ]] [[ w.days ]] THEN [[ w.days ]][% endfor %] ELSE 0 END[% else %]0[% endif %] AS ring,
    -date_diff('day', d.ds, t.row_day) AS part_day,
    d.events
    [% for c in f.as_of_columns %]
    , d.[[ c.name ]]
    [% endfor %]
  FROM [[ f.tables.days ]] AS d
  JOIN moments AS t ON [[ m.same(f.keys, "d", "t") ]] AND d.ds < t.row_day
  [% if not f.needs_ever %]
  WHERE [[ age ]] [[ "<=" if floor else "<" ]] [[ f.windows[-1].days ]]
  [% endif %]
),
[[ m.merged(f, "ring", ["row_id", "ring"], f.as_of_columns, {"newest": "max(part_day)"}, in_order) ]],
[% endif %]
[% for w in f.as_of_windows %]
[[ f.relation(w) ]]_parts AS (
  [% if not as_known %]
  SELECT row_id, newest AS part_day, events[[ m.names(f.as_of(w)) ]]
  FROM ring
  [% if w.days %]
  WHERE ring BETWEEN 1 AND [[ w.days ]]
  [% endif %]
  UNION ALL
  [% endif %]
  [% for s in f.sources %]
  [[ "UNION ALL" if not loop.first ]]
  SELECT
    row_id, -ago AS part_day, events
    [% for c in f.as_of(w) %]
    , [[ c.name if f.is_of(s, c) else "NULL AS " ~ c.name ]]
    [% endfor %]
  FROM source_[[ s.number ]]
  WHERE [[ ("ago <= " ~ w.days if w.days else "TRUE") if as_known else ("ago IN (0, " ~ w.days ~ ")" if w.days else "ago = 0") ]]
  [% endfor %]
),
[[ m.merged(f, f.relation(w), ["row_id"], f.as_of(w), {"newest": "max(part_day)"}, in_order) ]],
[% endfor %]
[% if f.valued %]
values_parts AS (
  [% if not as_known %]
  SELECT t.row_id, d.measure, d.value, [[ age ]] AS ago, TRUE AS whole, d.events
  FROM [[ f.tables["values"] ]] AS d
  JOIN moments AS t ON [[ m.same(f.keys, "d", "t") ]] AND d.ds < t.row_day
  UNION ALL
  [% endif %]
  [% for s, u in f.valued %]
  [[ "UNION ALL" if not loop.first ]]
  SELECT row_id, [[ u.literal ]] AS measure, CAST([[ u.column ]] AS VARCHAR) AS value, ago, FALSE AS whole, 1 AS events
  FROM edges_[[ s.number ]]
  WHERE [[ u.column ]] IS NOT NULL
  [% endfor %]
),
values_now AS (
  SELECT
    row_id, measure, value
    [% for w in f.value_windows %]
    , sum(CASE WHEN [[ within(w) ]] THEN events END) AS in_[[ w.name ]]
    [% endfor %]
  FROM values_parts
  GROUP BY row_id, measure, value
),
valued AS (
  SELECT
    row_id
    [% for u, op, w in f.of_values("n_distinct") %]
    , count(CASE WHEN measure = [[ u.literal ]] AND in_[[ w.name ]] > 0 THEN 1 END) AS [[ u.quoted(op, w) ]]
    [% endfor %]
  FROM values_now
  GROUP BY row_id
),
[% for w in f.top_windows %]
"[[ w.name ]]_top" AS (
  SELECT
    row_id
    [% for u, op, window in f.of_values("top_k") if window == w %]
    [% for n in range(1, op.k + 1) %]
    , max(CASE WHEN measure = [[ u.literal ]] AND place = [[ n ]] THEN value END) AS [[ u.place(op, w, n) ]]
    [% endfor %]
    [% endfor %]
  FROM (
    SELECT row_id, measure, value, row_number() OVER (PARTITION BY row_id, measure ORDER BY in_[[ w.name ]] DESC, value) AS place
    FROM values_now
    WHERE in_[[ w.name ]] > 0
  ) AS ranked
  GROUP BY row_id
),
[% endfor %]
[% endif %]
[% if f.listed %]
latest_parts AS (
  [% if not as_known %]
  SELECT t.row_id, d.measure, d.value, [[ age ]] AS ago, TRUE AS whole, d.place
  FROM [[ f.tables.latest ]] AS d
  JOIN moments AS t ON [[ m.same(f.keys, "d", "t") ]] AND d.ds < t.row_day
  UNION ALL
  [% endif %]
  [% for s, u in f.listed %]
  [[ "UNION ALL" if not loop.first ]]
  SELECT
    row_id, [[ u.literal ]] AS measure, CAST([[ u.column ]] AS VARCHAR) AS value, ago, FALSE AS whole,
    row_number() OVER (
      PARTITION BY row_id, ago
      ORDER BY row_time DESC NULLS LAST, tie DESC NULLS LAST, CAST([[ u.column ]] AS VARCHAR) DESC NULLS LAST
    ) AS place
  FROM edges_[[ s.number ]]
  WHERE [[ u.column ]] IS NOT NULL
  [% endfor %]
),
[% for w in f.latest_windows %]
"[[ w.name ]]_latest" AS (
  SELECT
    row_id
    [% for u, op, window in f.of_values("last_k") if window == w %]
    [% for n in range(1, op.k + 1) %]
    , max(CASE WHEN measure = [[ u.literal ]] AND place = [[ n ]] THEN value END) AS [[ u.place(op, w, n) ]]
    [% endfor %]
    [% endfor %]
  FROM (
    SELECT row_id, measure, value, row_number() OVER (PARTITION BY row_id, measure ORDER BY ago, place) AS place
    FROM latest_parts
    WHERE [[ within(w) ]]
  ) AS ranked
  GROUP BY row_id
),
[% endfor %]
[% endif %]
features AS (
  SELECT
    t.row_id
    [% for column in f.features(True) %]
    , [[ m.listed(column.places) if column.places else column.sql ]] AS [[ column.name ]]
    [% endfor %]
  FROM moments AS t
  [% if f.spec.active %]
  LEFT JOIN wltd AS known ON known.row_id = t.row_id AND known.newest >= -[[ f.spec.active ]]
  [% endif %]
  [% for relation in f.as_of_relations %]
  LEFT JOIN [[ relation ]] ON [[ relation ]].row_id = [[ "known" if f.spec.active else "t" ]].row_id
  [% endfor %]
)
[[ m.of_spine(f, names) ]]
