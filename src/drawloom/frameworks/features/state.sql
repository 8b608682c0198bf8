[% import "_macros.sql" as m with context %]
-- All that is known of each entity so far, and the windows that longer ones are put together from. The work of a day
-- does not grow with the history: yesterday's state, a week of days, and the weeks that ended one, two and three weeks ago.
WITH
[% if f.carried %]
week_parts AS MATERIALIZED (
  SELECT *
  FROM (
    SELECT
      [[ m.list(f.keys) ]], ds AS part_day, events,
      [[ "CAST(floor(date_diff('day', ds, " ~ m.last(ranged) ~ ") / 7) AS INTEGER)" if ranged else 0 ]] AS weeks_ago
      [[- m.names(f.in_state(f.carried[0])) ]]
    FROM [[ f.tables.days ]]
    WHERE ds BETWEEN [[ m.first(ranged, -27 if ranged and f.carried|length > 1 else -6) ]] AND [[ m.last(ranged) ]]
  ) AS d
  WHERE weeks_ago < [[ 4 if ranged and f.carried|length > 1 else 1 ]]
),
[[ m.merged(f, "week", ["weeks_ago"] + f.keys, f.in_state(f.carried[0])) ]],
[% endif %]
[% if f.carried|length > 1 %]
month_parts AS MATERIALIZED (
  SELECT [[ m.list(f.keys) ]], weeks_ago * -7 AS part_day, events[[ m.names(f.in_state(f.carried[1])) ]]
  FROM week
  [% if not ranged %]
  {% if is_incremental() %}
  UNION ALL
  SELECT
    [[ m.list(f.keys) ]], date_diff('day', [[ m.last(ranged) ]], ds), d7_events
    [% for c in f.in_state(f.carried[1]) %]
    , [[ c.of(f.carried[0]) ]]
    [% endfor %]
  FROM [[ f.tables.state ]]
  WHERE ds IN ([[ m.day(-7) ]], [[ m.day(-14) ]], [[ m.day(-21) ]]) AND d7_events > 0
  {% endif %}
  [% endif %]
),
[[ m.merged(f, "month", f.keys, f.in_state(f.carried[1])) ]],
[% endif %]
ever_parts AS MATERIALIZED (
  SELECT [[ m.list(f.keys) ]], ds AS part_day, ds AS first_ds, events[[ m.names(f.in_state(f.ever)) ]]
  FROM [[ f.tables.days ]]
  WHERE ds BETWEEN [[ m.first(ranged) ]] AND [[ m.last(ranged) ]]
  {% if is_incremental() %}
  UNION ALL
  SELECT
    [[ m.list(f.keys) ]], last_ds, first_ds, events
    [% for c in f.in_state(f.ever) %]
    , [[ c.of(f.ever) ]]
    [% endfor %]
  FROM [[ f.tables.state ]]
  WHERE ds = [[ m.first(ranged, -1) ]]
  {% endif %}
),
[[ m.merged(f, "ever", f.keys, f.in_state(f.ever), {"first_ds": "min(first_ds)", "last_ds": "max(part_day)"}) ]]
SELECT
  [% if ranged %]
  [[ m.last(ranged) ]] AS ds,
  [% endif %]
  [[ m.list(f.keys, "e.") ]],
  e.first_ds,
  e.last_ds,
  e.events
  [% for c in f.in_state(f.ever) %]
  , e.[[ c.name ]] AS [[ c.of(f.ever) ]]
  [% endfor %]
  [% for w in f.carried %]
  , w[[ w.days ]].events AS d[[ w.days ]]_events
  [% for c in f.in_state(w) %]
  , w[[ w.days ]].[[ c.name ]] AS [[ c.of(w) ]]
  [% endfor %]
  [% endfor %]
FROM ever AS e
[% for w in f.carried %]
LEFT JOIN [[ "week" if w.days == 7 else "month" ]] AS w[[ w.days ]] ON [% if w.days == 7 %]w7.weeks_ago = 0 AND [% endif %][% for key in f.keys %]w[[ w.days ]].[[ key ]] = e.[[ key ]][[ " AND " if not loop.last ]][% endfor %]

[% endfor %]
