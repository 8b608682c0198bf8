[# The values of units: what they did in their window and before their exposure. #]

[# Whether a whole day of a unit is in its window. #]
[% macro in_window(s) %][% if s.first is none %]FALSE[% else %]date_diff('day', u.exposed_on, r.ds) [[ ">= " ~ s.first if s.last is none else "BETWEEN " ~ s.first ~ " AND " ~ s.last ]][% endif %][% endmacro %]

[# Whether a day of a unit is in the period before its exposure. #]
[% macro before(e) %][[ "date_diff('day', u.exposed_on, r.ds) BETWEEN -" ~ e.pre_period ~ " AND -1" if e.pre_period else "FALSE" ]][% endmacro %]

[# The components of each unit and day, as `seen`: whole days from the repository, and the events of the days on which
   a window opens or closes from the source itself. Of the repository the step sees only the metrics that it reads (its
   slices), so they are named only where another window reads others: each such list keeps DuckDB from skipping rows of
   subjects that are no units. #]
[% macro seen(e) %]
seen AS (
  [% for s in e.sources %]
  [[ "UNION ALL" if not loop.first ]]
  SELECT
    u.subject,
    CASE r.metric[% for c in s.components %] WHEN [[ c.name ]] THEN [[ e.number(c) ]][% endfor %] END AS component,
    [% for cut in e.event_cuts %]
    [[ "coalesce(r." ~ cut.column ~ ", '(null)')" if cut.column in s.dimensions else "CAST(NULL AS VARCHAR)" ]] AS [[ cut.column ]],
    [% endfor %]
    CASE WHEN [[ in_window(s) ]] THEN r.value END AS y,
    CASE WHEN [[ before(e) ]] THEN r.value END AS x,
    r.events
  FROM [[ s.table ]] AS r
  JOIN units AS u ON u.subject = r.subject
  WHERE r.ds BETWEEN DATE '[[ e.first_day ]]' AND DATE '{{ ds }}'
    AND r.subject_type = [[ e.subject ]]
    [% if not s.reads_all %]
    AND r.metric IN ([% for c in s.components %][[ c.name ]][[ ", " if not loop.last ]][% endfor %])
    [% endif %]
    AND ([[ in_window(s) ]] OR [[ before(e) ]])
  [% if s.is_exact %]
  UNION ALL
  SELECT
    r.subject,
    c.component,
    [% for cut in e.event_cuts %]
    [[ "r." ~ cut.column if cut.column in s.dimensions else "CAST(NULL AS VARCHAR)" ]],
    [% endfor %]
    CASE c.component[% for c in s.components %] WHEN [[ e.number(c) ]] THEN r.value_[[ loop.index ]][% endfor %] END,
    CAST(NULL AS DOUBLE),
    1
  FROM (
    SELECT
      u.subject,
      [% for cut in e.event_cuts if cut.column in s.dimensions %]
      coalesce(r.[[ cut.column ]], '(null)') AS [[ cut.column ]],
      [% endfor %]
      [% for c in s.components %]
      CAST(r.value_[[ loop.index ]] AS DOUBLE) AS value_[[ loop.index ]][[ "," if not loop.last ]]
      [% endfor %]
    FROM (
      SELECT
        ds,
        CAST([[ s.id ]] AS VARCHAR) AS subject,
        CAST([[ s.time ]] AS TIMESTAMP) AS happened_at,
        [% for cut in e.event_cuts if cut.column in s.dimensions %]
        CAST([[ cut.column ]] AS VARCHAR) AS [[ cut.column ]],
        [% endfor %]
        [% for c in s.components %]
        CASE WHEN [[ c.metric.row_condition ]] THEN [[ c.metric.row_value ]] END AS value_[[ loop.index ]][[ "," if not loop.last ]]
        [% endfor %]
      FROM [[ s.source ]]
      WHERE ds BETWEEN DATE '[[ e.start ]]' AND DATE '{{ ds }}'
    ) AS r
    JOIN units AS u ON u.subject = r.subject
    WHERE r.happened_at >= u.first_exposed_at + INTERVAL '[[ s.delay ]]' DAY
      [% if s.window %]
      AND r.happened_at < u.first_exposed_at + INTERVAL '[[ s.delay + s.window ]]' DAY
      AND date_diff('day', u.exposed_on, r.ds) IN ([[ s.delay ]], [[ s.delay + s.window ]])
      [% else %]
      AND date_diff('day', u.exposed_on, r.ds) = 0
      [% endif %]
  ) AS r
  CROSS JOIN (VALUES [% for c in s.components %]([[ e.number(c) ]])[[ ", " if not loop.last ]][% endfor %]) AS c(component)
  WHERE CASE c.component[% for c in s.components %] WHEN [[ e.number(c) ]] THEN r.value_[[ loop.index ]] IS NOT NULL[% endfor %] END
  [% endif %]
  [% endfor %]
)
[%- endmacro %]

[# A component over several rows: values add up, but for those that are a maximum. Decimals add up exactly, in any order. #]
[% macro combined(e, column) %]
[% set added %]coalesce(CAST(sum(CAST([[ column ]] AS DECIMAL(38, 18))) AS DOUBLE), 0)[% endset %]
[% if e.maxima %]
CASE WHEN component IN ([[ e.maxima | join(", ") ]]) THEN coalesce(max([[ column ]]), 0) ELSE [[ added ]] END
[%- else %]
[[ added ]]
[%- endif %]
[% endmacro %]

[# The same of values before the exposure: 0 where none are read. #]
[% macro before_combined(e, column) %][[ combined(e, column) if e.pre_period else "CAST(0 AS DOUBLE)" ]][% endmacro %]

[% macro no_quantile(e, prefix="") %][% if e.quantiles %] AND [[ prefix ]]component NOT IN ([% for q in e.quantiles %][[ q.component ]][[ ", " if not loop.last ]][% endfor %])[% endif %][% endmacro %]

[# The values of units; of those that have none there is no row. Where values are cut by what events are, `size` and `low`
   are the most that the parts of a value can be, above and below zero. #]
[% macro totals(e) %]
totals AS (
  SELECT
    subject, component,
    [% if e.event_cuts %]
    greatest([[ combined(e, "abs(y)") ]], [[ before_combined(e, "abs(x)") ]]) AS size,
    greatest([[ combined(e, below("y")) ]], [[ before_combined(e, below("x")) ]]) AS low,
    [% endif %]
    [[ combined(e, "y") ]] AS y, [[ before_combined(e, "x") ]] AS x
  FROM seen
  WHERE TRUE[[ no_quantile(e) ]]
  GROUP BY subject, component
)
[%- endmacro %]

[% macro below(column) %]CASE WHEN [[ column ]] < 0 THEN -[[ column ]] ELSE 0 END[% endmacro %]

[# The cap of each component, and by what its values are multiplied to be whole numbers: of up to 17 digits, and of fewer
   where so many products of two would not add up within the 38 digits that every engine has. A percentile is that
   over all units: those without a value are 0, so the values are counted from the largest. #]
[% macro limits(e) %]
[% if e.percentiles %]
caps AS (
  SELECT
    component,
    coalesce(max(CASE WHEN place = n - floor((n - 1) * q) THEN y END), 0) * (1 - ((max(n) - 1) * max(q) - floor((max(n) - 1) * max(q))))
    + coalesce(max(CASE WHEN place = n - floor((n - 1) * q) - 1 THEN y END), 0) * ((max(n) - 1) * max(q) - floor((max(n) - 1) * max(q))) AS cap
  FROM (
    SELECT
      component, y, row_number() OVER (PARTITION BY component ORDER BY y DESC) AS place,
      CASE component[% for c in e.percentiles %] WHEN [[ c.component ]] THEN CAST([[ c.percentile ]] AS DOUBLE)[% endfor %] END AS q
    FROM totals
    WHERE y > 0 AND component IN ([% for c in e.percentiles %][[ c.component ]][[ ", " if not loop.last ]][% endfor %])
  ) AS ranked
  CROSS JOIN (SELECT CAST(count(*) AS DOUBLE) AS n FROM units) AS counted
  GROUP BY component
),
[% endif %]
limits AS (
  SELECT
    component, cap,
    CASE WHEN size > 0 THEN power(CAST(10 AS DOUBLE), least(16, floor((35 - floor(log10(n))) / 2)) - floor(log10(size))) ELSE CAST(1 AS DOUBLE) END AS scale
  FROM (
    SELECT component, cap, CAST(count(*) AS DOUBLE) AS n, max(greatest([[ "low, " ~ capped("size") if e.event_cuts else "abs(" ~ capped("y") ~ "), abs(" ~ capped("x") ~ ")" ]])) AS size
    FROM (
      SELECT t.*, [[ cap(e) ]] AS cap
      FROM totals AS t
      [% if e.percentiles %]
      LEFT JOIN caps AS c ON c.component = t.component
      [% endif %]
    ) AS t
    GROUP BY component, cap
  ) AS sizes
)
[%- endmacro %]

[% macro cap(e) %]
[% if e.caps %]
CASE t.component[% for c in e.caps %] WHEN [[ c.component ]] THEN [[ "c.cap" if c.value is none else "CAST(" ~ c.value ~ " AS DOUBLE)" ]][% endfor %] END
[%- else %]
CAST(NULL AS DOUBLE)
[%- endif %]
[% endmacro %]

[% macro capped(value) %]CASE WHEN [[ value ]] > cap THEN cap ELSE [[ value ]] END[% endmacro %]

[# The values of units as whole numbers, with what they were multiplied by: in all, and by what the events were. #]
[% macro unit_values(e) %]
[% if e.event_cuts %]
kept_values AS (
  SELECT cut, value FROM (
    SELECT cut, value, row_number() OVER (PARTITION BY cut ORDER BY count(DISTINCT subject) DESC, value) AS place
    FROM (
      SELECT c.cut, [[ event_value(e) ]] AS value, s.subject
      FROM seen AS s
      CROSS JOIN [[ event_cuts(e) ]]
      WHERE s.y IS NOT NULL
    ) AS seen_values
    WHERE value IS NOT NULL
    GROUP BY cut, value
  ) AS counted
  WHERE place <= [[ e.top ]]
),
parts AS (
  SELECT subject, component, cut, cut_value, [[ combined(e, "y") ]] AS y, [[ before_combined(e, "x") ]] AS x
  FROM (
    SELECT s.subject, s.component, c.cut, CASE WHEN k.value IS NULL THEN '(other)' ELSE k.value END AS cut_value, s.y, s.x
    FROM seen AS s
    CROSS JOIN [[ event_cuts(e) ]]
    LEFT JOIN kept_values AS k ON k.cut = c.cut AND k.value = [[ event_value(e) ]]
    WHERE [[ event_value(e) ]] IS NOT NULL[[ no_quantile(e, "s.") ]]
  ) AS v
  GROUP BY subject, component, cut, cut_value
),
[% endif %]
unit_values AS (
  SELECT
    v.subject, v.component, l.scale,
    [% if e.event_cuts %]
    v.cut, v.cut_value,
    [% endif %]
    CAST(round([[ capped("v.y") ]] * l.scale) AS DECIMAL(18, 0)) AS y,
    CAST(round([[ capped("v.x") ]] * l.scale) AS DECIMAL(18, 0)) AS x
  [% if e.event_cuts %]
  FROM (
    SELECT subject, component, '' AS cut, '' AS cut_value, y, x FROM totals
    UNION ALL
    SELECT subject, component, cut, cut_value, y, x FROM parts
  ) AS v
  [% else %]
  FROM totals AS v
  [% endif %]
  JOIN limits AS l ON l.component = v.component
)
[%- endmacro %]

[% macro event_cuts(e) %](VALUES [% for cut in e.event_cuts %]([[ cut.name ]])[[ ", " if not loop.last ]][% endfor %]) AS c(cut)[% endmacro %]
[% macro event_value(e) %]CASE c.cut[% for cut in e.event_cuts %] WHEN [[ cut.name ]] THEN s.[[ cut.column ]][% endfor %] END[% endmacro %]

[# Quantiles of events, with the order statistics of their interval; and of each unit how many of its events there are (d), and
   how many are up to the quantile (y), as `clusters`: the events of a unit resemble each other. #]
[% macro clusters(e) %]
[% if e.quantiles %]
event_values AS (
  SELECT c.variant, c.cut, c.cut_value, q.metric, q.q, s.subject, s.y AS value, sum(s.events) AS events
  FROM seen AS s
  JOIN (VALUES [% for q in e.quantiles %]([[ q.metric ]], [[ q.component ]], CAST([[ q.q ]] AS DOUBLE))[[ ", " if not loop.last ]][% endfor %]) AS q(metric, component, q)
    ON q.component = s.component
  JOIN unit_cells AS c ON c.subject = s.subject
  WHERE s.y IS NOT NULL
  GROUP BY c.variant, c.cut, c.cut_value, q.metric, q.q, s.subject, s.y
),
ordered_values AS (
  SELECT
    *,
    CAST(sum(events) OVER (PARTITION BY variant, cut, cut_value, metric ORDER BY value) AS DOUBLE) AS upto,
    CAST(sum(events) OVER (PARTITION BY variant, cut, cut_value, metric) AS DOUBLE) AS total
  FROM event_values
),
known_quantiles AS (
  SELECT
    *,
    [% for name, q in (("quantile", "q"), ("quantile_low", bound(e, "-")), ("quantile_high", bound(e, "+"))) %]
    min(CASE WHEN upto >= [[ q ]] * total THEN value END) OVER (PARTITION BY variant, cut, cut_value, metric) AS [[ name ]][[ "," if not loop.last ]]
    [% endfor %]
  FROM ordered_values
),
clusters AS (
  SELECT
    variant, cut, cut_value, metric,
    CAST(sum(CASE WHEN value <= quantile THEN events ELSE 0 END) AS DECIMAL(18, 0)) AS y,
    CAST(sum(events) AS DECIMAL(18, 0)) AS d,
    max(quantile) AS quantile, max(quantile_low) AS quantile_low, max(quantile_high) AS quantile_high
  FROM known_quantiles
  GROUP BY variant, cut, cut_value, metric, subject
),
[% endif %]
[% endmacro %]

[% macro bound(e, sign) %](q [[ sign ]] [[ e.z ]] * sqrt(q * (1 - q) / total))[% endmacro %]
