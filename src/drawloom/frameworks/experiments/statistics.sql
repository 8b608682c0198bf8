[# Counts, means and centred moments of each metric, variant and cell as of the day. Subjects without a value count as 0:
   they are not written down, but merged in by Chan's formulas.

   y is a subject's value in its window, x the value before its exposure; of a ratio these are the numerator's, and d and z
   those of the denominator. #]
[% import "_macros.sql" as m %]
[% import "_units.sql" as u %]
[% import "_values.sql" as v %]
WITH units AS ([[ u.units(e) ]]),
[% for cut in e.unit_cuts if cut.is_dimension %]
[[ u.kept(e, cut) ]],
[% endfor %]
[[ v.seen(e) ]],
[[ v.unit_values(e) ]],
[[ v.caps(e) ]]unit_cells AS (
  [% for cut in e.unit_cuts %]
  [[ "UNION ALL" if not loop.first ]]
  [% if cut.is_dimension %]
  SELECT u.subject, u.variant, [[ cut.name ]] AS cut, CASE WHEN k.value IS NULL THEN '(other)' ELSE k.value END AS cut_value
  FROM units AS u
  LEFT JOIN [[ cut.kept ]] AS k ON k.value = u.[[ cut.value ]]
  [% else %]
  SELECT subject, variant, [[ cut.name ]] AS cut, [[ cut.value ]] AS cut_value FROM units
  [% endif %]
  [% endfor %]
  [% if e.activation %]
  UNION ALL
  SELECT u.subject, u.variant, 'activation', CASE WHEN a.subject IS NULL THEN 'not activated' ELSE 'activated' END
  FROM units AS u
  LEFT JOIN (SELECT subject FROM unit_values WHERE component = [[ e.activation ]] AND y > 0) AS a ON a.subject = u.subject
  [% endif %]
),
cell_values AS (
  SELECT c.subject, c.variant, c.cut, c.cut_value, v.component, v.y, v.x
  FROM [[ "capped_values" if e.caps else "unit_values" ]] AS v
  JOIN unit_cells AS c ON c.subject = v.subject
  [% for cut in e.event_cuts %]
  UNION ALL
  SELECT u.subject, u.variant, [[ cut.name ]], v.cut_value, v.component, [[ v.capped(e, "v.y", "v.component") ]], [[ v.capped(e, "v.x", "v.component") ]]
  FROM [[ cut.values ]] AS v
  JOIN units AS u ON u.subject = v.subject
  [% endfor %]
),
[[ v.quantiles(e) ]]
metric_values AS (
  SELECT
    v.variant, v.cut, v.cut_value, p.metric,
    sum(CASE WHEN p.part = 'y' THEN v.y ELSE 0 END) AS y,
    sum(CASE WHEN p.part = 'd' THEN v.y ELSE 0 END) AS d,
    sum(CASE WHEN p.part = 'y' THEN v.x ELSE 0 END) AS x,
    sum(CASE WHEN p.part = 'd' THEN v.x ELSE 0 END) AS z
  FROM cell_values AS v
  JOIN (VALUES [% for p in e.parts %]([[ p.metric ]], [[ p.component ]], '[[ p.part ]]')[[ ", " if not loop.last ]][% endfor %]) AS p(metric, component, part)
    ON p.component = v.component
  GROUP BY v.subject, v.variant, v.cut, v.cut_value, p.metric
  [% if e.quantiles %]
  UNION ALL
  SELECT variant, cut, cut_value, metric, y, d, CAST(0 AS DOUBLE), CAST(0 AS DOUBLE) FROM clusters
  [% endif %]
),
moments AS (
  SELECT
    variant, cut, cut_value, metric, CAST(count(*) AS DOUBLE) AS k,
    [% for a in "ydxz" %]
    avg([[ a ]]) AS mean_[[ a ]], var_pop([[ a ]]) AS var_[[ a ]],
    [% endfor %]
    [% for a, b, name in e.pairs %]
    covar_pop([[ a ]], [[ b ]]) AS cov_[[ a ]][[ b ]][[ "," if not loop.last ]]
    [% endfor %]
  FROM metric_values
  GROUP BY variant, cut, cut_value, metric
),
cells AS (
  SELECT variant, cut, cut_value, count(*) AS n FROM unit_cells GROUP BY variant, cut, cut_value
  [% for cut in e.event_cuts %]
  UNION ALL
  SELECT t.variant, [[ cut.name ]], c.cut_value, t.n
  FROM (SELECT variant, count(*) AS n FROM units GROUP BY variant) AS t
  CROSS JOIN (SELECT DISTINCT cut_value FROM [[ cut.values ]]) AS c
  [% endfor %]
),
counted AS (
  SELECT c.variant, c.cut, c.cut_value, q.metric, c.n, CAST(c.n AS DOUBLE) AS total, coalesce(s.k, 0) AS k,
    [% for a in "ydxz" %]
    coalesce(s.mean_[[ a ]], 0) AS mean_[[ a ]], coalesce(s.var_[[ a ]], 0) AS var_[[ a ]],
    [% endfor %]
    [% for a, b, name in e.pairs %]
    coalesce(s.cov_[[ a ]][[ b ]], 0) AS cov_[[ a ]][[ b ]][[ "," if not loop.last ]]
    [% endfor %]
  FROM cells AS c
  JOIN (VALUES [% for q in e.cut_metrics %]([[ q.metric ]], [[ q.cut ]])[[ ", " if not loop.last ]][% endfor %]) AS q(metric, cut) ON q.cut = c.cut
  LEFT JOIN moments AS s ON s.variant = c.variant AND s.cut = c.cut AND s.cut_value = c.cut_value AND s.metric = q.metric
)
SELECT
  t.metric, t.variant, t.cut, t.cut_value, t.n,
  [% for a, name in (("y", ""), ("d", "_denominator"), ("x", "_pre"), ("z", "_pre_denominator")) %]
  mean_[[ a ]] * k / total AS mean[[ name ]],
  k * var_[[ a ]] + mean_[[ a ]] * mean_[[ a ]] * k * (total - k) / total AS m2[[ name ]],
  [% endfor %]
  [% for a, b, name in e.pairs %]
  k * cov_[[ a ]][[ b ]] + mean_[[ a ]] * mean_[[ b ]] * k * (total - k) / total AS [[ name ]],
  [% endfor %]
  [% if e.quantiles %]
  q.quantile, q.quantile_low, q.quantile_high
FROM counted AS t
LEFT JOIN quantiles AS q ON q.variant = t.variant AND q.cut = t.cut AND q.cut_value = t.cut_value AND q.metric = t.metric
  [% else %]
  CAST(NULL AS DOUBLE) AS quantile, CAST(NULL AS DOUBLE) AS quantile_low, CAST(NULL AS DOUBLE) AS quantile_high
FROM counted AS t
  [% endif %]
