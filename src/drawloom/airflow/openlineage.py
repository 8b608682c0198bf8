"""What a task reads and has written, for Airflow's provider of OpenLineage, which asks its operators for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drawloom.airflow.deployed_project import read_lineage
from drawloom.run.openlineage import sql_facet, statistics_facet

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage


def task_lineage(
    folder: Path, pipeline: str, step: str, sql: str, partitions: Sequence[Mapping[str, Any]]
) -> OperatorLineage[Any, Any]:
    """The tables of a step as the plan in this folder has them, and, of a task that has run, its SQL and what was written.

    Raises:
        InputError: the plan was compiled by a drawloom that did not know of this.
    """
    from airflow.providers.openlineage.extractors import OperatorLineage
    from openlineage.client.event_v2 import InputDataset, OutputDataset

    known = read_lineage(folder, pipeline)[step]
    written: dict[str, Any] = {}
    if partitions:
        rows, size = (sum(partition[key] for partition in partitions) for key in ("rows", "bytes"))
        written["outputStatistics"] = statistics_facet(rows, size, len(partitions))
    return OperatorLineage(
        inputs=[InputDataset(**dataset) for dataset in known["inputs"]],
        outputs=[OutputDataset(**dataset, outputFacets=written) for dataset in known["outputs"]],
        job_facets={"sql": sql_facet(sql, known["dialect"])} if sql else {},
    )
