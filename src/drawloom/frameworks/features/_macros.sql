[# What the files of this folder share. #]
[% macro day(offset=0) %]DATE '{{ macros.ds_add(ds, [[ offset ]]) }}'[% endmacro %]
[% macro first(ranged, offset=0) %]DATE '{{ macros.ds_add([[ "start" if ranged else "ds" ]], [[ offset ]]) }}'[% endmacro %]
[% macro last(ranged, offset=0) %]DATE '{{ macros.ds_add([[ "end" if ranged else "ds" ]], [[ offset ]]) }}'[% endmacro %]
[% macro list(names, prefix="") %][% for name in names %][[ prefix ]][[ name ]][[ ", " if not loop.last ]][% endfor %][% endmacro %]
[% macro names(columns, prefix="") %][% for c in columns %], [[ prefix ]][[ c.name ]][% endfor %][% endmacro %]

[% macro mean(u, prefix) %](CAST([[ prefix ]][[ u.state("sum").name ]] AS DOUBLE) / [[ prefix ]][[ u.state("n").name ]])[% endmacro %]

[# Squared distances add up exactly, in any order, as whole parts of the largest one that there can be. #]
[% macro added_up(square, largest) %]
coalesce(CAST(sum(CAST(round([[ square ]] / nullif([[ largest ]], 0) * 1e28) AS DECIMAL(38, 0))) AS DOUBLE) / 1e28 * max([[ largest ]]), 0e0)
[%- endmacro %]

[# One row of the rows of several parts in a relation `<name>_parts`, by these columns, as `<name>`. The spread around
   the common mean, for which it must be known, takes a second look. A mean far from zero has few digits left for what
   distinguishes two of them: their distance is that of the lowest values, and of how far each is above its own. #]
[% macro merged(f, name, by, columns, more={}) %]
[% set spread = f.spread(columns) %]
[[ name ]][[ "_sums" if spread ]] AS (
  SELECT
    [[ list(by) ]],
    CAST(sum(events) AS BIGINT) AS events
    [% for column, aggregate in more.items() %]
    , [[ aggregate ]] AS [[ column ]]
    [% endfor %]
    [% for c in columns if not c.is_spread %]
    , [[ c.merged(c.name) ]] AS [[ c.name ]]
    [% endfor %]
  FROM [[ name ]]_parts
  GROUP BY [[ list(by) ]]
)
[% if spread %]
, [[ name ]]_spread AS (
  SELECT
    [[ list(by, "p.") ]]
    [% for u in spread %]
    , sum(p.[[ u.state("rest").name ]] + p.[[ u.state("n").name ]] * (p.[[ u.state("low").name ]] - s.[[ u.state("low").name ]])) AS [[ u.state("rest").name ]]
    , sum(p.[[ u.state("m2").name ]] + p.[[ u.state("n").name ]] * power(p.[[ u.state("low").name ]] - [[ mean(u, "s.") ]] + p.[[ u.state("rest").name ]] / p.[[ u.state("n").name ]], 2)) AS [[ u.state("m2").name ]]
    [% endfor %]
  FROM [[ name ]]_parts AS p
  JOIN [[ name ]]_sums AS s ON [% for b in by %]p.[[ b ]] = s.[[ b ]][[ " AND " if not loop.last ]][% endfor %]

  GROUP BY [[ list(by, "p.") ]]
),
[[ name ]] AS (
  SELECT
    [[ list(by, "s.") ]],
    s.events
    [% for column in more %]
    , s.[[ column ]]
    [% endfor %]
    [% for c in columns %]
    , [% if c.is_spread %]p[% else %]s[% endif %].[[ c.name ]]
    [% endfor %]
  FROM [[ name ]]_sums AS s
  JOIN [[ name ]]_spread AS p ON [% for b in by %]p.[[ b ]] = s.[[ b ]][[ " AND " if not loop.last ]][% endfor %]

)
[% endif %]
[%- endmacro %]

[# The rows of a source that count, as `rows_<number>`: their entity, day and moment, and the values of these units. #]
[% macro rows(f, s, units, ranged) %]
rows_[[ s.number ]] AS (
  SELECT
    [% for key in s.keys %]
    [[ key ]] AS [[ f.keys[loop.index0] ]],
    [% endfor %]
    ds,
    [[ s.time or 0 ]] AS row_time,
    [[ s.tie or 0 ]] AS tie
    [% for u in units %]
    , CASE WHEN [[ u.condition ]] THEN [[ u.value or 1 ]] END AS [[ u.column ]]
    [% if u.is_numeric %]
    , CASE WHEN [[ u.condition ]] THEN TRY_CAST([[ u.value ]] * 1 AS DECIMAL(38, 18)) END AS [[ u.decimal ]]
    [% endif %]
    [% if u.has_spread %]
    , CASE WHEN [[ u.condition ]] AND TRY_CAST([[ u.value ]] * 1 AS DECIMAL(38, 18)) IS NOT NULL THEN CAST([[ u.value ]] AS DOUBLE) END AS [[ u.double ]]
    [% endif %]
    [% endfor %]
  FROM [[ s.table ]]
  WHERE ds BETWEEN [[ first(ranged) ]] AND [[ last(ranged) ]]
    AND [[ s.condition ]]
    [% if s.time %]
    AND CAST([[ s.time ]] AS DATE) = ds
    [% endif %]
    [% for key in s.keys %]
    AND [[ key ]] IS NOT NULL
    [% endfor %]
)
[%- endmacro %]

[# A list of the values in these columns, of which the last ones may be missing; NULL where there are none. #]
[% macro listed(columns) %]
CASE[% for n in range(columns|length, 0, -1) %] WHEN [[ columns[n - 1] ]] IS NOT NULL THEN [[ "[" ]][[ list(columns[:n]) ]][[ "]" ]][% endfor %] END
[%- endmacro %]

[# Whether a measure keeps a value at this place. #]
[% macro kept(f) %]place <= CASE measure[% for s, u in f.listed %] WHEN [[ u.literal ]] THEN [[ u.latest ]][% endfor %] ELSE 0 END[% endmacro %]

[# Each value in the window of each day, and the most frequent ones first. #]
[% macro top(f, name, relation) %]
, "[[ name ]]_ranked" AS (
  SELECT *, row_number() OVER (PARTITION BY [[ list(f.keys) ]], ds, measure ORDER BY events DESC, value) AS place
  FROM (
    SELECT [[ list(f.keys) ]], ds, measure, value, sum(events) AS events
    FROM [[ relation ]]
    GROUP BY [[ list(f.keys) ]], ds, measure, value
  ) AS counted
)
[%- endmacro %]
