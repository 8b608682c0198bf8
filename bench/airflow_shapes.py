"""The same chains of steps as DAGs of Airflow, three ways: compiled by drawloom, written by hand, and for dag-factory."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import yaml

from drawloom.airflow.install import LOADER, install
from drawloom.model import Days, Pipeline, Read, Step, Table, Where, digest
from drawloom.run.compile_project import Compiled
from drawloom.run.project import Project
from drawloom.specs.config import load_config

Plan = Mapping[str, Any]
RAW = "raw.events"
SETTINGS = """name: bench
start: 2025-01-01
defaults: {owner: bench@example.com}
"""
SQL = """SELECT id, kind, amount * 2 AS amount
FROM {source}
WHERE ds = DATE '{{{{ ds }}}}' AND amount > 0"""


@dataclass(frozen=True, slots=True)
class Shape:
    """The number of DAGs, and of steps in each; every DAG also has a sensor."""

    dags: int
    steps: int

    @classmethod
    def parse(cls, text: str) -> Self:
        return cls(*map(int, text.split("x")))

    def __str__(self) -> str:
        return f"{self.dags:,} DAGs x {self.steps:,} steps"


class Chains(Project):
    """A project whose pipelines are built here, as no kind of spec compiles to chains this long."""

    shape = Shape(1, 1)

    @cached_property
    def compiled(self) -> Compiled:
        return Compiled(tuple(chain(n, self.shape.steps) for n in range(self.shape.dags)), {}, (), {}, {}, {})


def chain(number: int, steps: int) -> Pipeline:
    """The first step reads an external table, each other step the table before it, on the day of the run."""
    made: list[Step] = []
    for k in range(steps):
        source = made[-1].into.name if made else RAW
        table = f"area{10 * k // steps}.c{number:04}_s{k:04}"
        sql = SQL.format(source=source)
        into = Table(table, description=f"Step {k} of chain {number}.")
        made.append(
            Step(table, into, sql=sql, reads=(Read(source, Days.parse("0"), "offset"),), fingerprint=digest([sql]))
        )
    name, what = f"chain_{number:04}", f"Chain {number}, one table after the other."
    return Pipeline(
        name, "chain", tuple(made), owner="bench@example.com", description=what, spec=Where(f"specs/{name}.yml")
    )


def write_drawloom(shape: Shape, project: Path, dags: Path) -> None:
    """As `drawloom airflow install` does."""
    (project / "specs").mkdir(parents=True)
    (project / "lake").mkdir()
    (project / "drawloom.yml").write_text(SETTINGS, encoding="utf-8")
    for n in range(shape.dags):
        spec = f"kind: chain\nowner: bench@example.com\nfirst: {RAW}\nsteps: {shape.steps}\nuntil: {{forever: a benchmark}}\n"
        (project / "specs" / f"chain_{n:04}.yml").write_text(spec, encoding="utf-8")
    with Chains(load_config(project)) as chains:
        chains.shape = shape
        install(chains, dags)


def files_of(dags: Path) -> dict[str, list[Plan]]:
    """The loaders that drawloom wrote, and what each of them loads."""
    loaders = sorted(path for path in dags.glob("*.py") if path.read_text(encoding="utf-8") == LOADER)
    return {
        path.stem: [
            json.loads(file.read_text(encoding="utf-8")) for file in sorted((dags / path.stem).glob("*/*.json"))
        ]
        for path in loaders
    }


HEAD = '''"""One DAG for each chain."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from airflow.sdk import DAG, Asset, CronPartitionTimetable, Param, TaskGroup
from airflow.sdk.definitions.param import ParamsDict

from bench.airflow_operators import RunStep, WaitFor

UTC = ZoneInfo("UTC")
RAW = Asset(name="raw.events", uri="drawloom://bench/raw/events", group="drawloom")
DAILY = CronPartitionTimetable("0 0 * * *", timezone="UTC", run_offset=-1, key_format="%Y-%m-%d")
DEFAULT_ARGS = {
    "owner": "bench@example.com",
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=30),
}
PARAMS = {
    "from": Param(
        None,
        title="From",
        description="The first day of a range to fill in one run.",
        type=["null", "string"],
        format="date",
    ),
    "to": Param(None, title="To", description="The last day of the range.", type=["null", "string"], format="date"),
    "force": Param(
        False, type="boolean", title="Force", description="Fill the days of the range though they are fresh."
    ),
}
'''


def write_by_hand(files: Mapping[str, Sequence[Plan]], dags: Path, *, params_last: bool) -> None:
    """The same DAGs as code, in as many files; what they share is at the top of each.

    Args:
        files: the plans by file.
        dags: a new folder.
        params_last: set the parameters of a DAG after its tasks, as each task gets a copy of them otherwise.
    """
    dags.mkdir()
    for name, plans in files.items():
        code = "".join(_dag_code(plan, params_last=params_last) for plan in plans)
        (dags / f"{name}.py").write_text(HEAD + code, encoding="utf-8")


def _dag_code(plan: Plan, *, params_last: bool) -> str:
    data = plan["dag"]
    start = datetime.fromisoformat(data["start"])
    pipeline, doc = plan["pipeline"]["name"], data["doc"].replace("\\", "\\\\").replace('"""', '\\"""')
    lines = [
        f"\n\nwith DAG(\n    {data['id']!r},\n    description={data['description']!r},\n    schedule=DAILY,",
        f"    start_date=datetime({start.year}, {start.month}, {start.day}, tzinfo=UTC),",
        f"    catchup=False,\n    tags={data['tags']!r},\n    default_args=DEFAULT_ARGS,",
        *([] if params_last else ["    params=PARAMS,"]),
        f'    doc_md="""{doc}""",\n) as {pipeline}:',
        *(f"    {name} = TaskGroup({name!r}, prefix_group_id=False)" for name in _groups(data)),
    ]
    for wait in data["waits"]:
        given = f"pipeline={pipeline!r}, table={wait['table']!r}, days={wait['days']!r}, steps={wait['steps']!r}"
        lines.append(f"    {_variable(wait['id'])} = WaitFor(task_id={wait['id']!r}, {given}, inlets=[RAW])")
    for step in data["steps"]:
        lines += _step_code(step, pipeline)
    for step in data["steps"]:
        before = ", ".join(map(_variable, (*step["after"], *step["waits"])))
        lines.append(f"    {_variable(step['name'])}.set_upstream([{before}])")
    lines += [f"{pipeline}.params = ParamsDict(PARAMS)"] if params_last else []
    return "\n".join(lines) + "\n"


def _step_code(step: Plan, pipeline: str) -> list[str]:
    return [
        f"    {_variable(step['name'])} = RunStep(",
        f"        task_id={step['name']!r},\n        pipeline={pipeline!r},\n        step={step['name']!r},",
        f"        outlets=[Asset(name={step['table']!r}, uri={_uri(step['table'])!r}, group='drawloom')],",
        f"        owner={step['owner']!r},\n        doc_md={step['doc']!r},",
        *([f"        task_group={step['group']},"] if step["group"] else []),
        "    )",
    ]


class _Text(yaml.SafeDumper):
    """Writes long texts as people do."""


_Text.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)
YAML_LOADER = '''"""The DAGs of the YAML file of the same name."""
# Airflow looks for the words dag and airflow before it reads a file.

from pathlib import Path

from dagfactory import load_yaml_dags

load_yaml_dags(globals_dict=globals(), config_filepath=str(Path(__file__).with_suffix(".yml")))
'''


def write_yaml(files: Mapping[str, Sequence[Plan]], dags: Path) -> None:
    """The same for dag-factory, as near as it can express them: its task groups prefix the ids of their tasks, and it adds a tag and its YAML to the docs."""
    dags.mkdir()
    for name, plans in files.items():
        document = {"default": _yaml_defaults()} | {plan["dag"]["id"]: _yaml_dag(plan) for plan in plans}
        text = yaml.dump(document, Dumper=_Text, sort_keys=False, width=10_000)
        (dags / f"{name}.yml").write_text(text, encoding="utf-8")
        (dags / f"{name}.py").write_text(YAML_LOADER, encoding="utf-8")


def _yaml_defaults() -> dict[str, Any]:
    day = {"type": ["null", "string"], "format": "date"}
    from_ = {"title": "From", "description": "The first day of a range to fill in one run.", **day}
    to = {"title": "To", "description": "The last day of the range.", **day}
    force = {"title": "Force", "description": "Fill the days of the range though they are fresh.", "type": "boolean"}
    return {
        "default_args": {
            "owner": "bench@example.com",
            "retries": 2,
            "retry_delay": _typed("datetime.timedelta", seconds=30),
            "retry_exponential_backoff": True,
            "max_retry_delay": _typed("datetime.timedelta", minutes=30),
        },
        "catchup": False,
        "params": {
            "from": _typed("airflow.sdk.Param", default=None, **from_),
            "to": _typed("airflow.sdk.Param", default=None, **to),
            "force": _typed("airflow.sdk.Param", default=False, **force),
        },
        "schedule": _typed(
            "airflow.sdk.CronPartitionTimetable",
            __args__=["0 0 * * *"],
            timezone="UTC",
            run_offset=-1,
            key_format="%Y-%m-%d",
        ),
    }


def _yaml_dag(plan: Plan) -> dict[str, Any]:
    data, pipeline = plan["dag"], plan["pipeline"]["name"]
    tasks: dict[str, Any] = {}
    for wait in data["waits"]:
        given = {key: wait[key] for key in ("table", "days", "steps")}
        sensor = {"operator": "bench.airflow_operators.WaitFor", "pipeline": pipeline, **given}
        tasks[wait["id"]] = sensor | {"inlets": [_yaml_asset(wait["table"])]}
    for step in data["steps"]:
        tasks[step["name"]] = {
            "operator": "bench.airflow_operators.RunStep",
            "pipeline": pipeline,
            "step": step["name"],
            "outlets": [_yaml_asset(step["table"])],
            "owner": step["owner"],
            "doc_md": step["doc"],
            **({"task_group_name": step["group"]} if step["group"] else {}),
            "dependencies": [*step["after"], *step["waits"]],
        }
    groups = {name: {"tooltip": ""} for name in _groups(data)}
    head = {key: data[key] for key in ("description", "tags")}
    return head | {"start_date": data["start"], "doc_md": data["doc"], "task_groups": groups, "tasks": tasks}


def _yaml_asset(table: str) -> dict[str, Any]:
    return _typed("airflow.sdk.Asset", name=table, uri=_uri(table), group="drawloom")


def _typed(kind: str, **given: Any) -> dict[str, Any]:
    return {"__type__": kind, **given}


def _groups(data: Plan) -> list[str]:
    return sorted({step["group"] for step in data["steps"] if step["group"]})


def _uri(table: str) -> str:
    return f"drawloom://bench/{table.replace('.', '/')}"


def _variable(name: str) -> str:
    return name.replace(".", "_")
