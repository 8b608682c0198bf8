"""Which tables the specs of anomalies watch, and what is known of their partitions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from drawloom.frameworks.anomalies.spec import Anomalies
from drawloom.model import Record, Step

if TYPE_CHECKING:
    from drawloom.run.project import Project
    from drawloom.run.snapshot import WarehouseSnapshot


@dataclass(frozen=True, slots=True)
class Watched:
    """A table that a spec watches.

    Args:
        spec: the spec.
        table: the table.
        contents: content hashes, or stamps of files, by day.
        records: what the registry knows of its days; nothing of a source.
        files: the files of each day, where they can be read here.
        judged: the content of each day when its series were last taken.
    """

    spec: Anomalies
    table: str
    contents: dict[date, str] = field(default_factory=dict)
    records: dict[date, Record] = field(default_factory=dict)
    files: dict[date, list[Path]] = field(default_factory=dict)
    judged: dict[date, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Clock:
    """What time it is: the moment, the project's time zone, and its last day."""

    now: datetime
    zone: str
    last: date

    def deadline(self, ds: date, by: str) -> datetime:
        """When the partition of a day must be there."""
        return datetime.combine(ds + timedelta(days=1), time.fromisoformat(by), ZoneInfo(self.zone))

    def is_due(self, ds: date, by: str) -> bool:
        """Whether it must be there by now."""
        return ds <= self.last and self.now > self.deadline(ds, by)


def anomaly_specs(project: Project) -> list[Anomalies]:
    """The specs of anomalies that have no errors."""
    valid = {pipeline.name for pipeline in project.valid_pipelines}
    specs = project.compiled.specs
    return [spec for name, spec in specs.items() if name in valid and isinstance(spec, Anomalies)]


def find_watched(project: Project, spec: Anomalies, snapshot: WarehouseSnapshot) -> list[Watched]:
    """The tables that a spec watches, with their partitions; of statistics the tables that these are of."""
    series = f"{spec.table}_series"
    steps = {step.into.name: step for pipeline in project.pipelines for step in pipeline.steps}
    inputs = project.registry.inputs(series)
    found = []
    for table in dict.fromkeys(_behind(read.table, steps) for read in steps[series].reads):
        if snapshot.is_undated(table):
            continue
        contents = {ds: content for ds, content in snapshot.contents.get(table, {}).items() if ds is not None}
        judged = {ds: by[table][ds.isoformat()] for ds, by in inputs.items() if ds.isoformat() in by.get(table, {})}
        records = dict(snapshot.records.get(table, {}))
        found.append(Watched(spec, table, contents, records, _files(project, table, contents), judged))
    return found


def _behind(table: str, steps: dict[str, Step]) -> str:
    """The table that statistics are of; another table itself."""
    member = steps[table].into.member_of if table in steps else None
    of = dict(member.constants).get("table_name") if member and member.family == "meta.column_stats" else None
    return str(of) if of else table


def _files(project: Project, table: str, contents: dict[date, str]) -> dict[date, list[Path]]:
    if table in project.sources:
        return {ds: [Path(path) for path in project.sources[table].paths(ds)] for ds in contents}
    paths = ((ds, project.local.lake.path(table, ds)) for ds in contents)
    return {ds: [path] for ds, path in paths if path.is_file()}
