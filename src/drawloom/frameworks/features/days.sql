[% import "_macros.sql" as m with context %]
-- Each entity's events of a day as a state that can be merged with those of other days.
WITH
[% for s in f.sources %]
[[ m.rows(f, s, s.units, ranged) ]],
sums_[[ s.number ]] AS (
  SELECT
    [[ m.list(f.keys) ]], ds,
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
        "first": "arg_min(" ~ u.column ~ ", CASE WHEN " ~ u.column ~ " IS NOT NULL THEN row(row_time, tie, " ~ u.column ~ ") END)",
        "last": "arg_max(" ~ u.column ~ ", CASE WHEN " ~ u.column ~ " IS NOT NULL THEN row(row_time, tie, " ~ u.column ~ ") END)",
      }[c.state] ]] AS [[ c.name ]]
    [% endfor %]
    [% endfor %]
  FROM rows_[[ s.number ]]
  GROUP BY [[ m.list(f.keys) ]], ds
),
[% if s.spread %]
spread_[[ s.number ]] AS (
  SELECT
    [[ m.list(f.keys, "r.") ]], r.ds
    [% for u in s.spread %]
    , CAST(sum(CAST(r.[[ u.double ]] - s.[[ u.state("low").name ]] AS DECIMAL(38, 18))) AS DOUBLE) AS [[ u.state("rest").name ]]
    , [[ m.added_up(
      "power(r." ~ u.double ~ " - " ~ m.mean(u, "s.") ~ ", 2)",
      "power(s." ~ u.state("high").name ~ " - s." ~ u.state("low").name ~ ", 2)"
    ) ]] AS [[ u.state("m2").name ]]
    [% endfor %]
  FROM rows_[[ s.number ]] AS r
  JOIN sums_[[ s.number ]] AS s ON s.ds = r.ds[% for key in f.keys %] AND s.[[ key ]] = r.[[ key ]][% endfor %]

  GROUP BY [[ m.list(f.keys, "r.") ]], r.ds
),
[% endif %]
source_[[ s.number ]] AS (
  SELECT
    [[ m.list(f.keys, "s.") ]], s.ds, s.events
    [% for u in s.units %]
    [% for c in u.columns %]
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
  JOIN spread_[[ s.number ]] AS d ON d.ds = s.ds[% for key in f.keys %] AND d.[[ key ]] = s.[[ key ]][% endfor %]

  [% endif %]
)[[ "," if not loop.last ]]
[% endfor %]
SELECT
  [% for key in f.keys %]
  [[ key ]],
  [% endfor %]
  [% if ranged %]
  ds,
  [% endif %]
  [% for s in f.sources %]coalesce(source_[[ s.number ]].events, 0)[[ " + " if not loop.last ]][% endfor %] AS events
  [% for c in f.columns %]
  , [[ c.name ]]
  [% endfor %]
FROM source_[[ f.sources[0].number ]]
[% for s in f.sources[1:] %]
FULL JOIN source_[[ s.number ]] USING ([[ m.list(f.keys) ]], ds)
[% endfor %]
