-- What a model is given on a day: its features for everybody who is scored, each entity once.
WITH population AS (
[[ population ]]
),
entities AS (
  SELECT DISTINCT [[ all_keys|join(", ") ]] FROM population
)
[% for set in sets %]
, base_[[ loop.index ]] AS (
  SELECT
    [% for key in set.keys %]
    e.[[ key ]],
    [% endfor %]
    s.first_ds,
    s.last_ds
    [% for name, empty in set.columns %]
    , [% if empty is none %]s.[[ name ]][% else %]coalesce(s.[[ name ]], [[ empty ]]) AS [[ name ]][% endif %]

    [% endfor %]
  FROM [% if set.keys == all_keys %]entities[% else %](SELECT DISTINCT [[ set.keys|join(", ") ]] FROM entities)[% endif %] AS e
  LEFT JOIN [[ set.table ]] AS s ON s.ds = DATE '{{ ds }}'[% for key in set.keys %] AND s.[[ key ]] = e.[[ key ]][% endfor %]

)
, set_[[ loop.index ]] AS (
  SELECT
    *
    [% for name, sql in set.derived %]
    , [[ sql ]] AS [[ name ]]
    [% endfor %]
  FROM base_[[ loop.index ]]
)
[% endfor %]
SELECT
  [% for key in keys %]
  e.[[ key ]],
  [% endfor %]
  [% for number, name, column in features %]
  set_[[ number ]].[[ name ]] AS [[ column ]][[ "," if not loop.last ]]
  [% endfor %]
FROM entities AS e
[% for set in sets %]
[% set number = loop.index %]
LEFT JOIN set_[[ number ]] ON [% for key in set.keys %][[ " AND " if not loop.first ]]set_[[ number ]].[[ key ]] = e.[[ key ]][% endfor %]

[% endfor %]
