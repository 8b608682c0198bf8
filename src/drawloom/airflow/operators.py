"""The operator that runs one step for the day or range of its DAG run, with the same code as ``drawloom run``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

from drawloom.airflow.dag_run import days_to_fill, is_range, open_deployed_project
from drawloom.airflow.sensors import POLL_INTERVAL, format_days, partition_trigger
from drawloom.model import RunError

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage

    from drawloom.airflow.deployed_project import DeployedProject
    from drawloom.run.job import Job
    from drawloom.run.local_runner import Result

WAIT_TIMEOUT = timedelta(days=7)  # the default of Airflow's sensors


class StepOperator(BaseOperator):
    """Fills partitions of one table.

    The SQL is not part of the DAG: it is rendered when the task runs. Airflow shows it, and the partitions that were
    written, under Rendered Templates.

    Args:
        pipeline: the pipeline of the plan.
        step: its step.
    """

    template_fields: Sequence[str] = ("days", "sql", "partitions")
    template_fields_renderers: ClassVar[dict[str, str]] = {"sql": "sql", "partitions": "json"}
    overwrite_rtif_after_execution = True
    ui_color = "#dff3e4"

    def __init__(self, *, pipeline: str, step: str, **kwargs: Any) -> None:
        super().__init__(**{"trigger_rule": "none_failed", **kwargs})  # a skipped task found its day fresh
        self.pipeline = pipeline
        self.step = step
        self.days = ""
        self.sql = ""
        self.partitions: list[dict[str, Any]] = []
        self._job: Job | None = None

    def execute(self, context: Context, event: Any = None) -> None:  # noqa: ARG002 - Airflow passes it when the task resumes
        """Fill the days, or defer while an input is missing."""
        with open_deployed_project(self) as project:
            self._fill(context, project)

    def _fill(self, context: Context, project: DeployedProject) -> None:
        days = days_to_fill(context, project, self.pipeline)
        request = bool(context["params"]["force"])
        job = project.job(self.pipeline, self.step, days, force=request or not is_range(context), request=request)
        self.days = str(days[0]) if len(days) == 1 else f"{days[0]} to {days[-1]}"
        if missing := job.missing:
            self._defer_until(project, missing)
        todo = job.plan.todo
        if not todo:
            raise AirflowSkipException(
                f"{job.table} {self.days}: {job.plan.partitions[0].reason or 'all days are fresh'}"
            )
        self.sql = job.sql(todo[-1])
        self.log.info("%s: %s of %s days\n%s", job.table, len(todo), len(days), self.sql)
        self._run(context, job)

    def get_openlineage_facets_on_start(self) -> OperatorLineage[Any, Any]:
        """The tables that the task reads and fills; the provider of OpenLineage asks for it where that is installed."""
        from drawloom.airflow.deployed_project import plan_folder
        from drawloom.airflow.openlineage import task_lineage

        assert self.dag is not None, self
        folder = plan_folder(self.dag.fileloc)
        return task_lineage(folder, self.pipeline, self.step, self.sql, self.partitions)

    def get_openlineage_facets_on_complete(self, task_instance: object) -> OperatorLineage[Any, Any]:  # noqa: ARG002 - as it asks
        """The same with the SQL and how much was written, also where the task has failed after some days."""
        return self.get_openlineage_facets_on_start()

    def on_kill(self) -> None:
        """Cancel the running query, on whatever engine it runs."""
        if self._job:
            self._job.interrupt()

    def _run(self, context: Context, job: Job) -> None:
        ti = context["ti"]
        self._job = job
        told = self._alerts(context, job)
        summary = job.run(self._log_result, last_try=ti.try_number > ti.max_tries)
        failed = [result for result in summary.results if result.outcome in {"failed", "skipped"}]
        self.partitions = job.records(summary)
        if len(self.partitions) == 1:
            self.log.info("partition %s", json.dumps(self.partitions[0], sort_keys=True))
        if failed:
            raise AirflowException("\n".join(f"{r.table} {r.ds}: {r.error or r.outcome}" for r in failed))
        self._tell(context, job, told)
        for ds in job.drop_expired():
            self.log.info("dropped %s %s: it has expired", job.table, ds)
        try:
            job.sweep()
        except RunError as error:
            self.log.warning("leftover staging files could not be removed: %s", error)
        self._emit_asset_events(context, job)

    def _alerts(self, context: Context, job: Job) -> dict[str, Mapping[str, Any]]:
        """The alerts of the day so far; none of a step that has none, or of a range, which is a backfill."""
        if not job.alerts or is_range(context):
            return {}
        from drawloom.run.anomalies.news import has_alerts, new_alerts

        return new_alerts(job.warehouse, job.step, job.days[-1]) if has_alerts(job.step) else {}

    def _tell(self, context: Context, job: Job, told: Mapping[str, object]) -> None:
        """Tell the addresses of the pipeline of the alerts that a run has found and that were not there before it."""
        found = [alert for id, alert in self._alerts(context, job).items() if id not in told]  # noqa: A001
        if found:
            from drawloom.airflow.alerts import tell
            from drawloom.run.anomalies.news import message

            tell(job.alerts, message(self.pipeline, job.days[-1], found), context, self.log)

    def _log_result(self, result: Result) -> None:
        self.log.info("%s %s %s: %s rows, %.2f s", result.table, result.ds, result.outcome, result.rows, result.seconds)
        for warning in result.warnings:
            self.log.warning("%s", warning)

    def _emit_asset_events(self, context: Context, job: Job) -> None:
        """One asset event with a partition key for each day that was filled, for DAGs that are scheduled on the table."""
        if not self.partitions:
            raise AirflowSkipException(f"{job.table} {self.days}: nothing had to be written")
        (outlet,) = self.outlets
        event = context["outlet_events"][outlet]
        event.add_partitions([record["ds"] for record in self.partitions])
        if len(self.partitions) == 1:
            event.extra = {key: self.partitions[0][key] for key in ("rows", "content")}

    def _defer_until(self, project: DeployedProject, missing: Sequence[tuple[str, Any]]) -> None:
        table = missing[0][0]
        days = [ds for name, ds in missing if name == table]
        self.log.info("waiting for %s: %s", table, format_days(days))
        self.defer(
            trigger=partition_trigger(project, table, days, POLL_INTERVAL), method_name="execute", timeout=WAIT_TIMEOUT
        )
