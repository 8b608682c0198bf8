"""Projects of dbt."""
