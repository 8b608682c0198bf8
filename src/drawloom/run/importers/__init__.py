"""Projects of other tools as drawloom projects: dbt, SQLMesh and bigquery-etl, as far as they are understood."""
