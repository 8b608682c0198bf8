"""Plans, statuses and summaries as plain values: what ``--format json`` prints and the API answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from drawloom.run.plan import Key, Plan, PlannedPartition, State

if TYPE_CHECKING:
    from drawloom.model import Schedule
    from drawloom.run.local_runner import Summary
    from drawloom.sql import Analysis


def plan_json(plan: Plan) -> dict[str, Any]:
    """The plan as JSON: one row per partition."""
    rows = [
        {
            "pipeline": partition.pipeline.name,
            "table": partition.key[0],
            "ds": partition.ds,
            "state": str(partition.state),
            "reason": partition.reason,
            "run": partition.todo,
        }
        for partition in plan.partitions
    ]
    return {"cells": rows, "counts": counts(plan.partitions), "damaged": damaged_json(plan.damaged)}


def advice_json(analysis: Analysis, schedule: Schedule) -> dict[str, Any]:
    """What a text reads and writes, and its problems."""
    return {**analysis.to_json(schedule), "problems": [problem.to_json() for problem in analysis.problems]}


def damaged_json(damaged: Mapping[Key, str]) -> list[dict[str, Any]]:
    """Landed partitions whose files are gone or are not the recorded ones, as JSON."""
    return [{"table": table, "ds": ds, "reason": why} for (table, ds), why in damaged.items()]


def counts(partitions: Iterable[PlannedPartition]) -> dict[str, int]:
    """The number of partitions in each state."""
    found = Counter(str(partition.state) for partition in partitions)
    return {str(state): found[str(state)] for state in State if found[str(state)]}


def status_json(plan: Plan) -> dict[str, Any]:
    """The status as JSON: tables x days."""
    tables = {
        table: {
            "owner": partitions[0].pipeline.owner,
            "schedule": partitions[0].pipeline.schedule.text,
            "counts": counts(partitions),
            "days": {partition.ds.isoformat(): str(partition.state) for partition in partitions},
        }
        for table, partitions in by_table(plan.partitions)
    }
    return {"tables": tables, "damaged": damaged_json(plan.damaged)}


def summary_json(summary: Summary) -> dict[str, Any]:
    """The summary of a run as JSON: one row per partition."""
    rows = [
        {
            "pipeline": result.pipeline,
            "table": result.table,
            "ds": result.ds,
            "outcome": result.outcome,
            "rows": result.rows,
            "seconds": result.seconds,
            "error": result.error or None,
            "warnings": list(result.warnings),
        }
        for result in summary.results
    ]
    waiting = [
        {"table": partition.key[0], "ds": partition.ds, "reason": partition.reason} for partition in summary.waiting
    ]
    damaged = damaged_json(summary.damaged)
    return {"results": rows, "waiting": waiting, "damaged": damaged, "interrupted": summary.interrupted}


def by_table(partitions: Iterable[PlannedPartition]) -> list[tuple[str, list[PlannedPartition]]]:
    """The partitions of each table, in the order of their days."""
    tables: dict[str, list[PlannedPartition]] = {}
    for partition in partitions:
        tables.setdefault(partition.key[0], []).append(partition)
    return [(name, sorted(found, key=lambda partition: partition.ds)) for name, found in tables.items()]
