[# What the files of this folder share. A map of days holds one bit for each of 56 days, bit 0 for the day itself. #]
[% macro day(offset) %]DATE '{{ macros.ds_add(ds, [[ offset ]]) }}'[% endmacro %]
[% macro when(ranged) %]ds [[ "BETWEEN DATE '{{ start }}' AND DATE '{{ end }}'" if ranged else "= " ~ day(0) ]][% endmacro %]
[% macro text(expression) %]
CASE
      WHEN [[ expression ]] IS NULL THEN '(null)'
      WHEN CAST([[ expression ]] AS VARCHAR) IN ('(null)', '(other)') OR substr(CAST([[ expression ]] AS VARCHAR), 1, 1) = chr(92)
        THEN chr(92) || CAST([[ expression ]] AS VARCHAR)
      ELSE CAST([[ expression ]] AS VARCHAR)
    END
[%- endmacro %]
[% macro list(names, prefix="") %][% for name in names %][[ prefix ]][[ name ]][% if not loop.last %], [% endif %][% endfor %][% endmacro %]

[# Dimensions as one value; its type is written for Trino, which would not know it. #]
[% macro tuple(dims) %]CAST(row([% for d in dims %][[ d.name ]][[ ", " if not loop.last ]][% endfor %]) AS STRUCT([% for d in dims %][[ d.name ]] VARCHAR[[ ", " if not loop.last ]][% endfor %]))[% endmacro %]

[# The rows of snapshots: one row for each entity that has a row that day. #]
[% macro snapshots(g, condition, days) %]
[% for snapshot in g.snapshots %]
[[ snapshot.name ]] AS (
  SELECT
    [% if days %]ds, [% endif %][[ list(g.entity) ]],
    [% for d in snapshot.dims %]
    max([[ text(d.column) ]]) AS [[ d.name ]][[ "," if not loop.last ]]
    [% endfor %]
  FROM [[ snapshot.table ]]
  WHERE [[ condition ]]
  GROUP BY [% if days %]ds, [% endif %][[ list(g.entity) ]]
)[[ "," if not loop.last ]]
[% endfor %]
[% endmacro %]

[# The cut of a row: the dimensions that are not NULL. Those with more come first, so that each names its own alone. #]
[% macro cut(g) %]
CASE
      [% for cut in g.cuts_by_size %]
      WHEN [[ of_cut(cut) ]] THEN [[ cut.value ]]
      [% endfor %]
      ELSE ''
    END
[%- endmacro %]

[# The rows of one cut, and of those that hold it. #]
[% macro of_cut(cut) %][% for name in cut.names %][[ name ]] IS NOT NULL[[ " AND " if not loop.last ]][% endfor %][% endmacro %]

[# The counts by one column in all cuts: those that are kept, and those that are added up from a finer one. #]
[% macro counted(g, column, condition, ranged) %]
counted AS (
  SELECT ds, activity, [% for name in g.dim_names %][[ name ]], [% endfor %][[ column ]], n
  FROM [[ g.tables.counts ]]
  WHERE [[ when(ranged) ]] AND activity <> '' AND [[ condition ]]
  [% for cut, finer in g.summed %]
  UNION ALL
  SELECT ds, activity, [% for d in g.dims %][[ d.name if d.key in cut.keys else "CAST(NULL AS VARCHAR)" ]], [% endfor %][[ column ]], CAST(sum(n) AS BIGINT)
  FROM [[ g.tables.counts ]]
  WHERE [[ when(ranged) ]] AND activity <> '' AND [[ condition ]] AND [[ of_cut(finer) ]]
  GROUP BY ds, activity, [% for name in cut.names %][[ name ]], [% endfor %][[ column ]]

  [% endfor %]
)
[%- endmacro %]

[# counted -> mapped: values outside of the keep list become '(other)'. `others` are the columns besides. #]
[% macro mapped(g, others) %]
mapped AS (
  SELECT
    c.ds,
    c.activity,
    [% for d in g.dims %]
    [% if d.tailed %]
    CASE WHEN c.[[ d.name ]] IS NULL THEN NULL WHEN [[ d.keep ]].value IS NULL THEN '(other)' ELSE c.[[ d.name ]] END AS [[ d.name ]],
    [% else %]
    c.[[ d.name ]],
    [% endif %]
    [% endfor %]
    [% for other in others %]c.[[ other ]], [% endfor %]c.n
  FROM counted AS c
  [% for d in g.dims if d.tailed %]
  LEFT JOIN keep AS [[ d.keep ]]
    ON [[ d.keep ]].ds = c.ds AND [[ d.keep ]].dimension = [[ d.value ]] AND [[ d.keep ]].value = c.[[ d.name ]]
  [% endfor %]
)
[%- endmacro %]

[# A day counted from one that the template names, and the last day of the month before it. #]
[% macro moved(name, offset) %]DATE '{{ macros.ds_add([[ name ]], [[ offset ]]) }}'[% endmacro %]
[% macro month_end(name) %]DATE '{{ macros.ds_add(macros.ds_format([[ name ]], "%Y-%m-%d", "%Y-%m-01"), -1) }}'[% endmacro %]

[# Whether two relations are at the same entity; the maps of all activities in one. #]
[% macro same(g, one, other) %][% for e in g.entity %][[ one ]].[[ e ]] = [[ other ]].[[ e ]][[ " AND " if not loop.last ]][% endfor %][% endmacro %]
[% macro maps(g, prefix="") %]([% for a in g.activities %][[ prefix ]][[ a.bits ]][[ " | " if not loop.last ]][% endfor %])[% endmacro %]
[% macro begins_month(name) %][[ name ]][8:] == "01"[% endmacro %]
[% macro ends_month(name) %]macros.ds_add([[ name ]], 1)[8:] == "01"[% endmacro %]

[# The columns of the state without its day. #]
[% macro state_columns(g, entities="entities") %][[ list(g.entity) ]], [% for d in g.dims %][[ d.name ]], [% endfor %][% for a in g.activities %][[ a.first ]], [[ a.last ]], [[ a.bits ]], [% endfor %][[ entities ]][% endmacro %]

[# Entities as groups. Of each activity a group knows whether they did it, which was longer ago than is counted. #]
[% macro group_columns(g) %][% for d in g.dims %][[ d.name ]], [% endfor %][% for a in g.activities %][[ a.first ]][[ ", " if not loop.last ]][% endfor %][% endmacro %]
[% macro long_ago(g, a) %]CASE WHEN [[ a.first ]] IS NOT NULL THEN DATE '[[ g.start ]]' END[% endmacro %]
[% macro grouped(g, relation) %]
SELECT
    [% for d in g.dims %]
    [[ d.name ]],
    [% endfor %]
    [% for a in g.activities %]
    [[ long_ago(g, a) ]] AS [[ a.first ]],
    [% endfor %]
    count(*) AS entities
  FROM [[ relation ]]
  GROUP BY [% for d in g.dims %][[ d.name ]], [% endfor %][% for a in g.activities %][[ long_ago(g, a) ]][[ ", " if not loop.last ]][% endfor %]
[% endmacro %]

[# Who comes and is counted in a group, as `back`, with what the last month end says of them; nobody is looked for where
   there are no groups. #]
[% macro back(g, ranged, known, groups) %]
, coming AS NOT MATERIALIZED (
  SELECT [[ list(g.entity) ]] FROM [[ g.tables.days ]] WHERE [[ when(ranged) ]] AND EXISTS ([[ groups ]])
)
, back AS (
  SELECT e.* FROM [[ g.tables.state ]] AS e
  WHERE e.ds = [[ month_end("start" if ranged else "ds") ]]
    AND EXISTS (SELECT 1 FROM coming AS c WHERE [[ same(g, "c", "e") ]])
    AND NOT EXISTS (SELECT 1 FROM [[ known ]] AS k WHERE [[ same(g, "k", "e") ]])
)
[%- endmacro %]
