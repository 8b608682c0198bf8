[# The units of the day, and their cells: one for each cut that they are in. #]
[% macro units(e) %]
SELECT
    subject,
    variant,
    first_exposed_at,
    [% for d in e.unit_dimensions %]
    [[ d.column ]],
    [% endfor %]
    CAST(first_exposed_at AS DATE) AS exposed_on
  FROM [[ e.units ]]
  WHERE ds = DATE '{{ ds }}'
[% endmacro %]

[# The values of a dimension that are shown by name, those with the most units. #]
[% macro kept(e, cut) %]
[[ cut.kept ]] AS (
  SELECT value FROM (
    SELECT [[ cut.value ]] AS value, row_number() OVER (ORDER BY count(*) DESC, [[ cut.value ]]) AS place
    FROM units
    GROUP BY [[ cut.value ]]
  ) AS counted
  WHERE place <= [[ e.top ]]
)
[%- endmacro %]
