"""Pipelines as DAGs of Apache Airflow: the only folder that may import it."""
