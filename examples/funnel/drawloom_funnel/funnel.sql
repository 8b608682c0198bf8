-- Who takes each step of the day after the step before it, and when first.
WITH events AS (SELECT * FROM [[ source ]] WHERE ds = DATE '{{ ds }}')
[% for _, condition in steps %]
, step_[[ loop.index ]] AS (
  SELECT events.[[ entity ]] AS entity_[[ loop.index ]], min(events.[[ time ]]) AS time_[[ loop.index ]]
  FROM events
  [% if loop.index > 1 %]
  JOIN step_[[ loop.index0 ]] ON entity_[[ loop.index0 ]] = events.[[ entity ]] AND time_[[ loop.index0 ]] <= events.[[ time ]]
  [% endif %]
  WHERE [[ condition ]]
  GROUP BY events.[[ entity ]]
)
[% endfor %]
[% for name, _ in steps %]
SELECT [[ loop.index ]] AS number, [[ name ]] AS step, count(*) AS entities FROM step_[[ loop.index ]]
[[ "UNION ALL" if not loop.last ]]
[% endfor %]
