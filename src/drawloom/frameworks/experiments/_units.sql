[# The units of the day, and their cells: one for each cut that they are in. #]
[% macro units(e) %]
SELECT
    subject,
    variant,
    first_exposed_at,
    [% for d in e.unit_dimensions %]
    [[ d.column ]],
    [% endfor %]
    CAST(first_exposed_at AS DATE) AS exposed_on
  FROM [[ e.units ]]
  WHERE ds = DATE '{{ ds }}'
[% endmacro %]

[# The cells that units are in: the total, and one of each cut. Of a dimension the values with the most units are shown by
   name. #]
[% macro unit_cells(e) %]
[% if e.dimension_cuts %]
kept AS (
  SELECT cut, value FROM (
    SELECT cut, cut_value AS value, row_number() OVER (PARTITION BY cut ORDER BY sum(n) DESC, cut_value) AS place
    FROM [[ e.counts ]]
    WHERE ds = DATE '{{ ds }}' AND kind = 'units' AND cut IN ([% for cut in e.dimension_cuts %][[ cut.name ]][[ ", " if not loop.last ]][% endfor %])
    GROUP BY cut, cut_value
  ) AS counted
  WHERE place <= [[ e.top ]]
),
[% endif %]
[% if e.activation %]
activated AS (SELECT subject FROM totals WHERE component = [[ e.activation ]] AND y > 0),
[% endif %]
unit_cells AS (
  [% if e.unit_cuts | length == 1 and not e.activation %]
  SELECT subject, variant, '' AS cut, '' AS cut_value FROM units
  [% else %]
  SELECT
    u.subject, u.variant, c.cut,
    CASE c.cut
      [% for cut in e.unit_cuts %]
      WHEN [[ cut.name ]] THEN [[ "CASE WHEN k.value IS NULL THEN '(other)' ELSE k.value END" if cut.is_dimension else cut.value ]]
      [% endfor %]
      [% if e.activation %]
      WHEN 'activation' THEN CASE WHEN a.subject IS NULL THEN 'not activated' ELSE 'activated' END
      [% endif %]
    END AS cut_value
  FROM units AS u
  CROSS JOIN (VALUES [% for cut in e.unit_cuts %]([[ cut.name ]])[[ ", " if not loop.last ]][% endfor %][[ ", ('activation')" if e.activation ]]) AS c(cut)
  [% if e.dimension_cuts %]
  LEFT JOIN kept AS k ON k.cut = c.cut AND k.value = CASE c.cut[% for cut in e.dimension_cuts %] WHEN [[ cut.name ]] THEN u.[[ cut.value ]][% endfor %] END
  [% endif %]
  [% if e.activation %]
  LEFT JOIN activated AS a ON a.subject = u.subject
  [% endif %]
  [% endif %]
)
[%- endmacro %]
