"""What our plugin adds to Airflow's server: pictures for the pages of DAGs, for those who may see the DAG."""

from __future__ import annotations

from typing import Any

from airflow.api_fastapi.common.db.common import SessionDep
from airflow.api_fastapi.core_api.security import requires_access_dag
from airflow.models.serialized_dag import SerializedDagModel
from fastapi import Depends, FastAPI, HTTPException, Response

from drawloom.airflow.picture import draw

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)


@app.get("/lineage/{dag_id}.svg", dependencies=[Depends(requires_access_dag(method="GET"))])
def lineage(dag_id: str, session: SessionDep) -> Response:
    """The picture of a DAG, drawn from what Airflow has of it."""
    found = SerializedDagModel.get(dag_id, session=session)
    if found is None:
        raise HTTPException(404, "no such DAG")
    dag = found.dag
    edges = [(a, b) for task in dag.tasks for a in _read(dag, task) for b in _names(task.outlets)]
    own = [name for task in dag.tasks for name in _names(task.outlets)]
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return Response(draw(edges, own), media_type="image/svg+xml", headers=headers)


def _read(dag: Any, task: Any) -> list[str]:
    """The tables that the tasks before this one wait for or fill."""
    before = [dag.get_task(task_id) for task_id in sorted(task.upstream_task_ids)]
    return [name for other in before for name in (*_names(other.inlets), *_names(other.outlets))]


def _names(assets: Any) -> list[str]:
    return [asset.name for asset in assets or () if getattr(asset, "name", None)]
