[# The states of one day. #]
states AS (
  SELECT * FROM [[ g.tables.state ]] WHERE ds = [[ m.day(0) ]]
)
