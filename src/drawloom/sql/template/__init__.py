"""Templates: SQL text with Jinja, rendered for a day, in a sandbox, with the macros of Airflow and dbt."""
