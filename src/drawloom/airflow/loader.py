"""The function that the generated loader in Airflow's DAGs folder calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drawloom.airflow.version import check_airflow

if TYPE_CHECKING:
    from airflow.sdk import DAG


def load_dags(loader: str) -> dict[str, DAG]:
    """The DAGs of the plan beside a loader.

    Raises:
        InputError: this version of Airflow is not supported.
    """
    check_airflow()  # first: another Airflow may not have what the next line imports
    from drawloom.airflow.dags import build_dags

    return build_dags(loader)
