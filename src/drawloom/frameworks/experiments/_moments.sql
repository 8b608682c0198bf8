[# From the values of units in their cells to the moments of metrics. #]
[% set letters = (("y", ""), ("d", "_denominator"), ("x", "_pre"), ("z", "_pre_denominator")) %]
[% set products = (("y", "y"), ("y", "d"), ("y", "x"), ("y", "z"), ("d", "d"), ("d", "x"), ("d", "z"), ("x", "x"), ("x", "z"), ("z", "z")) %]
[% set zero = "CAST(0 AS DECIMAL(38, 0))" %]
[% set quantiles = ("quantile", "quantile_low", "quantile_high") %]

[# The values of units by metric: of a ratio two components stand side by side. #]
[% macro metric_values(e) %]
metric_values AS (
  [% if e.parts and not e.has_ratios %]
  SELECT
    v.variant, v.cut, v.cut_value, p.metric,
    v.y, CAST(0 AS DECIMAL(18, 0)) AS d, v.x, CAST(0 AS DECIMAL(18, 0)) AS z,
    v.scale AS scale_y, CAST(NULL AS DOUBLE) AS scale_d[[ "," if e.quantiles ]]
    [[ no_quantiles() if e.quantiles ]]
  FROM cell_values AS v
  JOIN (VALUES [% for p in e.parts %]([[ p.metric ]], [[ p.component ]])[[ ", " if not loop.last ]][% endfor %]) AS p(metric, component)
    ON p.component = v.component
  [% elif e.parts %]
  SELECT
    v.variant, v.cut, v.cut_value, p.metric,
    [% for a, part, value in (("y", "y", "y"), ("d", "d", "y"), ("x", "y", "x"), ("z", "d", "x")) %]
    coalesce(max(CASE WHEN p.part = '[[ part ]]' THEN v.[[ value ]] END), 0) AS [[ a ]],
    [% endfor %]
    max(CASE WHEN p.part = 'y' THEN v.scale END) AS scale_y,
    max(CASE WHEN p.part = 'd' THEN v.scale END) AS scale_d[[ "," if e.quantiles ]]
    [[ no_quantiles() if e.quantiles ]]
  FROM cell_values AS v
  JOIN (VALUES [% for p in e.parts %]([[ p.metric ]], [[ p.component ]], '[[ p.part ]]')[[ ", " if not loop.last ]][% endfor %]) AS p(metric, component, part)
    ON p.component = v.component
  GROUP BY v.subject, v.variant, v.cut, v.cut_value, p.metric
  [% endif %]
  [% if e.quantiles %]
  [[ "UNION ALL" if e.parts ]]
  SELECT
    variant, cut, cut_value, metric, y, d, CAST(0 AS DECIMAL(18, 0)) AS x, CAST(0 AS DECIMAL(18, 0)) AS z,
    CAST(1 AS DOUBLE) AS scale_y, CAST(1 AS DOUBLE) AS scale_d, quantile, quantile_low, quantile_high
  FROM clusters
  [% endif %]
)
[%- endmacro %]

[% macro no_quantiles() %][% for name in quantiles %]CAST(NULL AS DOUBLE) AS [[ name ]][[ ", " if not loop.last ]][% endfor %][% endmacro %]

[# Sums of values and of their products, where they can be other than 0, and the units of each cell, as the metric ''. #]
[% macro moments(e) %]
moments AS (
  SELECT
    variant, cut, cut_value, metric, CAST(NULL AS BIGINT) AS n,
    max(scale_y) AS scale_y, max(scale_d) AS scale_d,
    [% for a, name in letters %]
    [[ "sum(" ~ a ~ ")" if a in e.letters else zero ]] AS sum_[[ a ]],
    [% endfor %]
    [% for a, b in products %]
    [[ "sum(CAST(" ~ a ~ " AS DECIMAL(38, 0)) * " ~ b ~ ")" if a in e.letters and b in e.letters else zero ]] AS sum_[[ a ]][[ b ]][[ "," if e.quantiles or not loop.last ]]
    [% endfor %]
    [% if e.quantiles %]
    [% for name in quantiles %]
    max([[ name ]]) AS [[ name ]][[ "," if not loop.last ]]
    [% endfor %]
    [% endif %]
  FROM metric_values
  GROUP BY variant, cut, cut_value, metric
  UNION ALL
  SELECT
    variant, cut, cut_value, '', count(*), NULL, NULL
    [%- for name in range(letters | length + products | length + (quantiles | length if e.quantiles else 0)) %], NULL[% endfor %]

  FROM unit_cells
  GROUP BY variant, cut, cut_value
)
[%- endmacro %]

[# Every metric of every cell, also where no unit has a value. Units have no cell of their own in a cut by what events are:
   each of its values is one of all units of each variant. #]
[% macro counted(e) %]
counted AS (
  SELECT
    [[ "w" if e.event_cuts else "m" ]].variant, m.cut, m.cut_value, q.metric, max(m.n) AS n,
    [% for name in ("scale_y", "scale_d") %]
    coalesce(max([[ own(e, name) ]]), 1) AS [[ name ]],
    [% endfor %]
    [% for a, name in letters %]
    coalesce(max([[ own(e, "sum_" ~ a) ]]), 0) AS sum_[[ a ]],
    [% endfor %]
    [% for a, b in products %]
    coalesce(max([[ own(e, "sum_" ~ a ~ b) ]]), 0) AS sum_[[ a ]][[ b ]][[ "," if e.quantiles or not loop.last ]]
    [% endfor %]
    [% if e.quantiles %]
    [% for name in quantiles %]
    max([[ own(e, name) ]]) AS [[ name ]][[ "," if not loop.last ]]
    [% endfor %]
    [% endif %]
  FROM moments AS m
  JOIN (VALUES [% for q in e.cut_metrics %]([[ q.metric ]], [[ q.cut ]])[[ ", " if not loop.last ]][% endfor %]) AS q(metric, cut) ON q.cut = m.cut
  [% if e.event_cuts %]
  CROSS JOIN (VALUES [% for name in e.variants %]([[ name ]])[[ ", " if not loop.last ]][% endfor %]) AS w(variant)
  WHERE m.cut IN ([% for cut in e.event_cuts %][[ cut.name ]][[ ", " if not loop.last ]][% endfor %]) OR (w.variant = m.variant AND m.metric IN ('', q.metric))
  GROUP BY w.variant, m.cut, m.cut_value, q.metric
  [% else %]
  WHERE m.metric IN ('', q.metric)
  GROUP BY m.variant, m.cut, m.cut_value, q.metric
  [% endif %]
)
[%- endmacro %]

[% macro own(e, name) %]CASE WHEN m.metric = q.metric[[ " AND m.variant = w.variant" if e.event_cuts ]] THEN m.[[ name ]] END[% endmacro %]

[# counted -> centred: sums of values less a whole number near their mean, so that products of large values do not hide small
   differences. `left_y` is the sum of such differences. #]
[% macro centred(e) %]
[% if e.event_cuts %]
cells AS (
  SELECT *, CASE WHEN n IS NULL THEN max(CASE WHEN cut = '' THEN n END) OVER (PARTITION BY variant) ELSE n END AS units FROM counted
),
[% endif %]
middles AS (
  SELECT
    *,
    [% for a, name in letters %]
    CAST(round(CAST(sum_[[ a ]] AS DOUBLE) / [[ units(e) ]]) AS DECIMAL(18, 0)) AS middle_[[ a ]][[ "," if not loop.last ]]
    [% endfor %]
  FROM [[ "cells" if e.event_cuts else "counted" ]]
  WHERE [[ units(e) ]] > 0
),
centred AS (
  SELECT
    metric, variant, cut, cut_value, [[ units(e) ]] AS n, CAST([[ units(e) ]] AS DOUBLE) AS total,
    scale_y, scale_d, scale_y AS scale_x, scale_d AS scale_z,
    [% for name in quantiles if e.quantiles %]
    [[ name ]],
    [% endfor %]
    [% for a, name in letters %]
    sum_[[ a ]],
    CAST([[ left(e, a) ]] AS DOUBLE) AS left_[[ a ]],
    [% endfor %]
    [% for a, b in products %]
    CAST(sum_[[ a ]][[ b ]] - middle_[[ a ]] * sum_[[ b ]] - middle_[[ b ]] * [[ left(e, a) ]] AS DOUBLE) AS product_[[ a ]][[ b ]][[ "," if not loop.last ]]
    [% endfor %]
  FROM middles
)
[%- endmacro %]

[% macro units(e) %][[ "units" if e.event_cuts else "n" ]][% endmacro %]
[% macro left(e, a) %](sum_[[ a ]] - middle_[[ a ]] * CAST([[ units(e) ]] AS DECIMAL(38, 0)))[% endmacro %]

[# The sum of products of two variables' deviations from their means. #]
[% macro comoment(a, b) %](product_[[ a ]][[ b ]] - left_[[ a ]] * left_[[ b ]] / total) / scale_[[ a ]] / scale_[[ b ]][% endmacro %]
