[% import "_macros.sql" as m with context %]
-- The features of a day: windows that the state carries as they are, and others put together from its parts.
[% for w in f.windows if not ranged %]
-- [[ w.name ]]: [[ w.plan ]].
[% endfor %]
[% macro days_between(offset, table="days") %](SELECT *, ds AS part_day FROM [[ f.tables[table] ]] WHERE ds BETWEEN [[ m.first(True, offset) ]] AND [[ m.last(True) ]])[% endmacro %]
[% set merged_windows = f.windows if ranged else f.composed %]
WITH
[% if ranged %]
range_days AS (
  SELECT CAST(unnest(generate_series([[ m.first(ranged) ]], [[ m.last(ranged) ]], INTERVAL '1' DAY)) AS DATE) AS ds
),
ever_parts AS MATERIALIZED (
  SELECT [[ m.list(f.keys, "d.") ]], r.ds, d.part_day, d.part_day AS first_ds, d.events[[ m.names(f.in_state(f.ever), "d.") ]]
  FROM [[ days_between(0) ]] AS d
  JOIN range_days AS r ON d.part_day <= r.ds
  {% if is_incremental() %}
  UNION ALL
  SELECT
    [[ m.list(f.keys, "s.") ]], r.ds, s.last_ds, s.first_ds, s.events
    [% for c in f.in_state(f.ever) %]
    , s.[[ c.of(f.ever) ]]
    [% endfor %]
  FROM [[ f.tables.state ]] AS s
  CROSS JOIN range_days AS r
  WHERE s.ds = [[ m.first(ranged, -1) ]]
  {% endif %}
),
[[ m.merged(f, "ever", f.keys + ["ds"], f.in_state(f.ever), {"first_ds": "min(first_ds)", "last_ds": "max(part_day)"}) ]]
[% else %]
ever AS (
  SELECT * FROM [[ f.tables.state ]] WHERE ds = [[ m.day() ]]
)
[% if f.in_window(f.window(1)) %]
, w1 AS (
  SELECT * FROM [[ f.tables.days ]] WHERE ds = [[ m.day() ]]
)
[% endif %]
[% endif %]
[% for w in merged_windows if f.in_window(w) %]
, w[[ w.days ]]_parts AS MATERIALIZED (
  [% if ranged %]
  SELECT [[ m.list(f.keys, "d.") ]], r.ds, d.part_day, d.events[[ m.names(f.in_window(w), "d.") ]]
  FROM [[ days_between(1 - w.days) ]] AS d
  JOIN range_days AS r ON d.part_day BETWEEN r.ds - INTERVAL '[[ w.days - 1 ]]' DAY AND r.ds
  [% else %]
  [% for length, days in f.reads_of(w) %]
  [[ "UNION ALL" if not loop.first ]]
  SELECT
    [[ m.list(f.keys) ]], [[ m.day() ]] AS ds, ds AS part_day, [[ "events" if length == 1 else "d" ~ length ~ "_events" ]] AS events

    [% for c in f.in_window(w) %]
    , [[ c.name if length == 1 else c.of(f.window(length)) ]] AS [[ c.name ]]
    [% endfor %]
  FROM [[ f.tables.days if length == 1 else f.tables.state ]]
  WHERE ds IN ([% for ago in days %][[ m.day(-ago) ]][[ ", " if not loop.last ]][% endfor %])[% if length > 1 %] AND d[[ length ]]_events > 0[% endif %]

  [% endfor %]
  [% endif %]
)
, [[ m.merged(f, "w" ~ w.days, f.keys + ["ds"], f.in_window(w)) ]]
[% endfor %]
[% if f.valued %]
, values_now AS (
  [% if ranged %]
  SELECT [[ m.list(f.keys) ]], ds, measure, value, max(last_day) AS last_day, sum(events) AS events
  FROM (
    SELECT [[ m.list(f.keys, "d.") ]], r.ds, d.measure, d.value, d.part_day AS last_day, d.events
    FROM [[ days_between(0, "values") ]] AS d
    JOIN range_days AS r ON d.part_day <= r.ds
    {% if is_incremental() %}
    UNION ALL
    SELECT [[ m.list(f.keys, "s.") ]], r.ds, s.measure, s.value, s.last_day, s.events
    FROM [[ f.tables.values_state ]] AS s
    CROSS JOIN range_days AS r
    WHERE s.ds = [[ m.first(ranged, -1) ]]
    {% endif %}
  ) AS parts
  GROUP BY [[ m.list(f.keys) ]], ds, measure, value
  [% else %]
  SELECT * FROM [[ f.tables.values_state ]] WHERE ds = [[ m.day() ]]
  [% endif %]
)
, valued AS (
  SELECT
    [[ m.list(f.keys) ]], ds
    [% for u, op, w in f.of_values("n_distinct") %]
    , count(CASE WHEN measure = [[ u.literal ]][% if w.days %] AND last_day > ds - INTERVAL '[[ w.days ]]' DAY[% endif %] THEN 1 END) AS [[ u.quoted(op, w) ]]
    [% endfor %]
  FROM values_now
  GROUP BY [[ m.list(f.keys) ]], ds
)
[% endif %]
[% for w in f.top_windows %]
[% if w.days and ranged %]
, "[[ w.name ]]_values" AS (
  SELECT [[ m.list(f.keys, "d.") ]], r.ds, d.measure, d.value, d.events
  FROM [[ days_between(1 - w.days, "values") ]] AS d
  JOIN range_days AS r ON d.part_day BETWEEN r.ds - INTERVAL '[[ w.days - 1 ]]' DAY AND r.ds
)
[% elif w.days %]
, "[[ w.name ]]_values" AS (
  SELECT [[ m.list(f.keys) ]], [[ m.day() ]] AS ds, measure, value, events
  FROM [[ f.tables["values"] ]]
  WHERE ds BETWEEN [[ m.day(1 - w.days) ]] AND [[ m.day() ]]
)
[% endif %]
[[ m.top(f, w.name, '"' ~ w.name ~ '_values"' if w.days else "values_now") ]]
, "[[ w.name ]]_top" AS (
  SELECT
    [[ m.list(f.keys) ]], ds
    [% for u, op, window in f.of_values("top_k") if window == w %]
    [% for n in range(1, op.k + 1) %]
    , max(CASE WHEN measure = [[ u.literal ]] AND place = [[ n ]] THEN value END) AS [[ u.place(op, w, n) ]]
    [% endfor %]
    [% endfor %]
  FROM "[[ w.name ]]_ranked"
  GROUP BY [[ m.list(f.keys) ]], ds
)
[% endfor %]
[% if f.listed %]
, latest_now AS (
  [% if ranged %]
  SELECT *
  FROM (
    SELECT
      [[ m.list(f.keys) ]], ds, measure, day, value,
      row_number() OVER (PARTITION BY [[ m.list(f.keys) ]], ds, measure ORDER BY day DESC, place) AS place
    FROM (
      SELECT [[ m.list(f.keys, "d.") ]], r.ds, d.measure, d.place, d.part_day AS day, d.value
      FROM [[ days_between(0, "latest") ]] AS d
      JOIN range_days AS r ON d.part_day <= r.ds
      {% if is_incremental() %}
      UNION ALL
      SELECT [[ m.list(f.keys, "s.") ]], r.ds, s.measure, s.place, s.day, s.value
      FROM [[ f.tables.latest_state ]] AS s
      CROSS JOIN range_days AS r
      WHERE s.ds = [[ m.first(ranged, -1) ]]
      {% endif %}
    ) AS parts
  ) AS ranked
  WHERE [[ m.kept(f) ]]
  [% else %]
  SELECT * FROM [[ f.tables.latest_state ]] WHERE ds = [[ m.day() ]]
  [% endif %]
)
, latest AS (
  SELECT
    [[ m.list(f.keys) ]], ds
    [% for u, op, w in f.of_values("last_k") %]
    [% for n in range(1, op.k + 1) %]
    , max(CASE WHEN measure = [[ u.literal ]] AND place = [[ n ]][% if w.days %] AND day > ds - INTERVAL '[[ w.days ]]' DAY[% endif %] THEN value END) AS [[ u.place(op, w, n) ]]
    [% endfor %]
    [% endfor %]
  FROM latest_now
  GROUP BY [[ m.list(f.keys) ]], ds
)
[% endif %]
, features AS (
  SELECT
    [% if ranged %]
    e.ds,
    [% endif %]
    [[ m.list(f.keys, "e.") ]],
    e.first_ds,
    e.last_ds
    [% for column in f.features(ranged) %]
    , [[ m.listed(column.places) if column.places else column.sql ]] AS [[ column.name ]]
    [% endfor %]
  FROM ever AS e
  [% for w in (f.windows if ranged else f.joined) if f.in_window(w) %]
  LEFT JOIN w[[ w.days ]] ON w[[ w.days ]].ds = e.ds[% for key in f.keys %] AND w[[ w.days ]].[[ key ]] = e.[[ key ]][% endfor %]

  [% endfor %]
  [% for name in f.value_relations %]
  LEFT JOIN [[ name ]] ON [[ name ]].ds = e.ds[% for key in f.keys %] AND [[ name ]].[[ key ]] = e.[[ key ]][% endfor %]

  [% endfor %]
  [% if f.spec.active %]
  WHERE e.last_ds > e.ds - INTERVAL '[[ f.spec.active ]]' DAY
  [% endif %]
)
SELECT
  *
  [% for name, sql in f.derived %]
  , [[ sql ]] AS [[ name ]]
  [% endfor %]
FROM features
