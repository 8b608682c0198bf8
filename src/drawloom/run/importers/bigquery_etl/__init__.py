"""Projects in the layout of Mozilla's bigquery-etl."""
