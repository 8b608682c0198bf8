"""Alerts of anomalies in Airflow: the addresses of the spec are told of each once, and of none of a backfill."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from drawloom.airflow.operators import StepOperator
from drawloom.run.job import Job
from drawloom.run.project import Project
from tests.integration.airflow.conftest import Webhook
from tests.run.anomalies.test_incidents import HEALTH, LAST
from tests.run.anomalies.test_news import ALERTS, judged, write_project


def test_addresses_are_told_once(tmp_path: Path, hook: Webhook) -> None:
    operator = StepOperator(task_id="alerts", pipeline="health", step=ALERTS)
    day: Any = {"params": {}}
    backfill: Any = {"params": {"from": str(LAST), "to": str(LAST)}}
    with Project.load(write_project(tmp_path / "rides", f"{HEALTH}alerts: [webhook:pager]\n")) as project:
        step = judged(project)
        pipeline = next(p for p in project.pipelines if step in p.steps)
        job = Job(project, project.pipelines, pipeline, ALERTS, [LAST], day_reads=project.day_reads)
        operator._tell(backfill, job, {})
        assert hook.received == []
        operator._tell(day, job, {})
        (sent,) = hook.received
        text = json.loads(sent)["text"]
        assert text.startswith(f"health {LAST}: 2 alerts\nerror ")
        operator._tell(day, job, operator._alerts(day, job))  # as of a second run
        assert len(hook.received) == 1
