"""Landed partitions: they cannot be computed again, so a plan leaves them and gives the reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from drawloom.model import Pipeline, Read, Record, Step, Table
from drawloom.model.days import Days
from drawloom.run.owners import History
from drawloom.run.plan import PlannedPartition, State, make_plan
from drawloom.run.snapshot import WarehouseSnapshot

DAYS = [date(2026, 1, n) for n in (1, 2, 3)]
HISTORY = History(DAYS[0], DAYS[-1])
LAND = Step("raw.orders", Table("raw.orders"), sql="SELECT 1 AS n", fingerprint="code", landed=True)
READER = Step(
    "core.orders", Table("core.orders"), sql="-", reads=(Read("raw.orders", Days.of(0), "offset"),), fingerprint="r"
)
PIPELINES = (Pipeline("land", "x", (LAND,)), Pipeline("read", "x", (READER,)))


def snapshot(*days: date, code: str = "code") -> WarehouseSnapshot:
    records = {ds: Record("raw.orders", ds, "run", 1, 1, f"content {ds}", code) for ds in days}
    contents: dict[date | None, str] = {ds: record.content for ds, record in records.items()}
    return WarehouseSnapshot(contents={"raw.orders": contents}, records={"raw.orders": records})


def plan(found: WarehouseSnapshot, forced: list[date] | None = None) -> dict[tuple[str, int], PlannedPartition]:
    keys = [("raw.orders", ds) for ds in forced or []]
    made = make_plan(PIPELINES, found, HISTORY, forced=keys)
    return {(one.key[0], one.ds.day): one for one in made.partitions}


def test_only_the_latest_day_is_landed_by_itself() -> None:
    made = plan(snapshot())
    states = [made["raw.orders", n].state for n in (1, 2, 3)]
    assert states == [State.MISSED, State.MISSED, State.MISSING]
    assert made["raw.orders", 1].reason == "landed: a past day is made only on request, with --force"


def test_readers_of_a_missed_day_wait_and_the_plan_gives_the_reason() -> None:
    made = plan(snapshot())
    assert made["core.orders", 1].state is State.WAITING
    assert made["core.orders", 1].reason.startswith("waiting for raw.orders 2026-01-01 (landed: a past day")
    assert made["core.orders", 3].state is State.MISSING


def test_new_code_leaves_a_landed_partition_and_the_plan_gives_the_reason() -> None:
    made = plan(snapshot(*DAYS, code="old"))
    assert {made["raw.orders", n].state for n in (1, 2, 3)} == {State.FRESH}
    assert made["raw.orders", 1].reason == "landed: kept as it is, though its code has changed"


def test_a_past_day_is_written_on_request() -> None:
    made = plan(snapshot(DAYS[0]), forced=DAYS[:2])
    assert made["raw.orders", 1].state is State.STALE
    assert made["raw.orders", 2].state is State.MISSING
    assert made["core.orders", 2].state is State.MISSING


def test_a_missing_file_is_not_written_again() -> None:
    found = replace(snapshot(), anomalies={("raw.orders", DAYS[0]): "its file is gone"})
    assert plan(found)["raw.orders", 1].reason.startswith("its file is gone; landed: a past day")


@pytest.mark.parametrize("keep", [None, 1])
def test_a_landed_partition_expires_by_its_keep_rule(keep: int | None) -> None:
    step = replace(LAND, into=Table("raw.orders", keep=keep))
    made = make_plan([Pipeline("land", "x", (step,))], snapshot(*DAYS), HISTORY)
    expired = [one.ds for one in made.partitions if one.state is State.EXPIRED]
    assert expired == (DAYS[:2] if keep else [])
