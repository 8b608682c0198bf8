"""Interrupted runs: queries end soon, what is written stays, and the next run continues from there."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pyarrow as pa
import pytest

from drawloom.model import StepContext
from drawloom.run.local_runner import Result
from drawloom.run.owners import History
from tests.run.test_local_runner import D1, NUMBERS, LocalWarehouse, outcomes, pipe, warehouse

__all__ = ["warehouse"]


def test_an_interrupt_leaves_the_rest_for_the_next_run(warehouse: LocalWarehouse) -> None:
    def stop(result: Result) -> None:
        if result.ds == D1 + timedelta(days=1):
            raise KeyboardInterrupt

    history = History(D1, D1 + timedelta(days=123))
    summary = warehouse.run(NUMBERS, jobs=1, listener=stop, history=history)
    assert summary.interrupted
    assert summary.exit_code == 130
    written = len(warehouse.snapshot().records.get("core.numbers", {}))
    assert 2 <= written < 124
    assert len(warehouse.run(NUMBERS, history=history).results) == 124 - written


ENDLESS = "SELECT count(*) AS n FROM range(100000000000) AS a(x), range(1000) AS b(y) WHERE x % 7 = y"


def test_an_interrupt_ends_a_running_query(warehouse: LocalWarehouse) -> None:
    over = threading.Event()

    def stop() -> None:
        while not over.wait(0.2):
            warehouse.engine.interrupt()

    threading.Thread(target=stop).start()
    summary = warehouse.run(pipe("core.endless", ENDLESS), history=History(D1, D1))
    over.set()
    assert outcomes(summary) == ["failed"]


@pytest.mark.timeout(60)
def test_a_query_that_begins_just_after_the_interrupt_ends_too(warehouse: LocalWarehouse) -> None:
    begun = threading.Event()

    def slow(context: StepContext) -> pa.Table:
        begun.set()
        time.sleep(0.5)
        return context.query(ENDLESS)

    def stop(result: Result) -> None:
        begun.wait()
        if result.table == "core.quick":
            raise KeyboardInterrupt

    works = pipe("core.slow", None, call=slow), pipe("core.quick", "SELECT 1 AS n")
    summary = warehouse.run(*works, jobs=2, listener=stop, history=History(D1, D1))
    assert summary.interrupted
    assert {result.table: result.outcome for result in summary.results}["core.slow"] == "stopped"
