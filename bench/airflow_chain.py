"""One contender of `airflow_task`, in a process of its own: `python -m bench.airflow_chain KIND ROOT RUNS` prints JSON."""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from time import process_time as cpu
from typing import Any

DAY = date(2025, 1, 21)
CONF = {"from": DAY.isoformat(), "to": DAY.isoformat(), "force": True}
PIPELINE = "chain_0000"
FORKS = ("forked", "forked again")
DAGS = {"python": "python", "by_hand": "by_hand", "drawloom": "bench.chain_0000"}


def main(kind: str, root: str, runs: str) -> None:
    """CPU seconds of the first run and of the next ones, where Airflow is warm already."""
    run = _contender(kind, Path(root))
    times = [run() for _ in range(int(runs) + 1)]
    print(json.dumps({"first": times[0], "later": times[1:]}))


def _contender(kind: str, root: Path) -> Callable[[], float]:
    if kind in DAGS:
        return _dag_runs(kind, root)
    (plan,) = (path.parents[1] for path in (root / ("many" if kind == "many" else "dags")).glob(f"*/*/{PIPELINE}.json"))
    if kind in FORKS:
        _dag_runs("python", root)
    if kind == "forked again":
        _run_job(plan, _names(plan)[-1])
    return {"step": _steps, **dict.fromkeys(FORKS, _forks)}.get(kind, _jobs)(plan)


def _dag_runs(name: str, root: Path) -> Callable[[], float]:
    """``dag.test()``; the DAG of one empty task has loaded what Airflow loads at its first run."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(root / "dags")
    assert not bag.import_errors, bag.import_errors

    def test(name: str, conf: dict[str, Any]) -> float:
        began = cpu()
        run = bag.dags[name].test(logical_date=None, run_conf=conf)
        used = cpu() - began
        states = {task.state for task in run.get_task_instances()}
        assert states == {"success"}, states
        return used

    test("warm", {})
    return lambda: test(DAGS[name], {} if name == "python" else CONF)


def _jobs(plan: Path) -> Callable[[], float]:
    """What the operator does in its tasks, without Airflow."""
    names = _names(plan)

    def all_steps() -> float:
        began = cpu()
        for name in names:
            _run_job(plan, name)
        return cpu() - began

    return all_steps


def _run_job(plan: Path, name: str) -> None:
    """The plan is read and the warehouse opened for each step."""
    from drawloom.airflow.deployed_project import DeployedProject

    with closing(DeployedProject(plan)) as project:
        job = project.job(PIPELINE, name, project.run_days(PIPELINE, DAY, DAY))
        assert not job.missing
        job.sql(job.plan.todo[-1])
        assert len(job.records(job.run())) == 1
        job.drop_expired()


def _forks(plan: Path) -> Callable[[], float]:
    """Such a step in a process that is forked for it by one that has Airflow loaded, as workers do for each task."""
    name = _names(plan)[-1]

    def one() -> float:
        gc.freeze()  # as Airflow does
        before = os.times()
        if not (child := os.fork()):
            _run_job(plan, name)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    return one


def _steps(plan: Path) -> Callable[[], float]:
    """The step runner and the registry alone: the warehouse stays open, and the snapshot is taken before."""
    from drawloom.airflow.deployed_project import DeployedProject

    project = DeployedProject(plan)
    pipeline, warehouse = project.pipeline(PIPELINE), project.warehouse
    runner = warehouse.step_runner([pipeline])

    def all_steps() -> float:
        snapshot = warehouse.snapshot()
        found = [project.job(PIPELINE, step.name, [DAY]).plan.partitions[0] for step in pipeline.order]
        began = cpu()
        for partition in found:
            ran = runner.run(partition.step, partition.pipeline.schedule, DAY, snapshot.inputs(partition.needs.visible))
            warehouse.registry.save(ran.records)
        return cpu() - began

    return all_steps


def _names(plan: Path) -> list[str]:
    data = json.loads((plan / "pipelines" / f"{PIPELINE}.json").read_text(encoding="utf-8"))
    return [step["name"] for step in data["dag"]["steps"]]


if __name__ == "__main__":
    main(*sys.argv[1:])
