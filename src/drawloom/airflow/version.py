"""Whether the Airflow of this environment is one that drawloom knows."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from drawloom.model import refuse

WANTED = "3.3"
EXTRA = "pip install 'drawloom[airflow]'"


def airflow_version() -> str | None:
    """The version that is installed here; None without Airflow."""
    try:
        return version("apache-airflow-core")
    except PackageNotFoundError:
        return None


def check_airflow() -> str:
    """The version of Airflow.

    Raises:
        InputError: it is not installed, or it is another one.
    """
    found = airflow_version()
    if found is None:
        raise refuse("no-airflow", "airflow == not installed, must be installed here.", None, EXTRA)
    if not found.startswith(f"{WANTED}."):
        raise refuse("wrong-airflow", f"airflow == {found}, must be {WANTED}.", None, f"{EXTRA} brings it.")
    return found
