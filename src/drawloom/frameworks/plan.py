"""The canonical JSON of a pipeline, the same bytes on every machine and every day; see unplan.py for the way back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from drawloom.model import Bound, Check, Edge, Pipeline, Read, Step, Table
from drawloom.model.days import DateSpan


def to_json(pipeline: Pipeline) -> str:
    """The pipeline as JSON text: keys sorted, functions by name, without clocks and paths."""
    return (
        json.dumps(plan_of(pipeline), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False, default=_iso)
        + "\n"
    )


def plan_of(pipeline: Pipeline) -> dict[str, Any]:
    """The pipeline as plain values, with the edges and waits that follow from its reads."""
    return {
        "name": pipeline.name,
        "kind": pipeline.kind,
        "schedule": pipeline.schedule.text,
        "start": pipeline.start,
        "until": pipeline.until,
        "owner": pipeline.owner,
        "description": pipeline.description.strip(),
        "retries": pipeline.retries,
        "alerts": list(pipeline.alerts),
        "deadline": int(pipeline.deadline.total_seconds()) if pipeline.deadline else None,
        "on_success": name_of(pipeline.on_success),
        "on_failure": name_of(pipeline.on_failure),
        "steps": [_step(step) for step in pipeline.steps],
        "edges": [list(edge) for edge in pipeline.edges],
        "waits": {wait.table: str(wait.days) for wait in pipeline.waits},
        "fingerprint": pipeline.fingerprint,
    }


def name_of(function: Callable[..., object] | None) -> str:
    """``module:function``, by which another process finds it; empty for none."""
    return f"{function.__module__}:{function.__qualname__}" if function else ""


def _step(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "into": _table(step.into),
        "sql": step.sql and step.sql.strip(),
        "call": name_of(step.call),
        "reads": _reads(step.reads),
        "depends_on": {table: "none" if days is None else str(days) for table, days in step.depends_on.items()},
        "backfill_sql": step.backfill_sql and step.backfill_sql.strip(),
        "backfill_reads": [
            {"table": read.table, "first": _edge(read.first), "last": _edge(read.last)}
            for read in step.backfill_reads or ()
        ],
        "checks": [_check(check) for check in step.checks],
        "dialect": step.dialect,
        "params": dict(step.params),
        "fingerprint": step.fingerprint,
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "columns": [{"name": c.name, "type": c.type, "description": c.description} for c in table.columns],
        "cluster": list(table.cluster),
        "unique": list(table.unique),
        "owner": table.owner,
        "description": table.description.strip(),
        "keep": table.keep,
        "keep_month_ends": table.keep_month_ends,
    }


def _check(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "sql": check.sql.strip(),
        "severity": check.severity,
        "by_row": check.by_row,
        "reads": _reads(check.reads),
    }


def _reads(reads: Iterable[Read]) -> list[dict[str, Any]]:
    return [_read(read) for read in sorted(reads, key=lambda read: read.table)]


def _read(read: Read) -> dict[str, Any]:
    return {
        "table": read.table,
        "how": read.how,
        "days": str(read.days),
        "dates": [_span(span) for span in read.dates],
        "calendar": [[_bound(first), _bound(last)] for first, last in read.calendar],
    }


def _edge(edge: Edge | None) -> dict[str, Any] | None:
    return {"of": edge.of, **(_bound(edge.bound) or {})} if edge else None


def _span(span: DateSpan) -> list[str | None]:
    return [day.isoformat() if day else None for day in span]


def _bound(bound: Bound | None) -> dict[str, Any] | None:
    return {"anchor": bound.anchor, "months": bound.months, "days": bound.days} if bound else None


def _iso(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{value!r} has no canonical form")
