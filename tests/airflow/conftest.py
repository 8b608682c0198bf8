"""Airflow in the process of the tests: its settings are in the environment before it is imported."""

from __future__ import annotations

import logging
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from drawloom.airflow.install import install
from drawloom.run.project import Project
from tests.integration.airflow.conftest import Webhook
from tests.integration.airflow.visits_project import write_visits_project

HOME = Path(tempfile.mkdtemp(prefix="drawloom-airflow-"))
os.environ |= {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "DRAWLOOM_AIRFLOW_INTERVAL": "0.5",
    "AIRFLOW__CORE__DAGS_FOLDER": str(HOME / "dags"),
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/none.db",
}
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    handlers = list(logging.getLogger().handlers)
    import airflow.dag_processing.dagbag
    import airflow.serialization.serialized_objects
    import airflow.triggers.shared_stream  # noqa: F401

    logging.getLogger().handlers[:] = handlers


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project of visits, without data."""
    return write_visits_project(tmp_path / "project")


@pytest.fixture
def dags(project: Path, tmp_path: Path) -> Path:
    """A folder of DAGs in which it is installed."""
    folder = tmp_path / "dags"
    with Project.load(project) as opened:
        install(opened, folder)
    return folder


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    """The server at the address ``webhook:pager``."""
    hook = Webhook()
    monkeypatch.setenv("AIRFLOW_CONN_PAGER", f"http://127.0.0.1:{hook.port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield hook
    hook.server.shutdown()
    hook.server.server_close()
