[% import "_macros.sql" as m with context %]
-- Entities by cut and by how they stand, or else by their active days: all that is counted later is added up from these.
WITH
[% if ranged %]
[% include "_dense.sql" %]
[% else %]
states AS NOT MATERIALIZED (
  SELECT * FROM [[ g.tables.state ]] WHERE [[ m.when(ranged) ]]
)
[% endif %]
, flagged AS NOT MATERIALIZED (
  -- Flags: for each window three bits, active now, a day before, a window before; above them, how new the entity is; -1
  -- of who never did it. No CASE around all of it: in a branch DuckDB computes the map anew wherever it is named.
  -- Active days: of the last 28, and 32 for each of the last 7.
  SELECT
    [[ "ds, n" if ranged else "entities AS n" ]],
    [% for name in g.dim_names %]
    [[ name ]],
    [% endfor %]
    [% for a in g.activities %]
    [% for bit in g.bits %]
    CASE WHEN [[ a.bits ]] & [[ bit.mask ]] <> 0 THEN [[ bit.value ]] ELSE 0 END +
    [% endfor %]
    CASE
      WHEN [[ a.first ]] IS NULL THEN -1
      [% for level in g.levels %]
      WHEN date_diff('day', [[ a.first ]], ds) < [[ level.days ]] THEN [[ level.value ]]
      [% endfor %]
      ELSE 0
    END AS [[ a.flags ]],
    CAST(bit_count([[ a.bits ]] & 127) AS INTEGER) * 32 + CAST(bit_count([[ a.bits ]] & 268435455) AS INTEGER) AS [[ a.days ]][[ "," if g.present or not loop.last ]]
    [% endfor %]
    [% if g.present %]
    CASE WHEN [[ m.maps(g) ]] & 268435455 <> 0 THEN 1 ELSE 0 END AS [[ g.present ]]
    [% endif %]
  FROM states
),
-- Each set counts by one column, which is not NULL in its rows. Cuts that a finer one holds are added up from it later.
counted AS (
  SELECT
    [[ "ds" if ranged else m.day(0) ]] AS ds,
    [% for name in g.dim_names + g.counters %]
    [[ name if name in g.grouped else "CAST(NULL AS VARCHAR) AS " ~ name ]],
    [% endfor %]
    CAST(sum(n) AS BIGINT) AS n
  FROM flagged
  GROUP BY GROUPING SETS (
    [% for set in g.sets %]
    ([[ "ds, " if ranged ]][[ m.list(set) ]])[[ "," if not loop.last ]]
    [% endfor %]
  )
)
SELECT
  ds,
  CASE
    [% for a in g.activities %]
    WHEN [[ a.flags ]] IS NOT NULL OR [[ a.days ]] IS NOT NULL THEN [[ a.value ]]
    [% endfor %]
    ELSE ''
  END AS activity,
  [% for name in g.dim_names %]
  [[ name ]],
  [% endfor %]
  coalesce([% for a in g.activities %][[ a.flags ]], [% endfor %]NULL) AS flags,
  coalesce([% for a in g.activities %][[ a.days ]], [% endfor %]NULL) AS active_days,
  n
FROM counted
WHERE coalesce([% for counter in g.counters %][[ counter ]], [% endfor %]0) <> -1[[ " AND coalesce(" ~ g.present ~ ", 1) = 1" if g.present ]]
