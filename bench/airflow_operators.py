"""An operator and a sensor with the fields of drawloom's, as a team that writes its DAGs by hand would have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from airflow.sdk import BaseOperator, BaseSensorOperator, Context


class RunStep(BaseOperator):
    """Fills partitions of one table."""

    template_fields: Sequence[str] = ("days", "sql", "partitions")
    template_fields_renderers: ClassVar[dict[str, str]] = {"sql": "sql", "partitions": "json"}
    overwrite_rtif_after_execution = True
    ui_color = "#dff3e4"

    def __init__(self, *, pipeline: str, step: str, **kwargs: Any) -> None:
        super().__init__(**{"trigger_rule": "none_failed", **kwargs})
        self.pipeline = pipeline
        self.step = step
        self.days = ""
        self.sql = ""
        self.partitions: list[dict[str, Any]] = []

    def execute(self, context: Context) -> None:
        """Do nothing: only what a scheduler reads of the task is measured."""


class WaitFor(BaseSensorOperator):
    """Waits for days of a table."""

    template_fields: Sequence[str] = ("table", "days", "waiting_for")
    template_fields_renderers: ClassVar[dict[str, str]] = {"waiting_for": "json"}
    overwrite_rtif_after_execution = True
    ui_color = "#e6f1f2"

    def __init__(self, *, pipeline: str, table: str, days: str, steps: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**{"poke_interval": 30.0, **kwargs})
        self.pipeline = pipeline
        self.table = table
        self.days = days
        self.steps = list(steps)
        self.waiting_for: list[str] = []

    def execute(self, context: Context) -> None:
        """Do nothing: only what a scheduler reads of the task is measured."""
