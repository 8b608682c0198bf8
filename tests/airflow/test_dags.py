"""The DAGs as Airflow reads and serializes them, without a database."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization

from drawloom.airflow.install import install
from drawloom.run.project import Project


def bag(folder: Path) -> DagBag:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return DagBag(folder)


def serialized(folder: Path) -> dict[str, Any]:
    found = bag(folder)
    assert found.import_errors == {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {dag_id: DagSerialization.to_dict(dag)["dag"] for dag_id, dag in found.dags.items()}


def test_each_pipeline_is_a_dag_that_airflow_can_serialize(dags: Path) -> None:
    found = serialized(dags)
    assert sorted(found) == [
        "visits.core.hopeless", "visits.core.shaky", "visits.core.totals", "visits.core.visits", "visits.people",
        "visits.report.recent", "visits.report.weekly",
    ]  # fmt: skip
    assert "SELECT" not in json.dumps([dag["tasks"] for dag in found.values()]), "no SQL in the DAG's tasks"


def test_a_daily_dag_has_a_partition_timetable_and_the_dates_of_the_history(dags: Path) -> None:
    dag = serialized(dags)["visits.core.visits"]
    assert dag["timetable"]["__type"] == "airflow.timetables.trigger.CronPartitionTimetable"
    assert dag["timetable"]["__var"] | {"timezone": None} == {
        "expression": "0 0 * * *", "run_offset": -1, "key_format": "%Y-%m-%d", "run_immediately": False, "timezone": None,
    }  # fmt: skip
    assert dag["catchup"] is False
    assert dag["start_date"] == 1767312000.0, "the first day is filled when it is over, on 2026-01-02"
    assert dag["end_date"] == 1769990399.0, "the last one on 2026-02-01"
    assert dag["tags"] == ["autodag", "drawloom", "visits"]


def test_a_weekly_dag_has_drawlooms_timetable(dags: Path) -> None:
    dag = serialized(dags)["visits.report.weekly"]
    assert dag["timetable"]["__type"] == "drawloom.airflow.timetable.EndedPeriodTimetable"
    assert dag["timetable"]["__var"]["expression"] == "0 0 * * 1"


def test_tasks_are_retried_and_tables_are_assets(dags: Path) -> None:
    tasks = {task["__var"]["task_id"]: task["__var"] for task in serialized(dags)["visits.people"]["tasks"]}
    assert set(tasks) == {
        "growth.people", "growth.people_counts", "growth.people_days", "growth.people_engagement",
        "growth.people_ratios", "growth.people_state", "wait.core.visits", "wait.growth.people", "wait.growth.people_state",
    }  # fmt: skip
    step, wait = tasks["growth.people_days"], tasks["wait.core.visits"]
    assert step["retries"] == 2
    assert step["retry_exponential_backoff"] is True
    assert step["trigger_rule"] == "none_failed"
    assert step["owner"] == "data@example.com"
    assert [asset["__var"]["name"] for asset in step["outlets"]] == ["growth.people_days"]
    assert wait["_is_sensor"] is True
    assert wait["downstream_task_ids"] == ["growth.people_days"]
    assert [asset["__var"]["uri"] for asset in wait["inlets"]] == ["drawloom://visits/core/visits"]
    assert not any("params" in task for task in tasks.values()), "once for the DAG"


def test_even_a_spec_with_retries_0_is_retried(dags: Path) -> None:
    (step,) = [
        t["__var"] for t in serialized(dags)["visits.core.hopeless"]["tasks"] if "wait" not in t["__var"]["task_id"]
    ]
    assert step["retries"] == 2


def test_parsing_twice_gives_the_same_bytes(dags: Path) -> None:
    assert json.dumps(serialized(dags), sort_keys=True, default=str) == json.dumps(
        serialized(dags), sort_keys=True, default=str
    )


@pytest.mark.unmeasured
def test_compiling_on_two_machines_gives_the_same_bytes(project: Path, tmp_path: Path) -> None:
    def files(folder: Path, seed: str) -> dict[str, bytes]:
        code = (
            "import sys; from pathlib import Path; from drawloom.run.project import Project\n"
            "from drawloom.airflow.install import install\n"
            "with Project.load(sys.argv[1]) as p: install(p, Path(sys.argv[2]))"
        )
        where = folder / "somewhere" / "else"
        where.parent.mkdir(parents=True)
        where.symlink_to(project)
        subprocess.run([sys.executable, "-c", code, where, folder / "dags"], env={"PYTHONHASHSEED": seed}, check=True)
        found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in (folder / "dags").rglob("*.*")
                 if path.is_file() and path.name != "location.json"}  # fmt: skip
        assert found
        return found

    assert files(tmp_path / "one", "1") == files(tmp_path / "two", "2")


@pytest.mark.unmeasured
def test_parsing_a_loader_imports_no_compiler_and_no_engine(dags: Path) -> None:
    code = (
        "import sys, airflow.sdk\nfrom airflow.dag_processing.dagbag import DagBag\nbefore = set(sys.modules)\n"
        "import runpy; runpy.run_path(sys.argv[1])\n"
        "heavy = ('sqlglot', 'duckdb', 'pyarrow', 'drawloom.specs', 'drawloom.engines', 'drawloom.run', 'requests', 'aiohttp')\n"
        "new = set(sys.modules) - before\nassert not [name for name in new if name.startswith(heavy)], sorted(new)\n"
        "assert 'drawloom.airflow.dags' in new"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code, dags / "drawloom_visits.py"], check=True)


def test_a_task_builds_only_its_own_dag(dags: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "visits.people")
    assert sorted(bag(dags).dags) == ["visits.people"]


def test_many_steps_are_grouped_by_schema(project: Path, tmp_path: Path) -> None:
    with Project.load(project) as opened:
        install(opened, tmp_path / "dags")
    file = tmp_path / "dags/drawloom_visits/pipelines/people.json"
    data = json.loads(file.read_text())
    for step in data["dag"]["steps"]:
        step["group"] = step["name"].partition(".")[0]
    file.write_text(json.dumps(data))
    group = serialized(tmp_path / "dags")["visits.people"]["task_group"]["children"]
    assert group["growth"][0] == "taskgroup"
    assert "growth.people_days" in group["growth"][1]["children"]
