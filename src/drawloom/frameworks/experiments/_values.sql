[# The values of units: what they did in their window and before their exposure. #]

[# Whether a whole day of a unit is in its window. #]
[% macro in_window(s) %][% if s.first is none %]FALSE[% else %]date_diff('day', u.exposed_on, r.ds) [[ ">= " ~ s.first if s.last is none else "BETWEEN " ~ s.first ~ " AND " ~ s.last ]][% endif %][% endmacro %]

[# Whether a day of a unit is in the period before its exposure. #]
[% macro before(e) %][[ "date_diff('day', u.exposed_on, r.ds) BETWEEN -" ~ e.pre_period ~ " AND -1" if e.pre_period else "FALSE" ]][% endmacro %]

[# The components of each unit and day, as `seen`: whole days from the repository, and the events of the days on which
   a window opens or closes from the source itself. #]
[% macro seen(e) %]
seen AS (
  [% for s in e.sources %]
  [[ "UNION ALL" if not loop.first ]]
  SELECT
    u.subject,
    [[ s.prefix ]] || r.metric AS component,
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
    AND r.metric IN ([% for c in s.components %][[ c.name ]][[ ", " if not loop.last ]][% endfor %])
    AND ([[ in_window(s) ]] OR [[ before(e) ]])
  [% if s.is_exact %]
  UNION ALL
  SELECT
    r.subject,
    c.component,
    [% for cut in e.event_cuts %]
    [[ "r." ~ cut.column if cut.column in s.dimensions else "CAST(NULL AS VARCHAR)" ]],
    [% endfor %]
    CAST(CASE c.component[% for c in s.components %] WHEN [[ c.label ]] THEN r.[[ c.column ]][% endfor %] END AS DOUBLE),
    CAST(NULL AS DOUBLE),
    1
  FROM (
    SELECT
      u.subject,
      [% for cut in e.event_cuts if cut.column in s.dimensions %]
      coalesce(r.[[ cut.column ]], '(null)') AS [[ cut.column ]],
      [% endfor %]
      [% for c in s.components %]
      r.[[ c.column ]][[ "," if not loop.last ]]
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
        CASE WHEN [[ c.metric.row_condition ]] THEN [[ c.metric.row_value ]] END AS [[ c.column ]][[ "," if not loop.last ]]
        [% endfor %]
      FROM [[ s.source ]]
      WHERE ds BETWEEN DATE '[[ e.start ]]' AND DATE '{{ ds }}'
    ) AS r
    JOIN units AS u ON u.subject = r.subject
    WHERE r.happened_at >= u.first_exposed_at + INTERVAL '[[ e.delay ]]' DAY
      [% if e.window %]
      AND r.happened_at < u.first_exposed_at + INTERVAL '[[ e.delay + e.window ]]' DAY
      AND date_diff('day', u.exposed_on, r.ds) IN ([[ e.delay ]], [[ e.delay + e.window ]])
      [% else %]
      AND date_diff('day', u.exposed_on, r.ds) = 0
      [% endif %]
  ) AS r
  CROSS JOIN (VALUES [% for c in s.components %]([[ c.label ]])[[ ", " if not loop.last ]][% endfor %]) AS c(component)
  WHERE CASE c.component[% for c in s.components %] WHEN [[ c.label ]] THEN r.[[ c.column ]] IS NOT NULL[% endfor %] END
  [% endif %]
  [% endfor %]
)
[%- endmacro %]

[# A component over several rows: values add up, but for those that are a maximum. #]
[% macro combined(e, column) %]
[% if e.maxima %]
CASE WHEN component IN ([% for c in e.maxima %][[ c ]][[ ", " if not loop.last ]][% endfor %]) THEN coalesce(max([[ column ]]), 0) ELSE coalesce(sum([[ column ]]), 0) END
[%- else %]
coalesce(sum([[ column ]]), 0)
[%- endif %]
[% endmacro %]

[% macro no_quantile(e, prefix="") %][% if e.quantiles %] AND [[ prefix ]]component NOT IN ([% for q in e.quantiles %][[ q.component ]][[ ", " if not loop.last ]][% endfor %])[% endif %][% endmacro %]

[% macro unit_values(e) %]
[% for cut in e.event_cuts %]
[[ cut.kept ]] AS (
  SELECT value FROM (
    SELECT [[ cut.column ]] AS value, row_number() OVER (ORDER BY count(DISTINCT subject) DESC, [[ cut.column ]]) AS place
    FROM seen
    WHERE [[ cut.column ]] IS NOT NULL AND y IS NOT NULL
    GROUP BY [[ cut.column ]]
  ) AS counted
  WHERE place <= [[ e.top ]]
),
[[ cut.values ]] AS (
  SELECT subject, component, cut_value, [[ combined(e, "y") ]] AS y, [[ combined(e, "x") ]] AS x
  FROM (
    SELECT s.subject, s.component, CASE WHEN k.value IS NULL THEN '(other)' ELSE k.value END AS cut_value, s.y, s.x
    FROM seen AS s
    LEFT JOIN [[ cut.kept ]] AS k ON k.value = s.[[ cut.column ]]
    WHERE s.[[ cut.column ]] IS NOT NULL[[ no_quantile(e, "s.") ]]
  ) AS v
  GROUP BY subject, component, cut_value
),
[% endfor %]
unit_values AS (
  SELECT subject, component, [[ combined(e, "y") ]] AS y, [[ combined(e, "x") ]] AS x
  FROM seen
  WHERE TRUE[[ no_quantile(e) ]]
  GROUP BY subject, component
)
[%- endmacro %]

[# The caps of components as columns of one row, as `caps`. A percentile is that over all units: those without a value
   are 0, so the values are counted from the largest. #]
[% macro caps(e) %]
[% if e.caps %]
ranked AS (
  SELECT component, y, row_number() OVER (PARTITION BY component ORDER BY y DESC) AS place FROM unit_values WHERE y > 0
),
unit_count AS (SELECT CAST(count(*) AS DOUBLE) AS n FROM units),
caps AS (
  SELECT
    [% for c in e.caps %]
    [% if c.value is none %]
    coalesce(max(CASE WHEN r.component = [[ c.component ]] AND r.place = n - floor((n - 1) * [[ c.percentile ]]) THEN y END), 0)
      * (1 - ((max(n) - 1) * [[ c.percentile ]] - floor((max(n) - 1) * [[ c.percentile ]])))
    + coalesce(max(CASE WHEN r.component = [[ c.component ]] AND r.place = n - floor((n - 1) * [[ c.percentile ]]) - 1 THEN y END), 0)
      * ((max(n) - 1) * [[ c.percentile ]] - floor((max(n) - 1) * [[ c.percentile ]])) AS [[ c.column ]][[ "," if not loop.last ]]
    [% else %]
    max(CAST([[ c.value ]] AS DOUBLE)) AS [[ c.column ]][[ "," if not loop.last ]]
    [% endif %]
    [% endfor %]
  FROM unit_count
  LEFT JOIN ranked AS r ON TRUE
),
capped_values AS (
  SELECT v.subject, v.component, [[ capped(e, "v.y", "v.component") ]] AS y, [[ capped(e, "v.x", "v.component") ]] AS x
  FROM unit_values AS v
),
[% endif %]
[%- endmacro %]

[% macro capped(e, column, component) %]
[% if e.caps %]
CASE [[ component ]][% for c in e.caps %] WHEN [[ c.component ]] THEN least([[ column ]], (SELECT [[ c.column ]] FROM caps))[% endfor %] ELSE [[ column ]] END
[%- else %]
[[ column ]]
[%- endif %]
[% endmacro %]

[# Quantiles of events, as `quantiles`, with the order statistics of their interval; and of each unit how many of its events
   are up to the quantile, as `clusters`: the events of a unit resemble each other. #]
[% macro quantiles(e) %]
[% if e.quantiles %]
quantile_values AS (
  SELECT c.variant, c.cut, c.cut_value, q.metric, q.q, s.subject, s.y AS value, sum(s.events) AS events
  FROM seen AS s
  JOIN (VALUES [% for q in e.quantiles %]([[ q.metric ]], [[ q.component ]], CAST([[ q.q ]] AS DOUBLE))[[ ", " if not loop.last ]][% endfor %]) AS q(metric, component, q)
    ON q.component = s.component
  JOIN unit_cells AS c ON c.subject = s.subject
  WHERE s.y IS NOT NULL
  GROUP BY c.variant, c.cut, c.cut_value, q.metric, q.q, s.subject, s.y
),
quantiles AS (
  SELECT
    variant, cut, cut_value, metric,
    min(CASE WHEN upto >= q * total THEN value END) AS quantile,
    min(CASE WHEN upto >= (q - [[ e.z ]] * sqrt(q * (1 - q) / total)) * total THEN value END) AS quantile_low,
    min(CASE WHEN upto >= (q + [[ e.z ]] * sqrt(q * (1 - q) / total)) * total THEN value END) AS quantile_high
  FROM (
    SELECT
      variant, cut, cut_value, metric, q, value,
      CAST(sum(events) OVER (PARTITION BY variant, cut, cut_value, metric ORDER BY value) AS DOUBLE) AS upto,
      CAST(sum(events) OVER (PARTITION BY variant, cut, cut_value, metric) AS DOUBLE) AS total
    FROM (
      SELECT variant, cut, cut_value, metric, q, value, sum(events) AS events
      FROM quantile_values
      GROUP BY variant, cut, cut_value, metric, q, value
    ) AS counted
  ) AS ordered
  GROUP BY variant, cut, cut_value, metric
),
clusters AS (
  SELECT
    v.variant, v.cut, v.cut_value, v.metric,
    CAST(sum(CASE WHEN v.value <= q.quantile THEN v.events ELSE 0 END) AS DOUBLE) AS y,
    CAST(sum(v.events) AS DOUBLE) AS d
  FROM quantile_values AS v
  JOIN quantiles AS q ON q.variant = v.variant AND q.cut = v.cut AND q.cut_value = v.cut_value AND q.metric = v.metric
  GROUP BY v.variant, v.cut, v.cut_value, v.metric, v.subject
),
[% endif %]
[% endmacro %]
