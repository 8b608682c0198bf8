[% import "_macros.sql" as m with context %]
-- Entities by cut and by how they stand, or else by their active days: all that is counted later is added up from these.
WITH
[% if ranged %]
[% include "_dense.sql" %]
[% else %]
states AS (
  SELECT * FROM [[ g.tables.state ]] WHERE [[ m.when(ranged) ]]
)
[% endif %]
-- Flags: for each window three bits, active now, a day before, a window before; above them, how new the entity is.
-- Active days: of the last 28, and 32 for each of the last 7.
[% for a in g.activities %]
SELECT
  [[ "ds" if ranged else m.day(0) ]] AS ds,
  [[ a.value ]] AS activity,
  [% for name in g.dim_names %]
  [[ name ]],
  [% endfor %]
  flags,
  active_days,
  CAST([[ "sum(n)" if ranged else "count(*)" ]] AS BIGINT) AS n
FROM (
  SELECT
    [% if ranged %]
    ds,
    n,
    [% endif %]
    [% for name in g.dim_names %]
    [[ name ]],
    [% endfor %]
    [% for bit in g.bits %]
    CASE WHEN [[ a.bits ]] & [[ bit.mask ]] <> 0 THEN [[ bit.value ]] ELSE 0 END +
    [% endfor %]
    CASE
      [% for level in g.levels %]
      WHEN date_diff('day', [[ a.first ]], ds) < [[ level.days ]] THEN [[ level.value ]]
      [% endfor %]
      ELSE 0
    END AS flags,
    CAST(bit_count([[ a.bits ]] & 127) AS INTEGER) * 32 + CAST(bit_count([[ a.bits ]] & 268435455) AS INTEGER) AS active_days
  FROM states WHERE [[ a.first ]] IS NOT NULL
) AS flagged
[[ m.grouping(g, ["flags", "active_days"], "ds, " if ranged else "") ]]
[% if not loop.last or g.tailed %]
UNION ALL
[% endif %]
[% endfor %]
[% if g.tailed %]
-- Who was active in any way within 28 days, for the keep lists of long-tailed dimensions.
SELECT
  [[ "ds" if ranged else m.day(0) ]] AS ds,
  '' AS activity,
  [% for d in g.dims %]
  [[ d.name if d.tailed else "CAST(NULL AS VARCHAR)" ]],
  [% endfor %]
  0,
  NULL,
  CAST([[ "sum(n)" if ranged else "count(*)" ]] AS BIGINT) AS n
FROM states
WHERE ([% for a in g.activities %][[ a.bits ]][[ " | " if not loop.last ]][% endfor %]) & 268435455 <> 0
GROUP BY GROUPING SETS ([% for d in g.dims if d.tailed %]([[ "ds, " if ranged ]][[ d.name ]])[[ ", " if not loop.last ]][% endfor %])
[% endif %]
