"""A DAG that finds its engine by an Airflow connection: neither settings nor environment variables name a server."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from drawloom.airflow.install import install
from tests.integration.airflow.test_flights import DatabaseOnlyAirflow
from tests.integration.engines.conftest import Build
from tests.integration.engines.small_project import DAYS

pytestmark = [pytest.mark.integration, pytest.mark.nightly]


def connection(kind: str) -> dict[str, Any]:
    """The Airflow connection to the servers of the tests."""
    if kind == "spark":
        return {"conn_type": "spark", "host": "local[2]", "extra": {"metastore": os.environ["DRAWLOOM_METASTORE"]}}
    url = urlsplit(os.environ["DRAWLOOM_TRINO"])
    return {
        "conn_type": "trino",
        "host": url.hostname,
        "port": url.port,
        "login": url.username,
        "extra": {"catalog": url.path.strip("/")},
    }


@pytest.mark.parametrize("kind", ["spark", "trino"])
def test_a_dag_runs_on_the_engine_of_an_airflow_connection(
    build: Build, expected_rows: dict[str, list[str]], tmp_path: Path, kind: str
) -> None:
    small_project = build("spark" if kind == "spark" else "trino-hive")
    settings = small_project.folder / "drawloom.yml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("url: 'local[2]', ", ""), encoding="utf-8")
    home = DatabaseOnlyAirflow(tmp_path / "home")
    home.environment |= {f"AIRFLOW_CONN_{kind.upper()}_DEFAULT": json.dumps(connection(kind))}
    for name in ("DRAWLOOM_TRINO", "DRAWLOOM_SPARK", "DRAWLOOM_METASTORE"):
        home.environment.pop(name, None)
    with small_project.open() as project:
        install(project, home.dags)
    home.run((f"shop.{small_project.name('daily')}", {"from": str(DAYS[0]), "to": str(DAYS[-1])}))
    assert small_project.engines("daily") == [kind] * len(DAYS)
    assert small_project.rows("daily") == expected_rows["daily"]
