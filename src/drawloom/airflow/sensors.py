"""The sensor: waits for exactly the days of a table that the steps after it will read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseSensorOperator, Context

from drawloom.airflow.days import days_to_fill, site_of
from drawloom.airflow.triggers import PartitionTrigger

if TYPE_CHECKING:
    from drawloom.airflow.site import Site

INTERVAL = float(os.environ.get("DRAWLOOM_AIRFLOW_INTERVAL", "30"))  # seconds between two looks at a table


class PartitionSensor(BaseSensorOperator):
    """Waits without a worker until the days of a table that some steps need have landed.

    Args:
        pipeline: the pipeline of the steps.
        table: the table to wait for.
        days: the days as people read them, counted from the day that is filled; which they are is worked out then.
        steps: the steps that will read them.
        poke_interval: seconds between two looks at the table.
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
        poke_interval: float = INTERVAL,
        **kwargs: Any,
    ) -> None:
        super().__init__(poke_interval=poke_interval, **kwargs)
        self.pipeline = pipeline
        self.table = table
        self.days = days
        self.steps = list(steps)
        self.waiting_for: list[str] = []

    def execute(self, context: Context) -> None:
        """Look once, then wait in the triggerer."""
        from drawloom.run.watch import look

        with site_of(self) as site:
            needed = self._needed(site, days_to_fill(context, site, self.pipeline))
            missing = look(site.settings, self.table).missing(needed)
            self.waiting_for = [str(day) if day else "" for day in missing]
            if not missing:
                self.log.info("%s has landed: %s", self.table, listed(needed))
                return
            self.log.info("waiting for %s: %s of %s days", self.table, len(missing), len(needed))
            self.log.info("missing: %s", listed(missing))
            trigger = waiting(site, self.table, needed, self.poke_interval)
        self.defer(trigger=trigger, method_name="landed", timeout=timedelta(seconds=self.timeout))

    def landed(self, context: Context, event: Any = None) -> None:  # noqa: ARG002 - Airflow's signature
        """The triggerer has seen the days."""
        self.log.info("%s has landed", self.table)

    def _needed(self, site: Site, days: Sequence[date]) -> list[date | None]:
        """The days of the table that the steps need and that this very run does not make."""
        needed: set[date | None] = set()
        for step in self.steps:
            job = site.job(self.pipeline, step, days)
            needed |= {ds for cell in job.plan.cells for table, ds in cell.needs.required if table == self.table}
            if self.table in job.own_tables:
                needed -= set(days)
        return sorted(needed, key=lambda day: day or date.min)


def listed(days: Sequence[date | None]) -> str:
    """A few days as they are, many by their ends."""
    texts = [str(day) if day else "the table" for day in days]
    return ", ".join(texts) if len(texts) < 12 else f"{len(texts)} days from {texts[0]} to {texts[-1]}"


def waiting(site: Site, table: str, days: Sequence[date | None], interval: float) -> PartitionTrigger:
    """What waits for these days in the triggerer, which knows the project by its settings only."""
    texts = [day.isoformat() if day else None for day in days]
    return PartitionTrigger(str(site.settings.root), site.settings.to_json(), table, texts, interval)
