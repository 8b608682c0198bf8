"""The sensor that waits for exactly the days of a table that its downstream steps read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseSensorOperator, Context

from drawloom.airflow.dag_run import days_to_fill, open_deployed_project
from drawloom.airflow.triggers import PartitionTrigger

if TYPE_CHECKING:
    from drawloom.airflow.deployed_project import DeployedProject

POLL_INTERVAL = float(os.environ.get("DRAWLOOM_AIRFLOW_INTERVAL", "30"))  # seconds


class PartitionSensor(BaseSensorOperator):
    """Waits in the triggerer, without a worker slot, until the days of a table that some steps need have landed.

    Args:
        pipeline: the pipeline of the steps.
        table: the table to wait for.
        days: the days to wait for as text, relative to the day that is filled. Only shown: the sensor computes them.
        steps: the steps that will read them.
        poke_interval: seconds between two polls of the table.
    """

    template_fields: Sequence[str] = ("table", "days", "waiting_for")
    template_fields_renderers: ClassVar[dict[str, str]] = {"waiting_for": "json"}
    overwrite_rtif_after_execution = True
    ui_color = "#e6f1f2"

    def __init__(
        self,
        *,
        pipeline: str,
        table: str,
        days: str,
        steps: Sequence[str],
        poke_interval: float = POLL_INTERVAL,
        **kwargs: Any,
    ) -> None:
        super().__init__(poke_interval=poke_interval, **kwargs)
        self.pipeline = pipeline
        self.table = table
        self.days = days
        self.steps = list(steps)
        self.waiting_for: list[str] = []

    def execute(self, context: Context) -> None:
        """Poll once, then defer to the triggerer."""
        from drawloom.run.landing_probe import probe

        with open_deployed_project(self) as project:
            needed = self._needed_days(project, days_to_fill(context, project, self.pipeline))
            missing = probe(project.settings, self.table).missing(needed)
            self.waiting_for = [str(day) if day else "" for day in missing]
            if not missing:
                self.log.info("%s has landed: %s", self.table, format_days(needed))
                return
            self.log.info("waiting for %s: %s of %s days", self.table, len(missing), len(needed))
            self.log.info("missing: %s", format_days(missing))
            trigger = partition_trigger(project, self.table, needed, self.poke_interval)
        self.defer(trigger=trigger, method_name="landed", timeout=timedelta(seconds=self.timeout))

    def landed(self, context: Context, event: Any = None) -> None:  # noqa: ARG002 - Airflow's signature
        """Called when the trigger fires: all days have landed."""
        self.log.info("%s has landed", self.table)

    def _needed_days(self, project: DeployedProject, days: Sequence[date]) -> list[date | None]:
        """The days of the table that the steps need and that this run does not write itself."""
        needed: set[date | None] = set()
        for step in self.steps:
            job = project.job(self.pipeline, step, days)
            needed |= {
                ds for partition in job.plan.partitions for table, ds in partition.needs.required if table == self.table
            }
            if self.table in job.own_tables:
                needed -= set(days)
        return sorted(needed, key=lambda day: day or date.min)


def format_days(days: Sequence[date | None]) -> str:
    """Up to eleven days as a list; more as a count and a range."""
    texts = [str(day) if day else "the table" for day in days]
    return ", ".join(texts) if len(texts) < 12 else f"{len(texts)} days from {texts[0]} to {texts[-1]}"


def partition_trigger(
    project: DeployedProject, table: str, days: Sequence[date | None], interval: float
) -> PartitionTrigger:
    """A trigger for these days. It carries the project's settings: the triggerer has no plan to read."""
    texts = [day.isoformat() if day else None for day in days]
    return PartitionTrigger(str(project.settings.root), project.settings.to_json(), table, texts, interval)
