"""How Airflow connects to SQLite; Airflow imports this by its name, see ``LocalAirflow.environment``."""

# Its processes wait for each other's writes; with Python's 5 seconds, a busy machine answers "database is locked".
CONNECT_ARGS: dict[str, object] = {"timeout": 50}  # seconds
