[# Counts, means and centred moments of each metric, variant and cell as of the day.

   y is a subject's value in its window, x the value before its exposure; of a ratio these are the numerator's, and d and z
   those of the denominator. Sums are of whole numbers, so they are exact, and equal in whatever order rows come.
   Each relation is read as few times as possible, as Trino and Spark compute it again for each reader. #]
[% import "_units.sql" as u %]
[% import "_values.sql" as v %]
[% import "_moments.sql" as s %]
WITH units AS ([[ u.units(e) ]]),
[[ v.seen(e) ]],
[[ v.totals(e) ]],
[[ v.limits(e) ]],
[[ v.unit_values(e) ]],
[[ u.unit_cells(e) ]],
cell_values AS (
  SELECT
    c.subject, c.variant,
    [% if e.event_cuts %]
    CASE WHEN v.cut = '' THEN c.cut ELSE v.cut END AS cut,
    CASE WHEN v.cut = '' THEN c.cut_value ELSE v.cut_value END AS cut_value,
    [% else %]
    c.cut, c.cut_value,
    [% endif %]
    v.component, v.y, v.x, v.scale
  FROM unit_values AS v
  JOIN unit_cells AS c ON c.subject = v.subject[[ " AND (v.cut = '' OR c.cut = '')" if e.event_cuts ]]
),
[[ v.clusters(e) ]]
[[ s.metric_values(e) ]],
[[ s.moments(e) ]],
[[ s.counted(e) ]],
[[ s.centred(e) ]]
SELECT
  metric, variant, cut, cut_value, n,
  [% for a, name in s.letters %]
  CAST(sum_[[ a ]] AS DOUBLE) / total / scale_[[ a ]] AS mean[[ name ]],
  [[ s.comoment(a, a) ]] AS m2[[ name ]],
  [% endfor %]
  [% for a, b, name in e.pairs %]
  [[ s.comoment(a, b) ]] AS [[ name ]],
  [% endfor %]
  [% for name in ("quantile", "quantile_low", "quantile_high") %]
  [[ name if e.quantiles else "CAST(NULL AS DOUBLE) AS " ~ name ]][[ "," if not loop.last ]]
  [% endfor %]
FROM centred
