[# Counts, means and variances that a table has already, in the form of this framework's own. #]
SELECT
  CAST([[ e.summaries.metric ]] AS VARCHAR) AS metric,
  CAST([[ e.summaries.variant ]] AS VARCHAR) AS variant,
  '' AS cut,
  '' AS cut_value,
  CAST([[ e.summaries.n ]] AS BIGINT) AS n,
  CAST([[ e.summaries.mean ]] AS DOUBLE) AS mean,
  CAST([[ e.summaries.variance ]] AS DOUBLE) * (CAST([[ e.summaries.n ]] AS DOUBLE) - 1) AS m2,
  [% for name in e.empty_columns %]
  CAST(NULL AS DOUBLE) AS [[ name ]][[ "," if not loop.last ]]
  [% endfor %]
FROM [[ e.summaries.table ]]
WHERE ds = DATE '{{ ds }}' AND [[ e.summaries.condition ]]
