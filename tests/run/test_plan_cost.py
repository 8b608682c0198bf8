"""What a plan would cost, from what the registry recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from drawloom.run.plan import Plan
from drawloom.run.plan_cost import cost_of
from drawloom.run.snapshot import WarehouseSnapshot
from tests.run.build import day, execute, pipe, plan, raw, read

A, B = pipe("core.a", read("raw.x")), pipe("core.b", read("core.a", "-1..0"))
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def written(snapshot: WarehouseSnapshot, table: str, seconds: float) -> None:
    """Say that each day of a table has 10 rows and 100 bytes, and took so long."""
    for ds, record in snapshot.records[table].items():
        snapshot.records[table][ds] = replace(record, rows=10, bytes=100, seconds=seconds, at=NOW)


def test_nothing_costs_nothing() -> None:
    cost = cost_of(Plan(()), WarehouseSnapshot())
    assert (cost.partitions, cost.replaced, cost.seconds, cost.unknown, cost.read.partitions) == (0, 0, 0, [], 0)


def test_what_was_never_written_has_unknown_seconds_and_reads_what_the_run_makes() -> None:
    snapshot = raw(1, 2, 3)
    cost = cost_of(plan(snapshot, A, B), snapshot)
    assert [(one.table, one.count, one.replaced, one.seconds) for one in cost.tables] == [
        ("core.a", 3, 0, None),
        ("core.b", 3, 0, None),
    ]
    assert cost.unknown == ["core.a", "core.b"]
    assert [(one.table, one.partitions, one.made, one.unrecorded) for one in cost.reads] == [
        ("core.a", 3, 3, 0),
        ("raw.x", 3, 0, 3),
    ]
    assert (cost.read.partitions, cost.read.made, cost.read.unrecorded, cost.read.rows) == (6, 3, 3, 0)


def test_known_partitions_count_once_and_seconds_are_those_of_earlier_days() -> None:
    snapshot = raw(1, 2, 3, 4)
    execute(plan(snapshot, A, B), snapshot)
    written(snapshot, "core.a", 2.0)
    written(snapshot, "core.b", 0.5)
    changed = pipe("core.b", read("core.a", "-1..0"), fingerprint="v2")
    cost = cost_of(plan(snapshot, A, changed).only({("core.b", day(n)) for n in (2, 3, 4)}), snapshot)
    (one,) = cost.tables
    assert (one.table, one.count, one.replaced, one.seconds) == ("core.b", 3, 3, 1.5)
    assert [(span.reason, span.count) for span in one.spans] == [("code changed", 3)]
    assert (cost.read.partitions, cost.read.rows, cost.read.bytes, cost.read.made) == (4, 40, 400, 0)
