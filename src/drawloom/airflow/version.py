"""Which Airflow is installed, and whether drawloom supports it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from drawloom.model import refuse

SUPPORTED = "3.3"
INSTALL_COMMAND = "pip install '.[airflow]' in a clone of drawloom"


def airflow_version() -> str | None:
    """The installed version of Airflow; None if it is not installed."""
    try:
        return version("apache-airflow-core")
    except PackageNotFoundError:
        return None


def check_airflow() -> str:
    """The installed version of Airflow.

    Raises:
        InputError: it is not installed, or not supported.
    """
    found = airflow_version()
    if found is None:
        raise refuse("no-airflow", "Airflow is not installed here.", None, f"Run {INSTALL_COMMAND}.")
    if not found.startswith(f"{SUPPORTED}."):
        raise refuse("wrong-airflow", f"airflow == {found}, must be {SUPPORTED}.", None, f"Run {INSTALL_COMMAND}.")
    return found
