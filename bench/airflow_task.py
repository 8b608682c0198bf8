"""CPU of a task on Airflow: drawloom's operator, an empty one by hand with the same outlets, an empty PythonOperator.

Chains run by ``dag.test()``, each contender in a process of its own that has run a DAG before. What the operator does is
also run without Airflow, so that it can be seen what is drawloom's and what Airflow's.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.airflow_shapes import Shape, files_of, write_by_hand, write_drawloom
from bench.build import land
from bench.measure import BYTECODE, Cost, Line, Report

CONTENDERS = {
    "PythonOperator, empty": "python",
    "operator by hand, empty, with outlets": "by_hand",
    "drawloom's StepOperator": "drawloom",
    "the same without Airflow": "job",
    "in a project of 5,000 tables, without Airflow": "many",
    "step runner and registry alone": "step",
}
FORKS = {
    "what the operator does, in a process forked for it": "forked",
    "the same where the first process has the libraries": "forked again",
}
MANY = Shape(1_000, 5)
PYTHON = '''"""Empty tasks, one after the other: dag of airflow."""

from datetime import UTC, datetime

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, CronPartitionTimetable

DAILY = CronPartitionTimetable("0 0 * * *", timezone="UTC", run_offset=-1, key_format="%Y-%m-%d")


def nothing() -> None:
    """Nothing."""


def chain(name: str, length: int) -> DAG:
    with DAG(name, schedule=DAILY, start_date=datetime(2025, 1, 2, tzinfo=UTC), catchup=False) as dag:
        tasks = [PythonOperator(task_id=f"task_{n}", python_callable=nothing) for n in range(length)]
        for before, after in zip(tasks, tasks[1:], strict=False):
            before >> after
    return dag


warm, python = chain("warm", 1), chain("python", TASKS)
'''


def measure(runs: int, tasks: int = 30) -> list[Report]:
    """The runs of a chain, and the first step of a process."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        environment = _write(root, tasks)
        _run([Path(sys.executable).with_name("airflow"), "db", "migrate"], environment)
        found: dict[str, list[Mapping[str, Any]]] = {name: [] for name in (*CONTENDERS, *FORKS)}
        for _ in range(runs):
            for name, kind in {**CONTENDERS, **FORKS}.items():
                command = [sys.executable, "-m", "bench.airflow_chain", kind, str(root), "3"]
                found[name].append(json.loads(_run(command, environment).splitlines()[-1]))
    return [_chains(found, tasks), _forks(found)]


def _chains(found: Mapping[str, Sequence[Mapping[str, Any]]], tasks: int) -> Report:
    lines = []
    for name, kind in CONTENDERS.items():
        costs = [Cost(statistics.median(one["later"])) for one in found[name]]
        lines.append(Line(name, costs, {"job": tasks, "step": tasks, "many": MANY.steps}.get(kind, tasks + 1)))
    bare = lines[0].median / lines[0].units
    beyond = [f"{line.name}: {1000 * (line.median / line.units - bare):.0f}" for line in lines[1:3]]
    notes = [f"CPU ms of a task beyond an empty PythonOperator (goal <= 200): {', '.join(beyond)}"]
    return Report(f"A chain of {tasks} steps and a sensor, warm", lines, "task", lines[0].name, notes)


def _forks(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> Report:
    """What a task pays where each has a process of its own, which loads what the process before it has not."""
    lines = [Line(name, [Cost(used) for one in found[name] for used in one["later"]]) for name in FORKS]
    notes = ["workers of Airflow fork a process for each task, and have Airflow loaded but not drawloom"]
    return Report("The first task of a process that has Airflow loaded", lines, "task", notes=notes)


def _write(root: Path, tasks: int) -> dict[str, str]:
    """Write the DAGs of all contenders; the environment in which Airflow finds them."""
    project, dags = root / "project", root / "dags"
    write_drawloom(Shape(1, tasks), project, dags)
    land(project, 31)
    write_drawloom(MANY, root / "many_project", root / "many")
    land(root / "many_project", 31)
    write_by_hand(files_of(dags), root / "by_hand", params_last=True)
    (code,) = (path.read_text(encoding="utf-8") for path in (root / "by_hand").glob("*.py"))
    (dags / "by_hand.py").write_text(
        code.replace('"bench.chain_0000"', '"by_hand"').replace("'bench.chain_0000'", "'by_hand'")
    )
    (dags / "python.py").write_text(PYTHON.replace("TASKS", str(tasks + 1)), encoding="utf-8")
    airflow = {
        "AIRFLOW_HOME": str(root / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "DO_NOT_TRACK": "1",
    }
    return {**os.environ, **BYTECODE, **airflow}


def _run(command: Sequence[str | Path], environment: Mapping[str, str]) -> str:
    """What a command prints; it has two minutes, as ``dag.test`` tries again for long when something is wrong."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)
    if done.returncode:
        raise RuntimeError(
            f"{' '.join(map(str, command))}: exit {done.returncode}\n{(done.stdout + done.stderr)[-3000:]}"
        )
    return done.stdout
