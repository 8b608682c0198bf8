"""A project with one growth spec in a temporary folder, run through Python and compared with the reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import yaml
from pyarrow import parquet

from drawloom import Project
from drawloom.run.local_runner import Summary
from tests.frameworks.growth.reference import Dimension, Growth, Row, Spec, days_between

FIRST = date(2026, 1, 20)
SOURCE = "core.rides"
TYPES: dict[str, Any] = {
    "rider_id": pa.int64(),
    "at": pa.timestamp("us"),
    "product": pa.string(),
    "city": pa.string(),
    "version": pa.int32(),
    "channel": pa.string(),
    "plan": pa.string(),
}
TABLES = {"": "growth", "_engagement": "engagement", "_keep": "keep", "_ratios": "ratios", "_days": "entity_days"}


@dataclass
class GrowthProject:
    """The folder, the spec, and the rows of its sources."""

    folder: Path
    spec: Spec
    last: date
    events: list[Row]
    snapshots: dict[str, list[Row]] = field(default_factory=dict)
    first: date = FIRST
    types: dict[str, Any] = field(default_factory=lambda: dict(TYPES))
    name: str = "riders"

    def __post_init__(self) -> None:
        for table, rows in self.sources.items():
            self.land(table, rows, days_between(self.first, self.last))
        self.write_spec(self.name, self.spec)

    @property
    def sources(self) -> dict[str, list[Row]]:
        return {SOURCE: self.events, **self.snapshots}

    def land(self, table: str, rows: Iterable[Row], days: Iterable[date]) -> None:
        """Write the files of these days, also of those without rows."""
        by_day: dict[date, list[Row]] = {day: [] for day in days}
        for row in rows:
            if row["ds"] in by_day:
                by_day[row["ds"]].append(row)
        for day, found in by_day.items():
            path = self.folder / "landing" / table / f"ds={day}" / "rows.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            parquet.write_table(pa.Table.from_pylist(found, schema=pa.schema(self.types)), path)

    def change(self, day: date, rows: list[Row]) -> None:
        """Replace the events of one day."""
        self.events = [row for row in self.events if row["ds"] != day] + rows
        self.land(SOURCE, self.events, [day])

    def write_spec(self, name: str, spec: Spec) -> None:
        path = self.folder / "specs" / f"{name}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(document(name, spec), sort_keys=False), encoding="utf-8")

    @contextmanager
    def open(self, last: date | None = None) -> Iterator[Project]:
        """The project, whose history ends at this day."""
        config = {
            "name": "growth",
            "start": self.first,
            "end": last or self.last,
            "defaults": {"owner": "growth@example.com", "retries": 0},
            "sources": {table: {"files": f"landing/{table}/ds={{ds}}/*.parquet"} for table in self.sources},
        }
        (self.folder / "drawloom.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        with Project.load(self.folder) as project:
            yield project

    def run(self, last: date | None = None) -> Summary:
        """Fill all that is missing up to this day."""
        with self.open(last) as project:
            return done(project.run(project.plan(), jobs=1))

    def run_up_to(self, *lasts: date) -> None:
        """Fill in several runs, each up to one of these days."""
        for last in lasts:
            self.run(last)

    def run_daily(self) -> None:
        self.run_up_to(*days_between(self.first, self.last))

    def rows(self, suffix: str = "") -> list[Row]:
        with self.open() as project:
            found: list[Row] = project.query(f'SELECT * FROM growth."{self.name}{suffix}"').to_pylist()
            return found

    def hashes(self) -> dict[str, dict[date, str]]:
        """The content of every partition of the tables whose days are all kept."""
        with self.open() as project:
            records = project.registry.records()
        names = {f"growth.{self.name}{suffix}" for suffix in TABLES}
        return {table: {ds: r.content for ds, r in days.items()} for table, days in records.items() if table in names}

    def state_hashes(self) -> dict[date, str]:
        """The content of state on the days that are kept of it."""
        table = f"growth.{self.name}_state"
        with self.open() as project:
            records = project.registry.records()[table]
            return {ds: records[ds].content for ds in project.lake.scan(table)}

    def expected(self) -> Growth:
        return Growth(self.spec, self.first, self.last, self.events, self.snapshots)

    def differences(self) -> list[str]:
        """Unexpected and missing rows of the tables; the first few of each."""
        expected = self.expected()
        found: list[str] = []
        with self.open() as project:
            for suffix, method in self._tables().items():
                got = self._rows_since(project, suffix, expected.first)
                days = {row["ds"] for row in got} if suffix == "_state" else expected.days
                wanted = [row for day in days for row in getattr(expected, method)(day)]
                found += differences(f"growth.{self.name}{suffix}", got, wanted)
        return found

    def _rows_since(self, project: Project, suffix: str, first: date) -> list[Row]:
        """The rows of a table, without what was left by a history that began earlier."""
        table: pa.Table = project.query(f"SELECT * FROM growth.\"{self.name}{suffix}\" WHERE ds >= DATE '{first}'")
        rows: list[Row] = table.to_pylist()
        return rows

    def _tables(self) -> dict[str, str]:
        tailed = any(dimension.tailed for dimension in self.spec.dimensions)
        methods = {**TABLES, "_state": "state"}
        return {suffix: method for suffix, method in methods.items() if tailed or suffix != "_keep"}


def done(summary: Summary) -> Summary:
    """The summary of a run in which nothing failed and nothing waits."""
    errors = [f"{result.table} {result.ds} {result.outcome}: {result.error}" for result in summary.results]
    assert summary.exit_code == 0, [error for error in errors if "written" not in error][:3] or summary.waiting
    return summary


def document(name: str, spec: Spec) -> dict[str, Any]:
    """The spec as a YAML document."""
    made: dict[str, Any] = {
        "kind": "growth",
        "name": name,
        "source": SOURCE,
        "entity": spec.entity[0] if len(spec.entity) == 1 else list(spec.entity),
        "activities": {activity.name: activity.sql for activity in spec.activities},
        "windows": list(spec.windows),
        "steps": list(spec.steps),
        "until": {"forever": "a test"},
    }
    if spec.time:
        made["time"] = spec.time
    if spec.start:
        made["start"] = spec.start
    if spec.dimensions:
        made["dimensions"] = {dimension.name: _options(dimension) for dimension in spec.dimensions}
    if spec.cuts is not None:
        made["cuts"] = [list(cut) for cut in spec.cuts]
    return made


def _options(dimension: Dimension) -> dict[str, Any]:
    options = {
        "touch": "first" if dimension.touch == "first" else None,
        "from": dimension.table or None,
        "column": dimension.column or None,
        "top": dimension.top,
        "min_entities": dimension.min_entities,
    }
    return {name: value for name, value in options.items() if value is not None}


def differences(table: str, got: Iterable[Row], wanted: Iterable[Row]) -> list[str]:
    """The unexpected and the missing rows, three of each."""
    found, expected = Counter(map(_line, got)), Counter(map(_line, wanted))
    return [
        *(f"{table} must not have {row}" for row in sorted((found - expected).elements())[:3]),
        *(f"{table} must have {row}" for row in sorted((expected - found).elements())[:3]),
    ]


def _line(row: Mapping[str, Any]) -> str:
    shown = {name: str(value) if isinstance(value, UUID | date) else value for name, value in row.items()}
    return str({"ds": shown.pop("ds"), **dict(sorted(shown.items()))})


def day(n: int) -> date:
    """The n-th day of the history, from 0."""
    return FIRST + timedelta(n)
