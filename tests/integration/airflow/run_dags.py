"""A process in which DAGs are run by ``dag.test()``: arguments are a JSON list of [DAG, run_conf], the output their ends.

It is one of its own because Airflow reads its settings once, when it is imported.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from runpy import run_path
from typing import Any

from airflow.configuration import conf
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session


def read_dag(dag_id: str) -> Any:
    """A DAG, read anew: ``dag.test()`` keeps the parameters of a run in it."""
    for path in Path(conf.get("core", "dags_folder")).glob("*.py"):
        for found in run_path(str(path)).values():
            if getattr(found, "dag_id", None) == dag_id:
                return found
    raise LookupError(dag_id)


def run(dag_id: str, run_conf: dict[str, Any]) -> dict[str, Any]:
    """The state of a run, and of its tasks."""
    # Without a logical date, as a trigger gives none: one after the end of the DAG would be a run of no tasks.
    ended = read_dag(dag_id).test(logical_date=None, run_conf=run_conf)
    with create_session() as session:
        tasks = {t.task_id: str(t.state) for t in session.query(TaskInstance).filter_by(run_id=ended.run_id)}
        session.query(DagRun).delete()  # dag.test() clears and waits for the earlier runs of a DAG
    return {"dag": dag_id, "state": str(ended.state), "tasks": tasks}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps([run(*asked) for asked in json.loads(sys.argv[2])]))
