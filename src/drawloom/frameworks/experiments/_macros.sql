[# What the files of this folder share. #]
[% macro list(names, prefix="") %][% for name in names %][[ prefix ]][[ name ]][% if not loop.last %], [% endif %][% endfor %][% endmacro %]
[% macro day() %]DATE '{{ ds }}'[% endmacro %]
[% macro last_exposure_day(e) %]DATE '{{ [ds, "[[ e.last_exposure ]]"] | min }}'[% endmacro %]
[% macro text(expression) %]coalesce(CAST([[ expression ]] AS VARCHAR), '(null)')[% endmacro %]

[# The rows of the experiment up to the day, as `assigned`: the assigned id, variant, moment and dimensions. #]
[% macro assigned(e) %]
assigned AS (
  SELECT
    CAST([[ e.assignments.subject ]] AS VARCHAR) AS id,
    CAST([[ e.assignments.variant ]] AS VARCHAR) AS variant,
    CAST([[ e.assignments.time ]] AS TIMESTAMP) AS assigned_at,
    [% for d in e.unit_dimensions %]
    [[ text(d.source) ]] AS [[ d.column ]],
    [% endfor %]
    ds
  FROM [[ e.assignments.table ]]
  WHERE ds BETWEEN DATE '[[ e.start ]]' AND [[ last_exposure_day(e) ]] AND [[ e.assignments.condition ]]
)
[%- endmacro %]

[# Whether a row of `assigned` counts as an exposure. Moments outside of the experiment do not. #]
[% macro counts(e, prefix="") %][[ prefix ]]id IS NOT NULL AND [[ prefix ]]variant IN ([[ list(e.variants) ]]) AND [[ prefix ]]assigned_at >= TIMESTAMP '[[ e.start ]]' AND [[ prefix ]]assigned_at < TIMESTAMP '{{ macros.ds_add([ds, "[[ e.last_exposure ]]"] | min, 1) }}'[% endmacro %]

[# assigned -> exposed: with the subject that is analysed. An id is a subject itself where it is not mapped, and out where
   it is mapped to several. #]
[% macro exposed(e) %]
[% if e.identities %]
identities AS (
  SELECT id, min(subject) AS subject, count(*) AS subjects
  FROM (
    SELECT DISTINCT CAST([[ e.identities.from ]] AS VARCHAR) AS id, CAST([[ e.identities.to ]] AS VARCHAR) AS subject
    FROM [[ e.identities.table ]]
    WHERE ds <= [[ day() ]] AND [[ e.identities.from ]] IS NOT NULL AND [[ e.identities.to ]] IS NOT NULL
  ) AS pairs
  GROUP BY id
),
exposed AS (
  SELECT coalesce(i.subject, a.id) AS subject, a.variant, a.assigned_at, [% for d in e.unit_dimensions %]a.[[ d.column ]], [% endfor %]coalesce(i.subjects, 0) AS subjects
  FROM assigned AS a
  LEFT JOIN identities AS i ON i.id = a.id
  WHERE [[ counts(e, "a.") ]]
)
[% else %]
exposed AS (
  SELECT id AS subject, variant, assigned_at, [% for d in e.unit_dimensions %][[ d.column ]], [% endfor %]1 AS subjects
  FROM assigned
  WHERE [[ counts(e) ]]
)
[% endif %]
[%- endmacro %]
