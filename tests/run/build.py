"""Small builders of pipelines and snapshots for the tests of the planner."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from drawloom.model import Bound, Check, Days, Pipeline, Read, Record, Schedule, Step, Table, inputs_digest
from drawloom.run.owners import History
from drawloom.run.plan import NeedsResolver, Plan, PlannedPartition, make_plan
from drawloom.run.snapshot import WarehouseSnapshot

D1 = date(2026, 1, 1)
HISTORY = History(D1, date(2026, 1, 10))


def day(n: int) -> date:
    """The n-th day of the history, from 1; 0 and less are before it."""
    return D1 + timedelta(days=n - 1)


def read(table: str, days: str = "0") -> Read:
    return Read(table, Days.parse(days), "offset")


MONTH_TO_DATE = ((Bound("month"), Bound()),)


def pipe(table: str, *reads: Read, schedule: str = "@daily", **more: Any) -> Pipeline:
    into = Table(table, keep=more.pop("keep", None))
    step_names = {"checks", "depends_on", "backfill_sql", "fingerprint"}
    step_more = {name: more.pop(name) for name in list(more) if name in step_names}
    step = Step(table, into, sql="SELECT 1", reads=reads, **{"fingerprint": "v1", **step_more})
    return Pipeline(table, "autodag", (step,), Schedule.parse(schedule), **more)


def raw(*days: int, table: str = "raw.x") -> WarehouseSnapshot:
    return WarehouseSnapshot(contents={table: {day(n): f"x{n}" for n in days}})


def plan(snapshot: WarehouseSnapshot, *pipelines: Pipeline, history: History = HISTORY, **more: Any) -> Plan:
    return make_plan(pipelines, snapshot, history, **more)


def states(made: Plan, table: str) -> dict[int, str]:
    return {
        (partition.ds - D1).days + 1: str(partition.state) for partition in made.partitions if partition.key[0] == table
    }


def partition(made: Plan, table: str, n: int) -> PlannedPartition:
    return next(partition for partition in made.partitions if partition.key == (table, day(n)))


def execute(made: Plan, snapshot: WarehouseSnapshot, content: str = "c") -> None:
    """Add to the snapshot what a run would write, each with its own content hash and its inputs."""
    for c in made.todo:
        inputs = snapshot.inputs(c.needs.visible)
        table, ds = c.key
        text = f"{content}-{table}-{ds}"
        snapshot.add(Record(table, ds, "r", 1, 1, text, c.step.fingerprint, inputs_digest(inputs), inputs))


def same_weekday() -> Check:
    return Check("same weekday", "SELECT 1", reads=(read("core.a", "-7"),))


__all__ = [
    "HISTORY",
    "MONTH_TO_DATE",
    "NeedsResolver",
    "WarehouseSnapshot",
    "partition",
    "execute",
    "pipe",
    "plan",
    "raw",
    "read",
]
