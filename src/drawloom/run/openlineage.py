"""Lineage as OpenLineage job events: one for each step, with the columns of its tables and where these come from.

See https://openlineage.io/spec/2-0-2/OpenLineage.json and its facets.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from drawloom.model import Column, Pipeline, Step
from drawloom.run.column_notes import noted_columns
from drawloom.run.step_columns import saved_lineage

if TYPE_CHECKING:
    from drawloom.run.project import Project
    from drawloom.sql.column_lineage import ColumnLineage

PRODUCER = "https://github.com/drawloom/drawloom"
_SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/JobEvent"
_FACETS = "https://openlineage.io/spec/facets"
_HOW = {
    "copied": ("DIRECT", "IDENTITY"),
    "transformed": ("DIRECT", "TRANSFORMATION"),
    "filtered": ("INDIRECT", "FILTER"),
}


def job_events(project: Project, pipelines: Iterable[Pipeline], at: datetime | None = None) -> list[dict[str, Any]]:
    """The event of each step of these pipelines.

    Args:
        project: whose tables are in its namespace, ``drawloom://NAME``.
        pipelines: those to tell of.
        at: the time of the events; now by default.
    """
    namespace = f"drawloom://{project.settings.name}"
    time = (at or datetime.now(UTC)).isoformat()
    return [_event(project, pipeline, step, namespace, time) for pipeline in pipelines for step in pipeline.order]


def step_datasets(project: Project, pipeline: Pipeline, step: Step) -> dict[str, list[dict[str, Any]]]:
    """The ``inputs`` and ``outputs`` of a step: tables, with the columns of the output and where these come from."""
    namespace = f"drawloom://{project.settings.name}"
    inputs = sorted({read.table for read in step.reads} - {step.into.name})
    facets = {"schema": _schema(noted_columns(project, step))}
    if lineage := saved_lineage(project, pipeline, step):
        facets["columnLineage"] = _column_lineage(lineage, namespace)
    if owner := step.into.owner or pipeline.owner:
        facets["ownership"] = _facet("1-0-1/OwnershipDatasetFacet", owners=[{"name": owner, "type": "MAINTAINER"}])
    return {
        "inputs": [{"namespace": namespace, "name": table} for table in inputs],
        "outputs": [{"namespace": namespace, "name": step.into.name, "facets": facets}],
    }


def sql_facet(query: str, dialect: str) -> dict[str, Any]:
    """The SQL of a job."""
    return _facet("1-1-0/SQLJobFacet", query=query.strip(), dialect=dialect)


def statistics_facet(rows: int, size: int, files: int) -> dict[str, Any]:
    """What a run has written: rows, bytes and files."""
    return _facet("1-0-2/OutputStatisticsOutputDatasetFacet", rowCount=rows, size=size, fileCount=files)


def _event(project: Project, pipeline: Pipeline, step: Step, namespace: str, time: str) -> dict[str, Any]:
    job: dict[str, Any] = {"namespace": namespace, "name": f"{pipeline.name}.{step.name}", "facets": {}}
    if step.sql is not None:
        job["facets"]["sql"] = sql_facet(step.sql, step.dialect)
    return {
        "eventTime": time,
        "producer": PRODUCER,
        "schemaURL": _SPEC,
        "job": job,
        **step_datasets(project, pipeline, step),
    }


def _schema(columns: Iterable[Column]) -> dict[str, Any]:
    fields = [
        {"name": c.name, "type": c.type, **({"description": c.description} if c.description else {})} for c in columns
    ]
    return _facet("1-2-0/SchemaDatasetFacet", fields=fields)


def _column_lineage(lineage: ColumnLineage, namespace: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for one in lineage.origins:
        known = fields.setdefault(one.output, {"inputFields": []})
        known["inputFields"].append(_input(one.origin, one.how, namespace))
    dataset = [_input(origin, "filtered", namespace) for origin in lineage.filters]
    return _facet("1-2-0/ColumnLineageDatasetFacet", fields=fields, dataset=dataset)


def _input(origin: str, how: str, namespace: str) -> dict[str, Any]:
    table, _, column = origin.rpartition(".")
    kind, subtype = _HOW[how]
    return {
        "namespace": namespace,
        "name": table,
        "field": column,
        "transformations": [{"type": kind, "subtype": subtype}],
    }


def _facet(schema: str, **values: Any) -> dict[str, Any]:
    version, _, name = schema.partition("/")
    return {"_producer": PRODUCER, "_schemaURL": f"{_FACETS}/{version}/{name}.json#/$defs/{name}", **values}
