"""Compiles a project to plan files: canonical JSON that a DAG file only has to load, the same bytes on every machine."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from drawloom.airflow.deployed_project import LINEAGE, PIPELINES, PROJECT
from drawloom.airflow.doc_md import dag_page
from drawloom.frameworks.pipeline_json import pipeline_to_dict
from drawloom.model import Days, Pipeline, Problem, Read, Schedule, Step
from drawloom.run.broken_specs import broken_specs
from drawloom.run.openlineage import step_datasets
from drawloom.run.table_catalog import catalog_json, declared_catalog

if TYPE_CHECKING:
    from drawloom.run.project import Project
    from drawloom.run.settings import EnvironmentSettings

FORMAT = 1
MAX_UNGROUPED_STEPS = 30  # the steps of a larger DAG are grouped by schema
MIN_RETRIES = 2  # a worker may be lost for reasons that have nothing to do with the step


@dataclass(frozen=True, slots=True)
class PlanFiles:
    """The plan of a project.

    Attributes:
        name: the project's name.
        project: the text of project.json, its settings and tables.
        pipelines: pipeline name -> the text of its file.
        lineage: pipeline name -> the text of the file with the datasets of its steps.
        broken: the path of a spec that does not compile -> its problems.
    """

    name: str
    project: str
    pipelines: Mapping[str, str]
    lineage: Mapping[str, str]
    broken: Mapping[str, Sequence[Problem]] = field(default_factory=dict)


def compile_files(project: Project, prefix: str) -> PlanFiles:
    """The plan of a project. A broken spec does not keep the others from compiling.

    Args:
        project: whose specs to compile.
        prefix: what the ids of its DAGs begin with.

    Raises:
        InputError: there is a problem that belongs to no spec, such as one in drawloom.yml.
    """
    broken = broken_specs(project.check())
    valid = project.planned_pipelines
    settings, start = project.settings, project.history.filled_from or project.settings.start
    last = settings.end
    texts = {}
    for pipeline in valid:
        spec = _spec_path(pipeline)
        text = (settings.root / spec).read_text(encoding="utf-8") if spec else ""
        dag = dag_definition(pipeline, prefix, settings.deployed_name, start, last) | {"timezone": settings.timezone}
        dag["doc"] = dag_page(pipeline, spec, text)
        if settings.environment:
            _name_assets(dag["steps"], settings.environment)
        plan = {"dag": dag, "pipeline": pipeline_to_dict(pipeline), "spec": spec}
        texts[pipeline.name] = _json(plan | _catalog(project, pipeline))
    index = {pipeline.name: _index_entry(pipeline) for pipeline in valid}
    head = {"format": FORMAT, "prefix": prefix, "settings": settings.to_json(), "pipelines": index}
    lineage = {pipeline.name: _json(_datasets(project, pipeline)) for pipeline in valid}
    return PlanFiles(settings.deployed_name, _json(head), texts, lineage, broken)


def _datasets(project: Project, pipeline: Pipeline) -> dict[str, Any]:
    """The datasets of each step; those of an environment by the names of the tables that store its partitions."""
    environment = project.settings.environment
    stored = {table: name for table, (name, _) in environment.tables.items()} if environment else {}
    return {
        step.name: _renamed(step_datasets(project, pipeline, step), stored) | {"dialect": step.dialect}
        for step in pipeline.order
    }


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """Datasets with other names, also where facets name them."""
    if isinstance(value, list):
        return [_renamed(one, names) for one in value]
    if not isinstance(value, dict):
        return value
    renamed = {key: _renamed(one, names) for key, one in value.items()}
    return renamed | {"name": names.get(value["name"], value["name"])} if "namespace" in value else renamed


def _name_assets(steps: Iterable[dict[str, Any]], environment: EnvironmentSettings) -> None:
    """Name the assets of an environment by the tables that store its partitions: readers of production do not start."""
    for step in steps:
        step["asset"] = environment.tables[step["table"]][0]


def _catalog(project: Project, pipeline: Pipeline) -> dict[str, Any]:
    """What a worker must know of tables to find out which days a run reads, where the plan's rules may not hold."""
    if not any(step.days_vary for step in pipeline.steps):
        return {}
    tables = {read.table for step in pipeline.steps for read in step.reads} | set(pipeline.tables)
    return {"catalog": catalog_json(declared_catalog(project.config, project.pipelines), tables)}


def loader_files(files: PlanFiles, pipelines: Iterable[str]) -> dict[str, str]:
    """The files of one loader: path in the folder beside it -> text."""
    texts = {PIPELINES: files.pipelines, LINEAGE: files.lineage}
    return {PROJECT: files.project} | {f"{kind}/{n}.json": of[n] for kind, of in texts.items() for n in pipelines}


def _spec_path(pipeline: Pipeline) -> str:
    path = PurePath(pipeline.spec.file or "")
    return "" if path.is_absolute() or not path.name else path.as_posix()


def _index_entry(pipeline: Pipeline) -> dict[str, Any]:
    return {
        "schedule": pipeline.schedule.text,
        "start": pipeline.start,
        "until": pipeline.until,
        "tables": {table: [step.into.keep, step.into.keep_month_ends] for table, step in pipeline.tables.items()},
    }


def dag_definition(pipeline: Pipeline, prefix: str, project: str, start: date, end: date | None) -> dict[str, Any]:
    """The DAG of a pipeline as JSON, in a project whose history has this start and end."""
    first = max(pipeline.start or start, start)
    last = min((day for day in (pipeline.until, end) if day), default=None)
    waits = _waits(pipeline)
    return {
        "id": f"{prefix}{pipeline.name}",
        "description": (pipeline.description.strip() or f"{pipeline.kind} of {pipeline.name}").splitlines()[0],
        "tags": sorted({"drawloom", project, pipeline.kind, *pipeline.tags}),
        "owner": pipeline.owner,
        "retries": max(pipeline.retries, MIN_RETRIES),
        "cron": _cron(pipeline.schedule),
        "grain": pipeline.schedule.grain,
        # The run that fills a day starts when that day is over.
        "start": (first + timedelta(days=1)).isoformat(),
        "end": (last + timedelta(days=1)).isoformat() if last else None,
        "alerts": list(pipeline.alerts),
        "deadline": _deadline_seconds(pipeline),
        "waits": [wait.to_json() for wait in waits],
        "steps": [_step(step, pipeline, waits) for step in pipeline.order],
    }


_FROM_TODAY = Days.span(0, None)
_DEADLINES = {"week": 7, "month": 31}


def _deadline_seconds(pipeline: Pipeline) -> int | None:
    """The deadline in seconds. With alerts but no deadline it is when the next run is due."""
    if pipeline.deadline:
        return int(pipeline.deadline.total_seconds())
    return _DEADLINES.get(pipeline.schedule.grain, 1) * 86_400 if pipeline.alerts else None


def _cron(schedule: Schedule) -> str:
    if not schedule.text.startswith("@"):
        return schedule.text
    return {"week": "0 0 * * 1", "month": "0 0 1 * *"}.get(schedule.grain, "0 0 * * *")


def _step(step: Step, pipeline: Pipeline, waits: Sequence[_Wait]) -> dict[str, Any]:
    return {
        "name": step.name,
        "table": step.into.name,
        "owner": step.into.owner or pipeline.owner,
        "doc": step.into.description.strip(),
        "group": step.into.name.partition(".")[0] if len(pipeline.steps) > MAX_UNGROUPED_STEPS else None,
        "after": [before for before, after in pipeline.edges if after == step.name],
        "waits": [wait.id for wait in waits if step.name in wait.steps],
    }


@dataclass(slots=True)
class _Wait:
    """One sensor: a table, the days as text, and the steps that need them."""

    table: str
    days: str
    id: str = ""
    steps: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "table": self.table, "days": self.days, "steps": self.steps}


def _waits(pipeline: Pipeline) -> list[_Wait]:
    """The sensors of a pipeline: one for each table and set of days that the steps read and the run does not write."""
    found: dict[tuple[str, str], _Wait] = {}
    for step in pipeline.order:
        for table, days in _waited_days(step, pipeline):
            found.setdefault((table, days), _Wait(table, days)).steps.append(step.name)
    waits = [found[key] for key in sorted(found)]
    tables = [wait.table for wait in waits]
    for wait in waits:
        several = tables.count(wait.table) > 1
        wait.id = f"wait.{wait.table}" + (f".{wait.days.replace(',', '_').replace('*', '_')}" if several else "")
    return waits


def _waited_days(step: Step, pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    for read in step.reads:
        if read.table in step.depends_on:
            days = step.depends_on[read.table]
            if days is not None:
                yield read.table, str(days)
        elif read.table not in pipeline.tables or read.how != "offset":
            yield read.table, _days_text(read)
        elif past := read.days - _FROM_TODAY:
            yield read.table, str(past)


def _days_text(read: Read) -> str:
    """The days of a read as text. The sensor computes the actual days when it runs."""
    if read.how == "offset":
        return str(read.days)
    return {"fixed": "fixed", "calendar": "calendar"}.get(read.how, "all")


def _json(value: Any) -> str:
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False, default=_iso)
    return text + "\n"


def _iso(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{value!r} has no canonical form")
