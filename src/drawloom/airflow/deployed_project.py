"""A project as Airflow's processes see it: the compiled plan beside the loader, and where the project's folder is."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from drawloom.frameworks.pipeline_json import pipeline_from_dict
from drawloom.model import Pipeline, Schedule, Step, Table, Where, refuse
from drawloom.run.day_reads import DayReads
from drawloom.run.job import Job
from drawloom.run.settings import Settings
from drawloom.run.table_catalog import add_columns, family_entry
from drawloom.run.warehouse import Warehouse
from drawloom.specs.env import unset_variables
from drawloom.sql.catalog import load_catalog

PROJECT = "project.json"
LOCATION = "location.json"
PIPELINES = "pipelines"
LINEAGE = "lineage"


def plan_folder(loader: str | Path) -> Path:
    """The folder of the plan that a loader reads: it lies beside the loader and has the same name."""
    return Path(loader).with_suffix("")


def root_variable(project: str) -> str:
    """The environment variable that gives the folder of a project on this machine."""
    return "DRAWLOOM_PROJECT_" + re.sub(r"\W", "_", project).upper()


def read_plan(folder: Path) -> dict[str, Any]:
    """The compiled plan of a project: its settings, the prefix of its DAGs, and an outline of its pipelines.

    Raises:
        InputError: it cannot be read.
    """
    return _read(folder / PROJECT)


def read_location(folder: Path, project: str) -> Path:
    """The folder of a project on this machine.

    Raises:
        InputError: neither the environment nor the plan says.
    """
    return Path(os.environ.get(root_variable(project)) or _read(folder / LOCATION)["root"])


def read_lineage(folder: Path, pipeline: str) -> dict[str, Any]:
    """What each step of a pipeline reads and writes, as OpenLineage says it; tasks read it only for the provider of that.

    Raises:
        InputError: it cannot be read.
    """
    return _read(folder / LINEAGE / f"{pipeline}.json")


class DeployedProject:
    """A project as a worker sees it: the pipelines come from the compiled plan, specs are not read.

    Raises:
        InputError: the plan cannot be read, or the project's folder does not exist on this machine.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._data = read_plan(folder)
        self.settings = Settings.from_json(
            self._data["settings"], read_location(folder, self._data["settings"]["name"])
        )
        self._check_visible()

    @cached_property
    def warehouse(self) -> Warehouse:
        """The lake, sources, engine and registry of the project."""
        return Warehouse(self.settings)

    def pipeline(self, name: str) -> Pipeline:
        """A pipeline of the plan."""
        data = self._pipeline_data(name)
        return pipeline_from_dict(data["pipeline"], Where(data["spec"]), self._function_finder(data["spec"]))

    def job(self, pipeline: str, step: str, days: Sequence[date], *, force: bool = True, request: bool = False) -> Job:
        """A job that fills days of a step; ``force`` fills fresh days too, ``request`` also those of a landed step."""
        found = self.pipeline(pipeline)
        day_reads = self._day_reads(found)
        extra = {read.table for one in found.steps if one.name == step for read in day_reads.prepare(one, days)}
        others = self._upstream_of(found, extra)
        return Job(self.warehouse, others, found, step, days, day_reads=day_reads, force=force, request=request)

    def last_day(self, pipeline: str, day: date | None = None) -> date:
        """The newest day up to ``day`` that is a partition of a pipeline."""
        found, end = self._outline(pipeline), self.settings.last_day
        return found.schedule.last_run_day(min(day or end, found.until or end, end))

    def run_days(self, pipeline: str, first: date, last: date) -> list[date]:
        """The days of a range that are partitions of a pipeline.

        Raises:
            InputError: there is none.
        """
        days = self._outline(pipeline).schedule.run_days(first, last)
        if not days:
            message = f"from == {first}, to == {last}, must hold a day that names a partition of {pipeline}."
            raise refuse("bad-range", message, None, "Give the earlier day as `from`.")
        return days

    def missing_variables(self) -> list[str]:
        """The names of the ``${NAME}`` in the settings that the environment does not have."""
        engine = self.settings.engine
        texts = [
            self.settings.lake,
            self.settings.registry or "",
            *(s.files or "" for s in self.settings.sources.values()),
        ]
        texts += [engine.url or "", engine.metastore or "", engine.location or "", *engine.settings.values()]
        return [name for text in texts for name in unset_variables(text)]

    def close(self) -> None:
        """Close the engine and the registry."""
        if "warehouse" in self.__dict__:
            self.warehouse.close()

    def _pipeline_data(self, name: str) -> dict[str, Any]:
        return _read(self.folder / PIPELINES / f"{name}.json")

    def _day_reads(self, pipeline: Pipeline) -> DayReads:
        """What the steps of a pipeline read on a day, with what the plan and the registry know about the tables."""
        if not any(step.days_vary for step in pipeline.steps):
            return DayReads()
        declared = self._pipeline_data(pipeline.name).get("catalog", {})
        names = {table.lower(): table for data in self._data["pipelines"].values() for table in data["tables"]}
        names |= {name.lower(): name for name in self.settings.sources}
        names |= {read.table.lower(): read.table for step in pipeline.steps for read in step.reads}
        written = self.warehouse.registry.columns(set(names.values()))
        external = [name for name, source in self.settings.sources.items() if not source.landed]
        catalog = add_columns(load_catalog(declared), written, external)
        catalog |= {family.name.lower(): family_entry(family) for step in pipeline.steps for family in step.families}
        return DayReads([pipeline], catalog, names)

    def _upstream_of(self, pipeline: Pipeline, tables: Collection[str]) -> Iterator[Pipeline]:
        """The pipelines that fill what this one reads, and these tables.

        Only those: every task needs them, and a project may have thousands.
        """
        reads = {*tables, *(read.table for step in pipeline.steps for read in step.reads)}
        reads |= {ranged.table for step in pipeline.steps for ranged in step.backfill_reads or ()}
        reads |= {read.table for step in pipeline.steps for check in step.checks for read in check.reads}
        for name, data in self._data["pipelines"].items():
            if not reads.isdisjoint(data["tables"]):
                yield self._outline(name)

    def _outline(self, name: str) -> Pipeline:
        """A pipeline of the project with nothing but its tables and schedule."""
        data = self._data["pipelines"][name]
        tables = data["tables"].items()
        steps = tuple(Step(table, Table(table, keep=keep, keep_month_ends=ends)) for table, (keep, ends) in tables)
        start, until = (date.fromisoformat(day) if day else None for day in (data["start"], data["until"]))
        return Pipeline(name, "", steps, Schedule.parse(data["schedule"], self.settings.timezone), start, until)

    def _function_finder(self, spec: str) -> Callable[[str], Callable[..., Any]]:
        """Looks functions up by ``module:function``; a Python spec is imported first."""

        def find(name: str) -> Callable[..., Any]:
            from drawloom.specs.load import find_function, import_spec, module_name

            module, file = name.partition(":")[0], self.settings.root / spec
            if file.suffix == ".py" and module not in sys.modules and module_name(spec) not in sys.modules:
                import_spec(file, spec)
            return find_function(name, self.settings.root)

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
                f"or set where it is on this machine: {root_variable(name)}=/its/path."
            )
            raise refuse("project-not-visible", message, None, fix)
        if "lake" not in relative and not unset_variables(settings.lake) and not settings.lake_path.is_dir():
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
        message = f"{path} is not a compiled plan: {type(error).__name__}: {error}."
        raise refuse("bad-plan", message, None, "Run `drawloom airflow install` again.") from error
    return found
