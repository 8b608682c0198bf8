"""The operator: one step, for the day or the range of its run, by the same code as ``drawloom run``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

from drawloom.airflow.days import days_to_fill, is_range, site_of
from drawloom.airflow.sensors import INTERVAL, listed, waiting
from drawloom.model import RunError

if TYPE_CHECKING:
    from drawloom.airflow.site import Site
    from drawloom.run.job import Job
    from drawloom.run.local import Result

WAIT = timedelta(days=7)  # as long as Airflow's sensors wait


class StepOperator(BaseOperator):
    """Fills partitions of one table.

    The SQL is not in the DAG: it is rendered when the task runs, and shown with what was written under Rendered
    Templates.

    Args:
        pipeline: the pipeline of the plan.
        step: its step.
    """

    template_fields: Sequence[str] = ("days", "sql", "partitions")
    template_fields_renderers: ClassVar[dict[str, str]] = {"sql": "sql", "partitions": "json"}
    overwrite_rtif_after_execution = True
    ui_color = "#dff3e4"

    def __init__(self, *, pipeline: str, step: str, **kwargs: Any) -> None:
        super().__init__(**{"trigger_rule": "none_failed", **kwargs})  # a day that is skipped is there already
        self.pipeline = pipeline
        self.step = step
        self.days = ""
        self.sql = ""
        self.partitions: list[dict[str, Any]] = []
        self._job: Job | None = None

    def execute(self, context: Context, event: Any = None) -> None:  # noqa: ARG002 - as it is called when resumed
        """Wait for what is missing, else fill the days and tell what was written."""
        with site_of(self) as site:
            self._fill(context, site)

    def _fill(self, context: Context, site: Site) -> None:
        days = days_to_fill(context, site, self.pipeline)
        force = not is_range(context) or bool(context["params"]["force"])
        job = site.job(self.pipeline, self.step, days, force=force)
        self.days = str(days[0]) if len(days) == 1 else f"{days[0]} to {days[-1]}"
        if missing := job.missing:
            self._wait(site, missing)
        todo = job.plan.todo
        if not todo:
            raise AirflowSkipException(f"{job.table} {self.days}: {job.plan.cells[0].reason or 'all days are fresh'}")
        self.sql = job.text(todo[-1])
        self.log.info("%s: %s of %s days\n%s", job.table, len(todo), len(days), self.sql)
        self._run(context, job)

    def on_kill(self) -> None:
        """Stop the query that runs, wherever it runs."""
        if self._job:
            self._job.interrupt()

    def _run(self, context: Context, job: Job) -> None:
        ti = context["ti"]
        self._job = job
        summary = job.run(self._tell, last_try=ti.try_number > ti.max_tries)
        failed = [result for result in summary.results if result.outcome in {"failed", "blocked"}]
        self.partitions = job.records(summary)
        if len(self.partitions) == 1:
            self.log.info("partition %s", json.dumps(self.partitions[0], sort_keys=True))
        if failed:
            raise AirflowException("\n".join(f"{r.table} {r.ds}: {r.error or r.outcome}" for r in failed))
        for table_day in job.drop_expired():
            self.log.info("dropped %s %s: it is not kept any longer", job.table, table_day)
        try:
            job.sweep()
        except RunError as error:
            self.log.warning("what is left over could not be removed: %s", error)
        self._emit(context, job)

    def _tell(self, result: Result) -> None:
        self.log.info("%s %s %s: %s rows, %.2f s", result.table, result.ds, result.outcome, result.rows, result.seconds)
        for warning in result.warnings:
            self.log.warning("%s", warning)

    def _emit(self, context: Context, job: Job) -> None:
        """Keyed events of the table: those who schedule on it get one for each day that was filled."""
        if not self.partitions:
            raise AirflowSkipException(f"{job.table} {self.days}: nothing had to be written")
        (outlet,) = self.outlets
        event = context["outlet_events"][outlet]
        event.add_partitions([record["ds"] for record in self.partitions])
        if len(self.partitions) == 1:
            event.extra = {key: self.partitions[0][key] for key in ("rows", "content")}

    def _wait(self, site: Site, missing: Sequence[tuple[str, Any]]) -> None:
        table = missing[0][0]
        days = [ds for name, ds in missing if name == table]
        self.log.info("waiting for %s: %s", table, listed(days))
        self.defer(trigger=waiting(site, table, days, INTERVAL), method_name="execute", timeout=WAIT)
