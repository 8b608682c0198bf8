"""One reading of a folder of DAGs, in a process of its own: `python -m bench.airflow_once LIBRARY FOLDER` prints JSON."""

from __future__ import annotations

import gc
import hashlib
import itertools
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from time import process_time as cpu
from typing import Any

# Of each class of Airflow that the contenders use, so that whatever is loaded or made at its first use is.
WARM = """
# airflow dag
from datetime import UTC, datetime
from airflow.sdk import DAG, Asset, BaseOperator, BaseSensorOperator, CronPartitionTimetable, Param, TaskGroup

with DAG("warm", schedule=CronPartitionTimetable("0 0 * * *", timezone="UTC", run_offset=-1, key_format="%Y-%m-%d"),
         start_date=datetime(2025, 1, 1, tzinfo=UTC), params={"p": Param(None, type=["null", "string"])}, doc_md="d"):
    asset = Asset(name="a", uri="x://a/b", group="g")
    with TaskGroup("group", prefix_group_id=False):
        BaseOperator(task_id="one", outlets=[asset]) >> BaseOperator(task_id="two")
    BaseSensorOperator(task_id="three", inlets=[asset])
"""
WANTED = "_AIRFLOW_PARSING_CONTEXT_DAG_ID"  # as the runner of tasks sets it
NAMES = {
    "fileloc",
    "relative_fileloc",
    "_processor_dags_folder",
    "_task_module",
    "task_type",
}  # of whoever wrote the DAGs


def main(library: str, folder: str) -> None:
    began = cpu()
    _import_airflow()
    airflow = cpu() - began
    gc.freeze()  # as the DAG processor does before it forks
    began = cpu()
    import_module(library)
    found: dict[str, Any] = {"airflow": airflow, "import": cpu() - began}
    facts: dict[str, Any] = {}
    found["files"] = [_read(path, facts) for path in sorted(Path(folder).glob("*.py"))]
    found["facts"] = _digest(facts)
    print(json.dumps(found))


def _import_airflow() -> None:
    """What the DAG processor has loaded when it forks the process that reads a file."""
    import_module("airflow.dag_processing.manager")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warm.py"
        path.write_text(WARM, encoding="utf-8")
        _read(path, {})


def _read(path: Path, facts: dict[str, Any]) -> dict[str, Any]:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.utils.dag_version_inflation_checker import check_dag_file_stability

    times = [cpu()]
    check_dag_file_stability(str(path))
    times.append(cpu())
    bag = DagBag(path, load_op_links=False)
    times.append(cpu())
    made = {name: DagSerialization.to_dict(dag) for name, dag in bag.dags.items()}
    times.append(cpu())
    assert not bag.import_errors, bag.import_errors
    check, build, serialize = (after - before for before, after in itertools.pairwise(times))
    found = {"check": check, "build": build, "serialize": serialize, "dags": len(made)}
    found["tasks"] = sum(len(dag.tasks) for dag in bag.dags.values())
    found["bytes"] = sum(len(json.dumps(one).encode()) for one in made.values())
    facts.update({name: _digest(_facts(one)) for name, one in made.items()})
    wanted = list(made)[-1]
    del bag, made
    return found | {"task": _read_for_task(path, wanted)}


def _read_for_task(path: Path, dag: str) -> float:
    """What the process of a task pays before it runs: it reads the file again, and wants one DAG of it."""
    from airflow.dag_processing.dagbag import DagBag

    gc.collect()
    os.environ[WANTED] = dag
    began = cpu()
    bag = DagBag(path, load_op_links=False)
    used = cpu() - began
    del os.environ[WANTED]
    assert dag in bag.dags
    return used


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _facts(value: Any) -> Any:
    """What a scheduler sees of a DAG, whoever wrote it."""
    if isinstance(value, Mapping):
        return {key: _facts(one) for key, one in value.items() if key not in NAMES}
    return [_facts(one) for one in value] if isinstance(value, list | tuple) else value


if __name__ == "__main__":
    main(*sys.argv[1:])
