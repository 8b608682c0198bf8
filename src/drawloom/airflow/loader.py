"""What the file in Airflow's folder of DAGs calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drawloom.airflow.version import check_airflow

if TYPE_CHECKING:
    from airflow.sdk import DAG


def load_dags(loader: str) -> dict[str, DAG]:
    """The DAGs of the plan beside a loader.

    Raises:
        InputError: this Airflow is of another version, which may not have what is imported next.
    """
    check_airflow()
    from drawloom.airflow.dags import dags_of

    return dags_of(loader)
