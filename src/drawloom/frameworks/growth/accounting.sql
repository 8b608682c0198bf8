[% import "_macros.sql" as m with context %]
-- How many entities are active, new, retained, resurrected, churned and stale, in each window and cut.
WITH [[ m.counted(g, "flags", "flags IS NOT NULL", ranged) ]]
[% include "_keep_list.sql" %]
, [[ m.mapped(g, ["flags"]) ]],
-- What each window and step looks for in the flags.
parts AS (
  SELECT * FROM (VALUES
    [% for part in g.parts %]
    ([[ part.window ]], '[[ part.step ]]', [[ part.now ]], [[ part.before ]], [[ part.new ]])[[ "," if not loop.last ]]
    [% endfor %]
  ) AS p (window_days, step, now_bit, before_bit, newest)
),
cells AS (
  SELECT
    ds, activity, [[ m.list(g.dim_names) ]][[ ", " if g.dims ]]window_days, step,
    sum(CASE WHEN flags & now_bit <> 0 THEN n ELSE 0 END) AS active,
    sum(CASE WHEN flags >= newest THEN n ELSE 0 END) AS new,
    sum(CASE WHEN flags & now_bit <> 0 AND flags & before_bit <> 0 THEN n ELSE 0 END) AS retained,
    sum(CASE WHEN flags & now_bit <> 0 AND flags & before_bit = 0 AND flags < newest THEN n ELSE 0 END) AS resurrected,
    sum(CASE WHEN flags & now_bit = 0 AND flags & before_bit <> 0 THEN n ELSE 0 END) AS churned,
    sum(CASE WHEN flags & now_bit = 0 AND flags & before_bit = 0 THEN n ELSE 0 END) AS stale,
    sum(n) AS ever
  FROM mapped CROSS JOIN parts
  GROUP BY ds, activity, [[ m.list(g.dim_names) ]][[ ", " if g.dims ]]window_days, step
),
before AS (
  -- Who was active one step before, in the cells of that day: what changes without a flow has moved between cells.
  [% if ranged %]
  SELECT * FROM (
    SELECT
      [% for part in g.lags %]
      [[ "CASE" if loop.first ]] WHEN step = '[[ part.step ]]'[% if part.step == "window" %] AND window_days = [[ part.window ]][% endif %] THEN CAST(ds + INTERVAL '[[ part.lag ]]' DAY AS DATE)
      [% endfor %]
      END AS ds, activity, [[ m.list(g.dim_names) ]][[ ", " if g.dims ]]window_days, step, active
    FROM (
      SELECT ds, activity, [[ m.list(g.dim_names) ]][[ ", " if g.dims ]]window_days, step, active FROM [[ g.tables.accounting ]]
      WHERE ds BETWEEN DATE '{{ macros.ds_add(start, -[[ g.longest ]]) }}' AND DATE '{{ macros.ds_add(start, -1) }}'
      UNION ALL
      SELECT ds, activity, [[ m.list(g.dim_names) ]][[ ", " if g.dims ]]window_days, step, active FROM cells
    ) AS earlier
  ) AS shifted
  WHERE ds BETWEEN DATE '{{ start }}' AND DATE '{{ end }}'
  [% else %]
  SELECT [[ m.day(0) ]] AS ds, activity, [[ m.list(g.dim_names) ]][[ ", " if g.dims ]]window_days, step, active
  FROM [[ g.tables.accounting ]]
  WHERE
    [% for part in g.lags %]
    [[ "OR " if not loop.first ]](step = '[[ part.step ]]'[% if part.step == "window" %] AND window_days = [[ part.window ]][% endif %] AND ds = [[ m.day(-part.lag) ]])
    [% endfor %]
  [% endif %]
),
booked AS (
  SELECT *, CAST(0 AS BIGINT) AS active_before FROM cells
  UNION ALL
  SELECT ds, activity, [[ m.list(g.dim_names) ]][[ ", " if g.dims ]]window_days, step, 0, 0, 0, 0, 0, 0, 0, active FROM before
),
summed AS (
  SELECT
    ds, activity, [[ m.list(g.dim_names) ]][[ ", " if g.dims ]]window_days, step,
    sum(active) AS active, sum(new) AS new, sum(retained) AS retained, sum(resurrected) AS resurrected,
    sum(churned) AS churned, sum(stale) AS stale, sum(ever) AS ever, sum(active_before) AS active_before
  FROM booked
  GROUP BY ds, activity, [[ m.list(g.dim_names) ]][[ ", " if g.dims ]]window_days, step
  HAVING sum(ever) > 0 OR sum(active_before) > 0
)
SELECT
  [% if ranged %]
  ds,
  [% endif %]
  activity,
  window_days,
  step,
  [[ m.cut(g) if g.dims else "''" ]] AS cut,
  [% for name in g.dim_names %]
  [[ name ]],
  [% endfor %]
  [% for metric in ["active", "new", "retained", "resurrected", "churned", "stale", "ever"] %]
  CAST([[ metric ]] AS BIGINT) AS [[ metric ]],
  [% endfor %]
  CAST(active - active_before - new - resurrected + churned AS BIGINT) AS net_moved,
  date_diff('day', DATE '[[ g.start ]]', ds) < 2 * window_days - 1 AS warmup
FROM summed
