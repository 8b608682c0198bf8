"""From the canonical JSON of a pipeline back to the pipeline, without its spec."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from drawloom.model import (
    Bound,
    Check,
    Column,
    Days,
    Edge,
    Pipeline,
    RangeRead,
    Read,
    Schedule,
    Step,
    Table,
    Where,
)

FindFunction = Callable[[str], Callable[..., Any]]


def pipeline_of(plan: Mapping[str, Any], spec: Where, find: FindFunction) -> Pipeline:
    """The pipeline of a plan.

    Args:
        plan: what ``plan_of`` gave, as JSON has it.
        spec: the file it was compiled from.
        find: gives the function of a name like ``module:function``.
    """
    return Pipeline(
        name=plan["name"],
        kind=plan["kind"],
        steps=tuple(_step(step, spec, find) for step in plan["steps"]),
        schedule=Schedule.parse(plan["schedule"]),
        start=_date(plan["start"]),
        until=_date(plan["until"]),
        owner=plan["owner"],
        description=plan["description"],
        retries=plan["retries"],
        alerts=tuple(plan["alerts"]),
        deadline=timedelta(seconds=plan["deadline"]) if plan["deadline"] else None,
        spec=spec,
        on_success=find(plan["on_success"]) if plan["on_success"] else None,
        on_failure=find(plan["on_failure"]) if plan["on_failure"] else None,
    )


def _step(data: Mapping[str, Any], where: Where, find: FindFunction) -> Step:
    ranged = tuple(RangeRead(r["table"], _edge(r["first"]), _edge(r["last"])) for r in data["backfill_reads"])
    return Step(
        name=data["name"],
        into=_table(data["into"]),
        sql=data["sql"],
        call=find(data["call"]) if data["call"] else None,
        reads=tuple(map(_read, data["reads"])),
        backfill_sql=data["backfill_sql"],
        backfill_reads=ranged if data["backfill_sql"] else None,
        checks=tuple(map(_check, data["checks"])),
        dialect=data["dialect"],
        params=data["params"],
        depends_on={table: None if text == "none" else Days.parse(text) for table, text in data["depends_on"].items()},
        fingerprint=data["fingerprint"],
        where=where,
    )


def _table(data: Mapping[str, Any]) -> Table:
    return Table(
        name=data["name"],
        columns=tuple(Column(c["name"], c["type"], c["description"]) for c in data["columns"]),
        cluster=tuple(data["cluster"]),
        unique=tuple(data["unique"]),
        owner=data["owner"],
        description=data["description"],
        keep=data["keep"],
        keep_month_ends=data["keep_month_ends"],
    )


def _check(data: Mapping[str, Any]) -> Check:
    return Check(data["name"], data["sql"], data["severity"], tuple(map(_read, data["reads"])), data["by_row"])


def _read(data: Mapping[str, Any]) -> Read:
    return Read(
        table=data["table"],
        days=Days.parse(data["days"]),
        how=data["how"],
        dates=tuple((_date(first), _date(last)) for first, last in data["dates"]),
        calendar=tuple((_bound(first), _bound(last)) for first, last in data["calendar"]),
    )


def _bound(data: Mapping[str, Any] | None) -> Bound | None:
    return Bound(data["anchor"], data["months"], data["days"]) if data else None


def _edge(data: Mapping[str, Any] | None) -> Edge | None:
    return Edge(data["of"], _bound(data) or Bound()) if data else None


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
