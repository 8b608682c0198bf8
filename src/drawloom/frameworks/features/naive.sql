[% import "_macros.sql" as m with context %]
-- The features of each row of a spine as they are defined, from all events before its moment: what other plans must equal.
[% macro begin(w) %][% if floor %]CAST(CAST(row_at - INTERVAL '[[ w.days ]]' DAY AS DATE) AS TIMESTAMP)[% else %]row_at - INTERVAL '[[ w.days ]]' DAY[% endif %][% endmacro %]
[% macro filtered(u, w) %] FILTER (WHERE [[ u.column ]] IS NOT NULL[% if w.days %] AND row_time >= [[ begin(w) ]][% endif %])[% endmacro %]
WITH
[[ m.moments(f) ]],
[% for s in f.sources %]
[[ m.rows_where(f, s, s.units, "TRUE", s.arrived if as_known else None) ]],
events_[[ s.number ]] AS (
  SELECT
    t.row_id, t.row_at, CAST(r.row_time AS TIMESTAMP) AS row_time, r.tie, r.ds
    [[ m.values_of(s.units, "r") ]]
  FROM rows_[[ s.number ]] AS r
  JOIN moments AS t ON [[ m.same(f.keys, "r", "t") ]]
  WHERE CAST(r.row_time AS TIMESTAMP) < t.row_at[% if as_known %] AND r.arrived < t.row_at[% endif %]

),
features_[[ s.number ]] AS (
  SELECT
    row_id, max(ds) AS newest
    [% for u in s.units %]
    [% for op in u.ops %]
    [% for w in u.windows %]
    [% if op.name == "top_k" %]
    [% elif op.name == "last_k" %]
    , (array_agg(CAST([[ u.column ]] AS VARCHAR) ORDER BY row_time DESC, tie DESC NULLS LAST, CAST([[ u.column ]] AS VARCHAR) DESC)[[ filtered(u, w) ]])[1:[[ op.k ]]] AS [[ u.quoted(op, w) ]]
    [% else %]
    , [[ {
        "count": "count(" ~ u.column ~ ")" ~ filtered(u, w),
        "sum": "CAST(sum(" ~ u.decimal ~ ")" ~ filtered(u, w) ~ " AS DOUBLE)",
        "avg": "CAST(sum(" ~ u.decimal ~ ")" ~ filtered(u, w) ~ " AS DOUBLE) / nullif(count(" ~ u.decimal ~ ")" ~ filtered(u, w) ~ ", 0)",
        "stddev": "stddev_samp(" ~ (u.double if u.has_spread else u.column) ~ ")" ~ filtered(u, w),
        "min": "min(" ~ u.column ~ ")" ~ filtered(u, w),
        "max": "max(" ~ u.column ~ ")" ~ filtered(u, w),
        "n_distinct": "count(DISTINCT CAST(" ~ u.column ~ " AS VARCHAR))" ~ filtered(u, w),
        "first": "arg_min(" ~ u.column ~ ", row(row_time, tie, " ~ u.column ~ "))" ~ filtered(u, w),
        "last": "arg_max(" ~ u.column ~ ", row(row_time, tie, " ~ u.column ~ "))" ~ filtered(u, w),
      }[op.name] ]] AS [[ u.quoted(op, w) ]]
    [% endif %]
    [% endfor %]
    [% endfor %]
    [% endfor %]
  FROM events_[[ s.number ]]
  GROUP BY row_id
),
[% for u in s.units %]
[% for op in u.ops if op.name == "top_k" %]
[% for w in u.windows %]
[[ f.top_relation(u, w) ]] AS (
  SELECT row_id, array_agg(value ORDER BY events DESC, value) [1:[[ op.k ]]] AS [[ u.quoted(op, w) ]]
  FROM (
    SELECT row_id, CAST([[ u.column ]] AS VARCHAR) AS value, count(*) AS events
    FROM events_[[ s.number ]]
    WHERE [[ u.column ]] IS NOT NULL[% if w.days %] AND row_time >= [[ begin(w) ]][% endif %]

    GROUP BY row_id, CAST([[ u.column ]] AS VARCHAR)
  ) AS counted
  GROUP BY row_id
),
[% endfor %]
[% endfor %]
[% endfor %]
[% endfor %]
[% if f.spec.active %]
known AS (
  SELECT row_id
  FROM (
    [% for s in f.sources %]
    [[ "UNION ALL" if not loop.first ]]
    SELECT t.row_id FROM features_[[ s.number ]] AS e JOIN moments AS t ON e.row_id = t.row_id
    WHERE e.newest >= t.row_day - INTERVAL '[[ f.spec.active ]]' DAY
    [% endfor %]
  ) AS active
  GROUP BY row_id
),
[% endif %]
features AS (
  SELECT
    t.row_id
    [% for column in f.naive_columns %]
    , [[ column.sql ]] AS [[ column.name ]]
    [% endfor %]
  FROM moments AS t
  [% if f.spec.active %]
  LEFT JOIN known ON known.row_id = t.row_id
  [% endif %]
  [% for relation in f.naive_relations %]
  LEFT JOIN [[ relation ]] ON [[ relation ]].row_id = [[ "known" if f.spec.active else "t" ]].row_id
  [% endfor %]
)
[[ m.of_spine(f, names) ]]
