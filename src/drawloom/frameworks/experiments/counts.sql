[# What the health checks compare: subjects by variant in each cut, and what was left out of the units. #]
[% import "_macros.sql" as m %]
[% import "_units.sql" as u %]
WITH [[ m.assigned(e) ]],
[[ m.exposed(e) ]],
units AS ([[ u.units(e) ]])
[% for cut in e.unit_cuts if cut.name != "'day'" %]
[[ "UNION ALL" if not loop.first ]]
SELECT 'units' AS kind, [[ cut.name ]] AS cut, [[ cut.value ]] AS cut_value, variant, count(*) AS n
FROM units
GROUP BY [[ cut.value ]], variant
[% endfor %]
UNION ALL
SELECT 'day', 'day', CAST(exposed_on AS VARCHAR), variant, count(*) FROM units GROUP BY exposed_on, variant
UNION ALL
SELECT 'several-variants', '', '', '', count(*)
FROM (SELECT subject FROM exposed WHERE subjects < 2 GROUP BY subject HAVING count(DISTINCT variant) > 1) AS several
UNION ALL
SELECT 'unknown-variants', '', '', coalesce(variant, '(null)'), count(DISTINCT id)
FROM assigned
WHERE variant IS NULL OR variant NOT IN ([[ m.list(e.variants) ]])
GROUP BY coalesce(variant, '(null)')
UNION ALL
SELECT 'outside', '', '', '', count(*) FROM assigned WHERE variant IN ([[ m.list(e.variants) ]]) AND id IS NOT NULL AND NOT coalesce([[ m.counts(e) ]], FALSE)
UNION ALL
SELECT 'no-id', '', '', '', count(*) FROM assigned WHERE id IS NULL
UNION ALL
SELECT 'several-subjects', '', '', '', [% if e.identities %]count(DISTINCT a.id) FROM assigned AS a JOIN identities AS i ON i.id = a.id WHERE i.subjects > 1[% else %]0[% endif %]

UNION ALL
SELECT 'days', '', '', '', count(DISTINCT ds) FROM assigned
