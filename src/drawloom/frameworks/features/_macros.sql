[# What the files of this folder share. #]
[% macro day(offset=0) %]DATE '{{ macros.ds_add(ds, [[ offset ]]) }}'[% endmacro %]
[% macro first(ranged, offset=0) %]DATE '{{ macros.ds_add([[ "start" if ranged else "ds" ]], [[ offset ]]) }}'[% endmacro %]
[% macro last(ranged, offset=0) %]DATE '{{ macros.ds_add([[ "end" if ranged else "ds" ]], [[ offset ]]) }}'[% endmacro %]
[% macro list(names, prefix="") %][% for name in names %][[ prefix ]][[ name ]][[ ", " if not loop.last ]][% endfor %][% endmacro %]
[% macro same(names, one, other) %][% for name in names %][[ one ]].[[ name ]] = [[ other ]].[[ name ]][[ " AND " if not loop.last ]][% endfor %][% endmacro %]
[% macro names(columns, prefix="") %][% for c in columns %], [[ prefix ]][[ c.name ]][% endfor %][% endmacro %]

[% macro mean(u, prefix) %](CAST([[ prefix ]][[ u.state("sum").name ]] AS DOUBLE) / [[ prefix ]][[ u.state("n").name ]])[% endmacro %]

[# Squared distances add up exactly, in any order, as whole parts of the largest one that there can be. #]
[% macro added_up(square, largest) %]
coalesce(CAST(sum(CAST(round([[ square ]] / nullif([[ largest ]], 0) * 1e28) AS DECIMAL(38, 0))) AS DOUBLE) / 1e28 * max([[ largest ]]), 0e0)
[%- endmacro %]

[# One row of the rows of several parts in a relation `<name>_parts`, by these columns, as `<name>`. A mean far from zero
   has few digits left for what distinguishes two of them: values count by their distance from the lowest one of all parts.
   Floats add up to the same whatever the order of the parts where `in_order` says by what they are put in order. #]
[% macro merged(f, name, by, columns, more={}, in_order="") %]
[% set spread = f.spread(columns) %]
[[ name ]] AS (
  SELECT
    [[ list(by) ]],
    CAST(sum(events) AS BIGINT) AS events
    [% for column, aggregate in more.items() %]
    , [[ aggregate ]] AS [[ column ]]
    [% endfor %]
    [% for c in columns if not c.is_spread %]
    , [[ c.merged(c.name) ]] AS [[ c.name ]]
    [% endfor %]
    [% for u in spread %]
    , [[ rest(u, in_order) ]] AS [[ u.state("rest").name ]]
    , greatest(sum([[ u.state("m2").name ]] + [[ u.state("n").name ]] * power([[ above(u) ]] + [[ u.state("rest").name ]] / [[ u.state("n").name ]], 2)[[ in_order ]])
      - power([[ rest(u, in_order) ]], 2) / sum([[ u.state("n").name ]]), 0) AS [[ u.state("m2").name ]]
    [% endfor %]
  [% if spread %]
  FROM (
    SELECT
      *
      [% for u in spread %]
      , min([[ u.state("low").name ]]) OVER (PARTITION BY [[ list(by) ]]) AS [[ u.lowest ]]
      [% endfor %]
    FROM [[ name ]]_parts
  ) AS p
  [% else %]
  FROM [[ name ]]_parts
  [% endif %]
  GROUP BY [[ list(by) ]]
)
[%- endmacro %]
[% macro above(u) %]([[ u.state("low").name ]] - [[ u.lowest ]])[% endmacro %]
[% macro rest(u, in_order) %]sum([[ u.state("rest").name ]] + [[ u.state("n").name ]] * [[ above(u) ]][[ in_order ]])[% endmacro %]

[# The rows of a source that count, as `rows_<number>`: their entity, day and moment, and the values of these units. #]
[% macro rows(f, s, units, ranged) %]
[[ rows_where(f, s, units, "ds BETWEEN " ~ first(ranged) ~ " AND " ~ last(ranged)) ]]
[%- endmacro %]

[# The same for the rows of all days for which a condition holds; `arrived` is when each became known, where it is asked for. #]
[% macro rows_where(f, s, units, days, arrived=None) %]
rows_[[ s.number ]] AS (
  SELECT
    [% for key in s.keys %]
    [[ key ]] AS [[ f.keys[loop.index0] ]],
    [% endfor %]
    ds,
    [[ s.time or 0 ]] AS row_time,
    [[ s.tie or 0 ]] AS tie
    [% if arrived %]
    , CAST([[ arrived ]] AS TIMESTAMP) AS arrived
    [% endif %]
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
  WHERE [[ days ]]
    AND [[ s.condition ]]
    [% if s.time %]
    AND CAST([[ s.time ]] AS DATE) = ds
    [% endif %]
    [% for key in s.keys %]
    AND [[ key ]] IS NOT NULL
    [% endfor %]
)
[%- endmacro %]

[# The values of these units, among the columns of the rows of a source, one line each. #]
[% macro values_of(units, prefix) %]
[% for u in units %]
, [[ prefix ]].[[ u.column ]]
[% if u.is_numeric %]
, [[ prefix ]].[[ u.decimal ]]
[% endif %]
[% if u.has_spread %]
, [[ prefix ]].[[ u.double ]]
[% endif %]
[% endfor %]
[% endmacro %]

[# Rows of a source as states that can be merged, as `source_<number>`: one for each group of rows that agree in these columns. #]
[% macro states(s, rows, by) %]
sums_[[ s.number ]] AS (
  SELECT
    [[ list(by) ]],
    count(*) AS events
    [% for u in s.units %]
    [% for c in u.columns if c.state != "last_day" and not c.is_spread %]
    , [[ {
        "count": "count(" ~ u.column ~ ")",
        "n": "count(" ~ u.decimal ~ ")",
        "sum": "CAST(sum(" ~ u.decimal ~ ") AS DECIMAL(38, 18))",
        "low": "min(" ~ u.double ~ ")",
        "high": "max(" ~ u.double ~ ")",
        "min": "min(" ~ u.column ~ ")",
        "max": "max(" ~ u.column ~ ")",
        "first": "arg_min(" ~ u.column ~ ", row(row_time, tie, " ~ u.column ~ "))",
        "last": "arg_max(" ~ u.column ~ ", row(row_time, tie, " ~ u.column ~ "))",
      }[c.state] ]] AS [[ c.name ]]
    [% endfor %]
    [% endfor %]
  FROM [[ rows ]]
  GROUP BY [[ list(by) ]]
),
[% if s.spread %]
spread_[[ s.number ]] AS (
  SELECT
    [[ list(by, "r.") ]]
    [% for u in s.spread %]
    , CAST(sum(CAST(r.[[ u.double ]] - s.[[ u.state("low").name ]] AS DECIMAL(38, 18))) AS DOUBLE) AS [[ u.state("rest").name ]]
    , [[ added_up(
      "power(r." ~ u.double ~ " - " ~ mean(u, "s.") ~ ", 2)",
      "power(s." ~ u.state("high").name ~ " - s." ~ u.state("low").name ~ ", 2)"
    ) ]] AS [[ u.state("m2").name ]]
    [% endfor %]
  FROM [[ rows ]] AS r
  JOIN sums_[[ s.number ]] AS s ON [[ same(by, "s", "r") ]]

  GROUP BY [[ list(by, "r.") ]]
),
[% endif %]
source_[[ s.number ]] AS (
  SELECT
    [[ list(by, "s.") ]], s.events
    [% for u in s.units %]
    [% for c in u.columns if c.state != "last_day" or "ds" in by %]
    [% if c.is_spread %]
    , CASE WHEN s.[[ u.state("n").name ]] > 0 THEN d.[[ c.name ]] END AS [[ c.name ]]
    [% elif c.state == "last_day" %]
    , CASE WHEN s.[[ u.state("last").name ]] IS NOT NULL THEN s.ds END AS [[ c.name ]]
    [% else %]
    , s.[[ c.name ]]
    [% endif %]
    [% endfor %]
    [% endfor %]
  FROM sums_[[ s.number ]] AS s
  [% if s.spread %]
  JOIN spread_[[ s.number ]] AS d ON [[ same(by, "d", "s") ]]

  [% endif %]
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

[# The entities and moments of a spine, each once. #]
[% macro moments(f, more="") %]
moments AS (
  SELECT [[ list(f.keys) ]], row_at, row_day, min(row_id) AS row_id[[ more ]]
  FROM spine
  WHERE [% for key in f.keys %][[ key ]] IS NOT NULL[[ " AND " if not loop.last ]][% endfor %]

  GROUP BY [[ list(f.keys) ]], row_at, row_day
)
[%- endmacro %]

[# The features of moments, for all rows of a spine that have these moments. Rows without an entity have no features. #]
[% macro of_spine(f, names) %]
SELECT
  s.row_id
  [% for name in names %]
  , f.[[ name ]]
  [% endfor %]
FROM spine AS s
LEFT JOIN moments AS t ON [[ same(f.keys + ["row_at"], "s", "t") ]]
LEFT JOIN (
  SELECT
    *
    [% for name, sql in f.derived %]
    , [[ sql ]] AS [[ name ]]
    [% endfor %]
  FROM features
) AS f ON f.row_id = t.row_id
ORDER BY s.row_id
[%- endmacro %]
