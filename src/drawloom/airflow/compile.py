"""A project -> the files of its plan: canonical JSON, the same bytes on every machine, that a DAG file only has to read."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from drawloom.airflow.docs import page
from drawloom.airflow.site import PIPELINES, PROJECT
from drawloom.frameworks.plan import plan_of
from drawloom.model import Days, InputError, Pipeline, Problem, Read, Schedule, Step, errors

if TYPE_CHECKING:
    from drawloom.run.project import Project

FORMAT = 1
MANY_STEPS = 30  # from which on the steps of a DAG are grouped by schema
AT_LEAST = 2  # retries: a worker of Airflow may be lost for reasons that have nothing to do with the step


@dataclass(frozen=True, slots=True)
class Files:
    """The plan of a project.

    ``project`` is its settings and tables; ``pipelines`` maps name -> text. ``broken`` maps the file of a spec that
    cannot be compiled to what is wrong with it.
    """

    name: str
    project: str
    pipelines: Mapping[str, str]
    broken: Mapping[str, Sequence[Problem]] = field(default_factory=dict)


def compile_files(project: Project, prefix: str) -> Files:
    """The plan of a project; a spec that is broken does not take the others down.

    Args:
        project: whose specs to compile.
        prefix: what the ids of its DAGs begin with.

    Raises:
        InputError: something is wrong that belongs to no spec.
    """
    broken = _broken(project.check())
    whole = [pipeline for pipeline in project.pipelines if pipeline.spec.file not in broken]
    settings = project.settings
    last = settings.end
    texts = {}
    for pipeline in whole:
        spec = _relative(pipeline)
        text = (settings.root / spec).read_text(encoding="utf-8") if spec else ""
        dag = dag_of(pipeline, prefix, settings.name, settings.start, last) | {"timezone": settings.timezone}
        dag["doc"] = page(pipeline, dag["id"], spec, text)
        texts[pipeline.name] = _json({"dag": dag, "pipeline": plan_of(pipeline), "spec": spec})
    index = {pipeline.name: _entry(pipeline) for pipeline in whole}
    head = {"format": FORMAT, "prefix": prefix, "settings": settings.to_json(), "pipelines": index}
    return Files(settings.name, _json(head), texts, broken)


def files_of(files: Files, pipelines: Iterable[str]) -> dict[str, str]:
    """The files of one loader: path in its folder -> text."""
    return {PROJECT: files.project} | {f"{PIPELINES}/{name}.json": files.pipelines[name] for name in pipelines}


def _broken(problems: Iterable[Problem]) -> dict[str, list[Problem]]:
    found: dict[str, list[Problem]] = defaultdict(list)
    for problem in errors(problems):
        if not problem.where.file or problem.where.file == "drawloom.yml":
            raise InputError(problem)
        found[problem.where.file].append(problem)
    return dict(found)


def _relative(pipeline: Pipeline) -> str:
    path = PurePath(pipeline.spec.file or "")
    return "" if path.is_absolute() or not path.name else path.as_posix()


def _entry(pipeline: Pipeline) -> dict[str, Any]:
    return {
        "schedule": pipeline.schedule.text,
        "start": pipeline.start,
        "until": pipeline.until,
        "tables": {table: [step.into.keep, step.into.keep_month_ends] for table, step in pipeline.tables.items()},
    }


def dag_of(pipeline: Pipeline, prefix: str, project: str, start: date, end: date | None) -> dict[str, Any]:
    """What the DAG of a pipeline is made of, in a project whose history has this start and end."""
    first = max(pipeline.start or start, start)
    last = min((day for day in (pipeline.until, end) if day), default=None)
    waits = _waits(pipeline)
    return {
        "id": f"{prefix}{pipeline.name}",
        "description": (pipeline.description.strip() or f"{pipeline.kind} of {pipeline.name}").splitlines()[0],
        "tags": sorted({"drawloom", project, pipeline.kind}),
        "owner": pipeline.owner,
        "retries": max(pipeline.retries, AT_LEAST),
        "cron": _cron(pipeline.schedule),
        "grain": pipeline.schedule.grain,
        # The run that fills a day comes when the day is over.
        "start": (first + timedelta(days=1)).isoformat(),
        "end": (last + timedelta(days=1)).isoformat() if last else None,
        "alerts": list(pipeline.alerts),
        "deadline": _deadline(pipeline),
        "waits": [wait.to_json() for wait in waits],
        "steps": [_step(step, pipeline, waits) for step in pipeline.order],
    }


_FROM_TODAY = Days.span(0, None)
_DEADLINES = {"week": 7, "month": 31}


def _deadline(pipeline: Pipeline) -> int | None:
    """Seconds; who asked to hear of failures, and named no deadline, hears when the next run is due."""
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
        "group": step.into.name.partition(".")[0] if len(pipeline.steps) > MANY_STEPS else None,
        "after": [before for before, after in pipeline.edges if after == step.name],
        "waits": [wait.id for wait in waits if step.name in wait.steps],
    }


@dataclass(slots=True)
class _Wait:
    """One sensor: a table, the days as people read them, and the steps that need them."""

    table: str
    days: str
    id: str = ""
    steps: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "table": self.table, "days": self.days, "steps": self.steps}


def _waits(pipeline: Pipeline) -> list[_Wait]:
    """What the steps need that no step makes on the same run: one for each table and set of days."""
    found: dict[tuple[str, str], _Wait] = {}
    for step in pipeline.order:
        for table, days in _needs(step, pipeline):
            found.setdefault((table, days), _Wait(table, days)).steps.append(step.name)
    waits = [found[key] for key in sorted(found)]
    tables = [wait.table for wait in waits]
    for wait in waits:
        several = tables.count(wait.table) > 1
        wait.id = f"wait.{wait.table}" + (f".{wait.days.replace(',', '_').replace('*', '_')}" if several else "")
    return waits


def _needs(step: Step, pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    for read in step.reads:
        if read.table in step.depends_on:
            wanted = step.depends_on[read.table]
            if wanted is not None:
                yield read.table, str(wanted)
        elif read.table not in pipeline.tables or read.how != "offset":
            yield read.table, _days(read)
        elif past := read.days - _FROM_TODAY:
            yield read.table, str(past)


def _days(read: Read) -> str:
    """The days as people read them; what is waited for is worked out when the run comes."""
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
