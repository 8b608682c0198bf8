-- Who takes each step of the day after the step before it, and when first.
WITH events AS (SELECT * FROM [[ source ]] WHERE ds = DATE '{{ ds }}')
[% for _, condition in steps %]
, step_[[ loop.index ]] AS (
  SELECT events.[[ entity ]] AS entity, min(events.[[ time ]]) AS time
  FROM (SELECT * FROM events WHERE [[ condition ]]) AS events
  [% if not loop.first %]
  JOIN step_[[ loop.index0 ]] AS before ON before.entity = events.[[ entity ]] AND before.time <= events.[[ time ]]
  [% endif %]
  GROUP BY events.[[ entity ]]
)
[% endfor %]
[% for name, _ in steps %]
SELECT [[ loop.index ]] AS number, [[ name ]] AS step, count(*) AS entities FROM step_[[ loop.index ]] [[ "UNION ALL" if not loop.last ]]
[% endfor %]
