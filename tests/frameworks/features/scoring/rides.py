"""A project with rides of riders on three days, two sets of features of theirs, and the riders who are scored; and its step alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from drawloom.frameworks.base import ProjectContext, SpecCompiler
from drawloom.frameworks.features import Features, framework
from drawloom.model import Step
from drawloom.run.local_runner import Summary
from drawloom.run.project import Project
from drawloom.specs.config import Defaults

DAYS = [date(2026, 3, n) for n in (1, 2, 3)]
SETTINGS = f"""name: rides
start: {DAYS[0]}
end: {DAYS[-1]}
defaults: {{owner: ml@example.com}}
sources:
  raw.rides: {{files: 'raw/rides/ds={{ds}}/*.csv', columns: {{rider: BIGINT, at: TIMESTAMP, fare: DOUBLE, city: VARCHAR}}}}
  raw.riders: {{files: 'raw/riders/ds={{ds}}/*.csv', columns: {{rider: BIGINT, city: VARCHAR}}}}
"""
RIDES = {
    DAYS[0]: [(1, "2026-03-01 08:00:00", 4.0, "sf"), (2, "2026-03-01 09:00:00", 10.0, "la")],
    DAYS[1]: [(1, "2026-03-02 08:00:00", 6.0, "sf"), (3, "2026-03-02 10:00:00", 2.5, "sf")],
    DAYS[2]: [(3, "2026-03-03 10:00:00", 7.5, "la")],
}
RIDERS = [(1, "sf"), (2, "la"), (3, "sf"), (9, "sf")]
ACTIVITY = """kind: features
name: activity
entity: {name: rider, key: rider}
source: {table: raw.rides, time: at}
windows: [1d, ltd]
measures:
  rides: {ops: [count]}
  fare: {value: fare, ops: [sum]}
derive: {is_active: "CASE WHEN rides_count_ltd > 0 THEN 1 ELSE 0 END"}
until: "forever: a test"
"""
CITIES = """kind: features
name: cities
entity: {name: rider, key: rider}
source: {table: raw.rides, time: at}
windows: [ltd]
measures:
  city: {value: city, ops: [n_distinct, last]}
until: "forever: a test"
"""
POPULATION = "SELECT rider FROM raw.riders WHERE ds = DATE '{{ ds }}'"
SCORING = f"""scoring:
  model: models.churn:predict
  features: [activity.*, cities.city_n_distinct_ltd]
  population: "{POPULATION}"
  output: ml.churn_score
  log_inputs: true
"""
MODEL = """import pyarrow.compute as pc


def predict(batch):
    return pc.divide(1.0, pc.add(1.0, batch["rides_count_ltd"]))
"""


def write_project(root: Path, scoring: str = SCORING, model: str = MODEL) -> Path:
    """The project in a folder, with this scoring of the set ``activity`` and this module ``models.churn``."""
    write(root / "drawloom.yml", SETTINGS)
    write(root / "specs" / "activity.yml", ACTIVITY + scoring)
    write(root / "specs" / "cities.yml", CITIES)
    if model:
        write(root / "models" / "churn.py", model)
    for day in DAYS:
        rows = "".join(f"{rider},{at},{fare},{city}\n" for rider, at, fare, city in RIDES[day])
        write(root / "raw" / "rides" / f"ds={day}" / "rows.csv", "rider,at,fare,city\n" + rows)
        riders = "".join(f"{rider},{city}\n" for rider, city in RIDERS)
        write(root / "raw" / "riders" / f"ds={day}" / "rows.csv", "rider,city\n" + riders)
    return root


def write(path: Path, text: str) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def write_manifest(root: Path, features: dict[str, str]) -> None:
    """The manifest of a training set with these features."""
    write(root / "models" / "manifest.json", json.dumps({"features": features}))


def run(root: Path) -> Summary:
    """Run everything of a project."""
    with Project.load(root) as project:
        return project.run(project.plan())


def rows(root: Path, sql: str) -> list[dict[str, object]]:
    """The rows of a query."""
    with Project.load(root) as project:
        found: list[dict[str, object]] = project.query(sql).to_pylist()
        return found


def compile_steps(root: Path, scoring: str = SCORING, others: tuple[str, ...] = (), **more: Any) -> dict[str, Step]:
    """The steps of the set ``activity`` by their tables, compiled by themselves."""
    context = ProjectContext("rides", DAYS[0], Defaults(owner="ml@example.com"), folder=root)
    others = (CITIES, *others)
    specs = [Features(**yaml.safe_load(ACTIVITY + scoring), **more), *(Features(**yaml.safe_load(o)) for o in others)]
    return SpecCompiler({"features": framework}, specs, context).pipeline(specs[0]).tables


@dataclass(frozen=True)
class Given:
    """A StepContext of inputs that are given."""

    folder: Path
    params: Mapping[str, Any]
    inputs: pa.Table
    is_preview: bool = False
    ds: date = DAYS[0]

    def exists(self, table: str) -> bool:
        return bool(table)

    def content(self, table: str) -> str:
        return table

    def previous(self) -> pa.Table | None:
        return None

    def read(self, table: str) -> pa.Table:
        """The inputs."""
        return self.inputs

    def query(self, sql: str) -> pa.Table:
        """The inputs."""
        return self.inputs

    def batches(self, sql: str, rows: int) -> Iterator[pa.Table]:
        """The inputs, so many at a time."""
        for start in range(0, max(self.inputs.num_rows, 1), rows):
            yield self.inputs.slice(start, rows)


INPUTS = pa.table(
    {
        "rider": [1, 2, 3, 9],
        "rides_count_1d": [1, 0, 1, 0],
        "rides_count_ltd": [2, 1, 1, 0],
        "fare_sum_1d": [6.0, None, 2.5, None],
        "fare_sum_ltd": [10.0, 10.0, 2.5, None],
        "is_active": pa.array([1, 1, 1, 0], pa.int32()),
        "city_n_distinct_ltd": [1, 1, 1, 0],
    }
)


def call(root: Path, scoring: str = SCORING, inputs: pa.Table = INPUTS, **more: Any) -> pa.Table:
    """What the Python step of a scoring returns for these inputs."""
    step = compile_steps(root, scoring, **more)["ml.churn_score"]
    assert step.call
    return step.call(Given(root, step.params, inputs))
