"""Builds DAGs from compiled JSON. Parsing must stay quick: neither the compiler nor an engine is imported here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk import DAG, Asset, CronPartitionTimetable, Param, TaskGroup, get_parsing_context
from airflow.sdk.definitions.param import ParamsDict

from drawloom.airflow.alerts import FailureNotifier, deadline
from drawloom.airflow.operators import StepOperator
from drawloom.airflow.sensors import PartitionSensor
from drawloom.airflow.timetable import EndedPeriodTimetable

KEY_FORMAT = "%Y-%m-%d"


def build_dags(loader: str) -> dict[str, DAG]:
    """The DAGs of the plan beside a loader, by the variable name they get; in a task, only the DAG of that task."""
    folder = Path(loader).with_suffix("")
    project = json.loads((folder / "project.json").read_text(encoding="utf-8"))
    prefix, names = project["prefix"], project["pipelines"]
    dag_id = get_parsing_context().dag_id
    if dag_id is not None:
        names = [dag_id.removeprefix(prefix)]
    files = [folder / "pipelines" / f"{name}.json" for name in sorted(names)]
    plans = (json.loads(file.read_text(encoding="utf-8")) for file in files if file.is_file())
    return {f"dag_{number}": build_dag(plan, project["settings"]["name"], loader) for number, plan in enumerate(plans)}


def build_dag(plan: Mapping[str, Any], project: str, loader: str) -> DAG:
    """The DAG of one pipeline. Its ``fileloc`` is the loader."""
    data = plan["dag"]
    with DAG(
        data["id"],
        description=data["description"],
        schedule=_timetable(data),
        start_date=_local_time(data, data["start"], time()),
        end_date=_local_time(data, data["end"], time(23, 59, 59)) if data["end"] else None,
        catchup=False,
        tags=data["tags"],
        doc_md=data["doc"],
        on_failure_callback=FailureNotifier(data["alerts"]) if data["alerts"] else None,
        deadline=deadline(data["alerts"], data["deadline"]) if data["deadline"] else None,
        default_args=_default_args(data),
    ) as dag:
        _add_tasks(data, plan["pipeline"]["name"], project)
    dag.fileloc = loader
    dag.params = ParamsDict(_params())  # set last: each task would get a copy otherwise
    return dag


def _add_tasks(data: Mapping[str, Any], pipeline: str, project: str) -> None:
    assets = {step["table"]: table_asset(project, step.get("asset", step["table"])) for step in data["steps"]}
    tasks: dict[str, Any] = {}
    for wait in data["waits"]:
        table = wait["table"]
        tasks[wait["id"]] = PartitionSensor(
            task_id=wait["id"],
            pipeline=pipeline,
            table=table,
            days=wait["days"],
            steps=wait["steps"],
            inlets=[assets.get(table) or table_asset(project, table)],
        )
    groups = {name: TaskGroup(name, prefix_group_id=False) for name in _groups(data)}
    for step in data["steps"]:
        tasks[step["name"]] = StepOperator(
            task_id=step["name"],
            pipeline=pipeline,
            step=step["name"],
            outlets=[assets[step["table"]]],
            owner=step["owner"],
            doc_md=step["doc"] or None,
            **({"task_group": groups[step["group"]]} if step["group"] else {}),
        )
    for step in data["steps"]:
        before = [*step["after"], *step["waits"]]
        if before:
            tasks[step["name"]].set_upstream([tasks[name] for name in before])


def _groups(data: Mapping[str, Any]) -> list[str]:
    return sorted({step["group"] for step in data["steps"] if step["group"]})


def table_asset(project: str, table: str) -> Asset:
    """The asset of a table. Other DAGs refer to it by the table's name."""
    return Asset(name=table, uri=f"drawloom://{project}/{table.replace('.', '/')}", group="drawloom")


def _default_args(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "owner": data["owner"],
        "retries": data["retries"],
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=30),
    }


def _timetable(data: Mapping[str, Any]) -> Any:
    if data["grain"] == "day":
        return CronPartitionTimetable(data["cron"], timezone=data["timezone"], run_offset=-1, key_format=KEY_FORMAT)
    return EndedPeriodTimetable(data["cron"], timezone=data["timezone"], key_format=KEY_FORMAT)


def _local_time(data: Mapping[str, Any], day: str, clock: time) -> datetime:
    return datetime.combine(datetime.fromisoformat(day), clock, ZoneInfo(data["timezone"]))


def _params() -> dict[str, Param]:
    day: dict[str, Any] = {"type": ["null", "string"], "format": "date"}
    return {
        "from": Param(None, title="From", description="The first day of a range to fill in one run.", **day),
        "to": Param(None, title="To", description="The last day of the range.", **day),
        "force": Param(False, type="boolean", title="Force", description="Fill fresh days of the range too."),
    }
