"""Small builders of pipelines and worlds for the planner's tests."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from drawloom.model import Bound, Check, Days, Pipeline, Read, Record, Schedule, Step, Table, seen
from drawloom.run.needs import NeedsReader
from drawloom.run.plan import Cell, History, Plan, make_plan
from drawloom.run.world import World

D1 = date(2026, 1, 1)
HISTORY = History(D1, date(2026, 1, 10))


def day(n: int) -> date:
    """The n-th day of the history, from 1; 0 and less lie before it."""
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


def raw(*days: int, table: str = "raw.x") -> World:
    return World(contents={table: {day(n): f"x{n}" for n in days}})


def plan(world: World, *pipelines: Pipeline, history: History = HISTORY, **more: Any) -> Plan:
    return make_plan(pipelines, world, history, **more)


def states(made: Plan, table: str) -> dict[int, str]:
    return {(cell.ds - D1).days + 1: str(cell.state) for cell in made.cells if cell.key[0] == table}


def cell(made: Plan, table: str, n: int) -> Cell:
    return next(cell for cell in made.cells if cell.key == (table, day(n)))


def execute(made: Plan, world: World, content: str = "c") -> None:
    """Pretend that everything to do was done, each with a content of its own; keeps inputs like the runner."""
    for c in made.todo:
        inputs = world.inputs(c.needs.seen)
        table, ds = c.key
        text = f"{content}-{table}-{ds}"
        world.produced(Record(table, ds, "r", 1, 1, text, c.step.fingerprint, seen(inputs), inputs))


def same_weekday() -> Check:
    return Check("same weekday", "SELECT 1", reads=(read("core.a", "-7"),))


__all__ = ["HISTORY", "MONTH_TO_DATE", "NeedsReader", "World", "cell", "execute", "pipe", "plan", "raw", "read"]
