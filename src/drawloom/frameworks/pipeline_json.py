"""Pipelines as canonical JSON, the same bytes on every machine and every day, and back without their specs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from drawloom.model import (
    Bound,
    Check,
    Column,
    DateSpan,
    Days,
    Family,
    Member,
    Membership,
    Pipeline,
    RangeBound,
    RangeRead,
    Read,
    Schedule,
    SliceRead,
    Step,
    Table,
    Where,
)
from drawloom.model.table import Constant

FindFunction = Callable[[str], Callable[..., Any]]


def to_json(pipeline: Pipeline) -> str:
    """The pipeline as JSON text: keys sorted, functions by name, without clocks and paths."""
    values = pipeline_to_dict(pipeline)
    text = json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False, default=_iso)
    return text + "\n"


def pipeline_to_dict(pipeline: Pipeline) -> dict[str, Any]:
    """The pipeline as plain values, with the edges and waits that follow from its reads."""
    return {
        "name": pipeline.name,
        "kind": pipeline.kind,
        "schedule": pipeline.schedule.text,
        **({} if pipeline.schedule.timezone == "UTC" else {"timezone": pipeline.schedule.timezone}),
        "start": pipeline.start,
        "until": pipeline.until,
        "owner": pipeline.owner,
        "description": pipeline.description.strip(),
        **({"tags": list(pipeline.tags)} if pipeline.tags else {}),
        "retries": pipeline.retries,
        "alerts": list(pipeline.alerts),
        "deadline": int(pipeline.deadline.total_seconds()) if pipeline.deadline else None,
        "on_success": function_name(pipeline.on_success),
        "on_failure": function_name(pipeline.on_failure),
        "steps": [_step_to_dict(step) for step in pipeline.steps],
        "edges": [list(edge) for edge in pipeline.edges],
        "waits": {wait.table: str(wait.days) for wait in pipeline.waits},
        "fingerprint": pipeline.fingerprint,
    }


def pipeline_from_dict(data: Mapping[str, Any], spec: Where, find: FindFunction) -> Pipeline:
    """The pipeline from the values of ``pipeline_to_dict``.

    Args:
        data: the values, as they come out of JSON.
        spec: the file it was compiled from.
        find: returns the function of a name like ``module:function``.
    """
    return Pipeline(
        name=data["name"],
        kind=data["kind"],
        steps=tuple(_step_from_dict(step, spec, find) for step in data["steps"]),
        schedule=Schedule.parse(data["schedule"], data.get("timezone", "UTC")),
        start=_date(data["start"]),
        until=_date(data["until"]),
        owner=data["owner"],
        description=data["description"],
        retries=data["retries"],
        alerts=tuple(data["alerts"]),
        deadline=timedelta(seconds=data["deadline"]) if data["deadline"] else None,
        spec=spec,
        on_success=find(data["on_success"]) if data["on_success"] else None,
        on_failure=find(data["on_failure"]) if data["on_failure"] else None,
        tags=tuple(data.get("tags", ())),
    )


def function_name(function: Callable[..., object] | None) -> str:
    """``module:function``, by which another process finds it; empty for none."""
    return f"{function.__module__}:{function.__qualname__}" if function else ""


def _step_to_dict(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "into": _table_to_dict(step.into),
        "sql": step.sql and step.sql.strip(),
        "call": function_name(step.call),
        "reads": _reads_to_list(step.reads),
        "depends_on": {table: "none" if days is None else str(days) for table, days in step.depends_on.items()},
        "backfill_sql": step.backfill_sql and step.backfill_sql.strip(),
        "backfill_reads": [
            {"table": read.table, "first": _bound_to_dict(read.first), "last": _bound_to_dict(read.last)}
            for read in step.backfill_reads or ()
        ],
        "checks": [_check_to_dict(check) for check in step.checks],
        "dialect": step.dialect,
        "params": dict(step.params),
        "fingerprint": step.fingerprint,
        **({"landed": True} if step.landed else {}),
        **({"days_vary": True} if step.days_vary else {}),
        **({"macros": step.macros} if step.macros else {}),
        **({"slices": [asdict(one) for one in step.slices]} if step.slices else {}),
        **({"slice_code": dict(step.slice_code)} if step.slice_code else {}),
        **({"families": [_family_to_dict(family) for family in step.families]} if step.families else {}),
    }


def _step_from_dict(data: Mapping[str, Any], where: Where, find: FindFunction) -> Step:
    ranged = tuple(
        RangeRead(read["table"], _bound_from_dict(read["first"]), _bound_from_dict(read["last"]))
        for read in data["backfill_reads"]
    )
    return Step(
        name=data["name"],
        into=_table_from_dict(data["into"]),
        sql=data["sql"],
        call=find(data["call"]) if data["call"] else None,
        reads=tuple(map(_read_from_dict, data["reads"])),
        backfill_sql=data["backfill_sql"],
        backfill_reads=ranged if data["backfill_sql"] else None,
        checks=tuple(_check_from_dict(check, where.file) for check in data["checks"]),
        dialect=data["dialect"],
        params=data["params"],
        depends_on={table: None if text == "none" else Days.parse(text) for table, text in data["depends_on"].items()},
        fingerprint=data["fingerprint"],
        where=where,
        landed=data.get("landed", False),
        days_vary=data.get("days_vary", False),
        macros=data.get("macros", ""),
        slices=tuple(SliceRead(one["table"], one["column"], tuple(one["values"])) for one in data.get("slices", ())),
        slice_code=data.get("slice_code", {}),
        families=tuple(map(_family_from_dict, data.get("families", ()))),
    )


def _table_to_dict(table: Table) -> dict[str, Any]:
    values = asdict(table) | {"description": table.description.strip()}
    values["columns"] = [_column_to_dict(column) for column in table.columns]
    values["described"] = [_column_to_dict(column) for column in table.described]
    optional = {name: values.pop(name) for name in ("member_of", "sliced_by", "described")}
    return values | {name: value for name, value in optional.items() if value}


def _table_from_dict(data: Mapping[str, Any]) -> Table:
    sequences = {
        "columns": _columns(data["columns"]),
        "described": _columns(data.get("described", ())),
        "cluster": tuple(data["cluster"]),
        "unique": tuple(data["unique"]),
    }
    member_of = data.get("member_of")
    membership = Membership(member_of["family"], _constants(member_of["constants"])) if member_of else None
    return Table(**{**data, **sequences, "member_of": membership})


def _column_to_dict(column: Column) -> dict[str, Any]:
    values = asdict(column)
    tags, inherits = values.pop("tags"), values.pop("inherits_tags")
    return values | ({"tags": list(tags)} if tags else {}) | ({} if inherits else {"inherits_tags": False})


def _family_to_dict(family: Family) -> dict[str, Any]:
    members = [
        asdict(member) | {"columns": [_column_to_dict(column) for column in member.columns]}
        for member in family.members
    ]
    return asdict(family) | {"columns": [_column_to_dict(c) for c in family.columns], "members": members}


def _family_from_dict(data: Mapping[str, Any]) -> Family:
    members = tuple(
        Member(member["table"], _constants(member["constants"]), _columns(member["columns"]))
        for member in data["members"]
    )
    return Family(data["name"], _columns(data["columns"]), members)


def _columns(data: Iterable[Mapping[str, Any]]) -> tuple[Column, ...]:
    return tuple(Column(**{**column, "tags": tuple(column.get("tags", ()))}) for column in data)


def _constants(data: Iterable[Any]) -> tuple[tuple[str, Constant], ...]:
    return tuple((name, value) for name, value in data)


def _check_to_dict(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "sql": check.sql.strip(),
        "severity": check.severity,
        "by_row": check.by_row,
        "reads": _reads_to_list(check.reads),
        **({"line": check.where.line} if check.where.line else {}),
    }


def _check_from_dict(data: Mapping[str, Any], file: str | None) -> Check:
    values = {key: value for key, value in data.items() if key != "line"}
    where = Where(file, data["line"]) if data.get("line") else Where()
    return Check(**{**values, "reads": tuple(map(_read_from_dict, data["reads"])), "where": where})


def _reads_to_list(reads: Iterable[Read]) -> list[dict[str, Any]]:
    return [
        {
            "table": read.table,
            "how": read.how,
            "days": str(read.days),
            "dates": [_dates_to_list(span) for span in read.dates],
            "calendar": [[bound and asdict(bound) for bound in span] for span in read.calendar],
            **({"within": _dates_to_list(read.within)} if read.is_clipped else {}),
        }
        for read in sorted(reads, key=lambda read: read.table)
    ]


def _dates_to_list(span: DateSpan) -> list[str | None]:
    return [day.isoformat() if day else None for day in span]


def _read_from_dict(data: Mapping[str, Any]) -> Read:
    within = data.get("within", (None, None))
    return Read(
        table=data["table"],
        days=Days.parse(data["days"]),
        how=data["how"],
        dates=tuple((_date(first), _date(last)) for first, last in data["dates"]),
        calendar=tuple((first and Bound(**first), last and Bound(**last)) for first, last in data["calendar"]),
        within=(_date(within[0]), _date(within[1])),
    )


def _bound_to_dict(bound: RangeBound | None) -> dict[str, Any] | None:
    return {"of": bound.of, **asdict(bound.bound)} if bound else None


def _bound_from_dict(data: Mapping[str, Any] | None) -> RangeBound | None:
    return RangeBound(data["of"], Bound(data["anchor"], data["months"], data["days"])) if data else None


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _iso(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{value!r} has no canonical form")
