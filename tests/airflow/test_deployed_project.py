"""What a worker of Airflow finds out about the day of its key, from the plan alone."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import pytest

from drawloom.airflow.deployed_project import LOCATION, DeployedProject
from drawloom.airflow.plan_files import compile_files, loader_files
from drawloom.run.project import Project
from tests.run.odd_days import ODD, text_of, write_project

OTHER_TABLE = """\
SELECT id FROM m.a WHERE ds = '{{ ds }}'
{% if ds == '2024-02-20' %} UNION ALL SELECT -id FROM core.day_13 WHERE ds = '{{ ds }}'{% endif %}
"""


@pytest.fixture
def deployed(tmp_path: Path) -> DeployedProject:
    specs = {"day_13": text_of("day_13"), "other": OTHER_TABLE}
    root = write_project(tmp_path / "project", specs, first=date(2024, 2, 3))
    return deploy(root, tmp_path / "dags" / "loader")


def deploy(root: Path, folder: Path) -> DeployedProject:
    """A project as Airflow finds it in this folder."""
    with Project.load(root) as project:
        files = compile_files(project, "")
    for name, text in loader_files(files, files.pipelines).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / LOCATION).write_text(json.dumps({"root": str(root)}))
    return DeployedProject(folder)


def missing(deployed: DeployedProject, table: str, day: date) -> list[str]:
    job = deployed.job(table, table, [day])
    return [f"{name} {ds}" for name, ds in job.missing]


def test_a_task_waits_for_what_only_its_own_day_reads(deployed: DeployedProject) -> None:
    assert missing(deployed, "core.day_13", date(2024, 2, 12)) == []
    assert missing(deployed, "core.day_13", ODD) == ["m.a 2024-02-01", "m.a 2024-02-02"]
    assert missing(deployed, "core.other", date(2024, 2, 19)) == []
    assert missing(deployed, "core.other", date(2024, 2, 20)) == ["core.day_13 2024-02-20"]
    deployed.close()


def test_a_task_and_a_plan_find_the_same_days(deployed: DeployedProject) -> None:
    with Project.load(deployed.settings.root) as project:
        planned = {partition.key: partition.needs for partition in project.plan().partitions}
    for table in ("core.day_13", "core.other"):
        for day in (date(2024, 2, 12), ODD, date(2024, 2, 20)):
            (partition,) = deployed.job(table, table, [day]).plan.partitions
            assert partition.needs.required == planned[table, day].required
            assert partition.needs.visible == planned[table, day].visible
    deployed.close()


SCORED = """kind: features
name: riders
entity: {name: rider, key: id}
source: {table: m.a, time: ds}
measures: {rows: {ops: [count], windows: [1d]}}
scoring: {model: "models.one:predict", features: [riders.*], output: ml.riders}
until: "forever: a test"
"""


def test_a_worker_that_imports_nothing_else_finds_the_python_step_of_a_spec_in_yaml(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project", {"day_13": text_of("day_13")})
    (root / "specs" / "riders.yml").write_text(SCORED)
    (root / "models").mkdir()
    (root / "models" / "one.py").write_text("def predict(batch):\n    return [1.0] * batch.num_rows\n")
    deployed = deploy(root, tmp_path / "dags" / "loader")
    name = "drawloom.frameworks.features.scoring.score"
    kept = sys.modules.pop(name)
    try:
        step = deployed.job("riders", "ml.riders", [ODD]).plan.partitions[0].step
    finally:
        sys.modules[name] = kept
    assert step.call
    assert step.call.__module__ == name
    assert step.params["columns"] == ["rows_count_1d"]
    deployed.close()
