"""What a task reads and has written, for Airflow's provider of OpenLineage, which asks its operators for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drawloom.airflow.deployed_project import plan_folder, read_lineage
from drawloom.run.openlineage import sql_facet, statistics_facet

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage

    from drawloom.airflow.operators import StepOperator


def task_lineage(task: StepOperator) -> OperatorLineage:
    """The tables of a step as the plan has them, and, of a task that has run, its SQL and how much was written.

    Raises:
        InputError: the plan was compiled by a drawloom that did not know of this.
    """
    from airflow.providers.openlineage.extractors import OperatorLineage
    from openlineage.client.event_v2 import InputDataset, OutputDataset

    dag = task.dag
    assert dag is not None, task
    known = read_lineage(plan_folder(dag.fileloc), task.pipeline)[task.step]
    written: dict[str, Any] = {}
    if task.partitions:
        rows, size = (sum(partition[key] for partition in task.partitions) for key in ("rows", "bytes"))
        written["outputStatistics"] = statistics_facet(rows, size, len(task.partitions))
    return OperatorLineage(
        inputs=[InputDataset(**dataset) for dataset in known["inputs"]],
        outputs=[OutputDataset(**dataset, outputFacets=written) for dataset in known["outputs"]],
        job_facets={"sql": sql_facet(task.sql, known["dialect"])} if task.sql else {},
    )
