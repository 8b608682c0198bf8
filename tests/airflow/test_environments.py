"""An environment in Airflow: DAGs of its own, whose tasks write its partitions and read production's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag

from drawloom.airflow.deployed_project import DeployedProject, read_lineage
from drawloom.airflow.ui import installed_projects
from drawloom.cli.main import run_command
from drawloom.run.environments.environment import Environment
from drawloom.run.environments.promote import promote
from drawloom.run.project import Project
from tests.run.environments.build import DAYS, contents, day, land, write_project, write_specs


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project whose production is up to date, and whose ``core.events`` was then changed."""
    made = write_project(tmp_path / "project")
    land(made)
    with Project.load(made) as project:
        assert project.run().exit_code == 0
    write_specs(made, factor="10")
    return made


def install(root: Path, dags: Path, *more: str) -> None:
    assert run_command(["-C", str(root), "airflow", "install", "--dags-folder", str(dags), *more]) == 0


@pytest.mark.unmeasured
def test_it_has_dags_and_assets_of_its_own(root: Path, tmp_path: Path) -> None:
    dags = tmp_path / "dags"
    install(root, dags)
    install(root, dags, "--env", "dev")
    bag = DagBag(dags)
    assert not bag.import_errors
    assert sorted(bag.dags) == [
        *("env.core.apart", "env.core.events", "env.core.people", "env.core.week"),
        *("env.dev.core.events", "env.dev.core.people", "env.dev.core.week"),
    ]
    outlets = {asset.name for task in bag.dags["env.dev.core.week"].tasks for asset in task.outlets}
    assert outlets == {"dev.core__week"}
    assert list(installed_projects(dags)) == ["env"]
    install(root, dags)
    assert len(DagBag(dags).dags) == 7, "installing production leaves the environment's DAGs"


def test_its_tasks_write_what_a_local_run_would(root: Path, tmp_path: Path) -> None:
    before, dags = contents(root), tmp_path / "dags"
    install(root, dags, "--env", "dev")
    deployed = DeployedProject(dags / "drawloom_env-env-dev")
    for table in ("core.events", "core.people", "core.week"):
        for number in range(1, DAYS + 1):
            job = deployed.job(table, table, [day(number)])
            assert not job.missing
            assert {result.outcome for result in job.run().results} == {"written"}
    deployed.close()
    assert contents(root) == before
    with Project.load(root) as project, Environment(project.config, "dev") as environment:
        assert not environment.plan().todo, "all of it is fresh"
        assert len(promote(environment).done) == 3 * DAYS


def test_the_plan_says_where_its_partitions_are(root: Path, tmp_path: Path) -> None:
    install(root, tmp_path, "--env", "dev")
    plan = json.loads((tmp_path / "drawloom_env-env-dev/project.json").read_text())
    assert plan["prefix"] == "env.dev."
    assert plan["settings"]["environment"]["tables"].keys() == {"core.events", "core.people", "core.week"}


def test_its_lineage_names_the_tables_that_it_writes(root: Path, tmp_path: Path) -> None:
    install(root, tmp_path, "--env", "dev")
    week = read_lineage(tmp_path / "drawloom_env-env-dev", "core.week")["core.week"]
    (output,) = week["outputs"]
    assert [one["name"] for one in week["inputs"]] == ["dev.core__events"]
    assert output["name"] == "dev.core__week"
    (origin,) = output["facets"]["columnLineage"]["fields"]["who"]["inputFields"]
    assert (origin["name"], origin["field"]) == ("dev.core__events", "who")
    events = read_lineage(tmp_path / "drawloom_env-env-dev", "core.events")["core.events"]
    assert [one["name"] for one in events["inputs"]] == ["raw.events"], "read from production"
