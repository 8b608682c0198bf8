"""The UI: one FastAPI app that draws pages, standalone (``drawloom ui``) or mounted in Airflow."""
