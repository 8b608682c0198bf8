[% import "_macros.sql" as m with context %]
-- The entities of a day: what each of them did, and its dimensions by the day's last row (or its first).
WITH rows AS (
  SELECT
    [[ m.list(g.entity) ]],
    [% for a in g.activities %]
    coalesce([[ a.condition ]], FALSE) AS [[ a.name ]],
    [% endfor %]
    [% for d in g.touched %]
    [[ m.text(d.column) ]] AS [[ d.name ]],
    [% endfor %]
    [[ g.time if g.time else "0" ]] AS row_time
  FROM [[ g.source ]]
  WHERE ds = [[ m.day(0) ]][% for e in g.entity %] AND [[ e ]] IS NOT NULL[% endfor %]

),
touched AS (
  SELECT
    [[ m.list(g.entity) ]],
    [% for a in g.activities %]
    bool_or([[ a.name ]]) AS [[ a.name ]][[ "," if g.touched or not loop.last ]]
    [% endfor %]
    [% if g.last %]
    arg_max([[ m.tuple(g.last) ]], row(row_time IS NOT NULL, row_time[% for d in g.last %], [[ d.name ]][% endfor %])) AS last_row[[ "," if g.first ]]
    [% endif %]
    [% if g.first %]
    arg_min([[ m.tuple(g.first) ]], row(row_time IS NOT NULL, row_time[% for d in g.first %], [[ d.name ]][% endfor %])) AS first_row
    [% endif %]
  FROM rows
  WHERE [% for a in g.activities %][[ a.name ]][[ " OR " if not loop.last ]][% endfor %]

  GROUP BY [[ m.list(g.entity) ]]
)
SELECT
  [[ m.list(g.entity) ]],
  [[ m.list(g.flags) ]]
  [% for d in g.touched %]
  , [[ d.row ]].[[ d.name ]] AS [[ d.name ]]
  [% endfor %]
FROM touched
