"""What a process of Airflow knows of a project: the compiled plan beside the loader, and where the project's folder is."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from drawloom.frameworks.unplan import pipeline_of
from drawloom.model import Pipeline, Schedule, Step, Table, Where, refuse
from drawloom.run.job import Job
from drawloom.run.settings import Settings
from drawloom.run.warehouse import Warehouse
from drawloom.specs.env import unset

PROJECT = "project.json"
LOCATION = "location.json"
PIPELINES = "pipelines"


def folder_of(loader: str | Path) -> Path:
    """The folder of the plan that a loader reads: that of its own name, beside it."""
    return Path(loader).with_suffix("")


def variable(project: str) -> str:
    """The environment variable that says where the folder of a project is on this machine."""
    return "DRAWLOOM_PROJECT_" + re.sub(r"\W", "_", project).upper()


class Site:
    """A project as a worker sees it: without specs, as they were when the plan was compiled.

    Raises:
        InputError: the plan cannot be read, or the project's folder cannot be seen from here.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._data = _read(folder / PROJECT)
        name = self._data["settings"]["name"]
        root = os.environ.get(variable(name)) or _read(folder / LOCATION)["root"]
        self.settings = Settings.from_json(self._data["settings"], Path(root))
        self._check_visible()

    @cached_property
    def warehouse(self) -> Warehouse:
        """Its lake, sources, engine and registry."""
        return Warehouse(self.settings)

    def pipeline(self, name: str) -> Pipeline:
        """A pipeline of the plan."""
        data = _read(self.folder / PIPELINES / f"{name}.json")
        return pipeline_of(data["pipeline"], Where(data["spec"]), self._finder(data["spec"]))

    def job(self, pipeline: str, step: str, days: Sequence[date], *, force: bool = True) -> Job:
        """A step and the days it is to fill."""
        found = self.pipeline(pipeline)
        return Job(self.warehouse, self._read_by(found), found, step, days, force=force)

    def last_day(self, pipeline: str, day: date | None = None) -> date:
        """The newest day of history, up to this one, that names a partition of a pipeline."""
        found, end = self._known(pipeline), self.settings.last_day
        return found.schedule.last_run_day(min(day or end, found.until or end, end))

    def run_days(self, pipeline: str, first: date, last: date) -> list[date]:
        """The days of a range that name a partition of a pipeline.

        Raises:
            InputError: there is none.
        """
        days = self._known(pipeline).schedule.run_days(first, last)
        if not days:
            message = f"from == {first}, to == {last}, must hold a day that names a partition of {pipeline}."
            raise refuse("bad-range", message, None, "Give the earlier day as `from`.")
        return days

    def unset(self) -> list[str]:
        """The names of secrets in the settings that the environment does not have."""
        engine = self.settings.engine
        texts = [
            self.settings.lake,
            self.settings.registry or "",
            *(s.files or "" for s in self.settings.sources.values()),
        ]
        texts += [engine.url or "", engine.metastore or "", engine.location or "", *engine.settings.values()]
        return [name for text in texts for name in unset(text)]

    def close(self) -> None:
        """Let go of the engine and the registry."""
        if "warehouse" in self.__dict__:
            self.warehouse.close()

    def _read_by(self, pipeline: Pipeline) -> Iterator[Pipeline]:
        """Those that fill what a pipeline reads: every task asks, and a project may have thousands of others."""
        reads = {read.table for step in pipeline.steps for read in step.reads}
        reads |= {ranged.table for step in pipeline.steps for ranged in step.backfill_reads or ()}
        reads |= {read.table for step in pipeline.steps for check in step.checks for read in check.reads}
        for name, data in self._data["pipelines"].items():
            if not reads.isdisjoint(data["tables"]):
                yield self._known(name)

    def _known(self, name: str) -> Pipeline:
        """A pipeline of the project, with its tables and schedule only."""
        data = self._data["pipelines"][name]
        tables = data["tables"].items()
        steps = tuple(Step(table, Table(table, keep=keep, keep_month_ends=ends)) for table, (keep, ends) in tables)
        start, until = (date.fromisoformat(day) if day else None for day in (data["start"], data["until"]))
        return Pipeline(name, "", steps, Schedule.parse(data["schedule"]), start, until)

    def _finder(self, spec: str) -> Callable[[str], Callable[..., Any]]:
        """Finds functions by ``module:function``, where a Python spec is imported first."""

        def find(name: str) -> Callable[..., Any]:
            from drawloom.specs.python import import_spec, module_name

            module, _, function = name.partition(":")
            if module not in sys.modules and module_name(spec) not in sys.modules:
                import_spec(self.settings.root / spec, spec)
            found: Any = sys.modules.get(module) or import_module(module)
            for part in function.split("."):
                found = getattr(found, part)
            return found  # type: ignore[no-any-return]

        return find

    def _check_visible(self) -> None:
        settings, name = self.settings, self.settings.name
        paths = {"lake": settings.lake} | {
            f"sources.{n}.files": s.files for n, s in settings.sources.items() if s.files
        }
        relative = sorted(key for key, text in paths.items() if not _is_absolute(text))
        if relative and not settings.root.is_dir():
            message = f"project == {settings.root}, must be a folder that this process of Airflow can see."
            fix = (
                f"Share the folder of drawloom.yml with every worker and triggerer (it holds {', '.join(relative)}), "
                f"or say where it is on this machine: {variable(name)}=/its/path."
            )
            raise refuse("project-not-visible", message, None, fix)
        if "lake" not in relative and not unset(settings.lake) and not settings.lake_path.is_dir():
            message = f"lake == {settings.lake}, must be a folder that this process of Airflow can see."
            raise refuse(
                "project-not-visible", message, None, "Mount it on every worker and triggerer, or make it once."
            )


def _is_absolute(text: str) -> bool:
    return Path(text).is_absolute() or "://" in text or text.startswith("${")


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{path} == {type(error).__name__}: {error}, must be a compiled plan."
        raise refuse("bad-plan", message, None, "Run `drawloom airflow install` again.") from error
    return found
