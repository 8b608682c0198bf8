"""Runs that are stopped: what runs ends soon, what is done stays, and the next run goes on from there."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pyarrow as pa
import pytest

from drawloom.model import StepContext
from drawloom.run.local import Result
from drawloom.run.plan import History
from tests.run.test_local import D1, NUMBERS, House, house, outcomes, pipe

__all__ = ["house"]


def test_stopping_leaves_the_rest_for_the_next_run(house: House) -> None:
    def stop(result: Result) -> None:
        if result.ds == D1 + timedelta(days=1):
            raise KeyboardInterrupt

    history = History(D1, D1 + timedelta(days=123))
    summary = house.run(NUMBERS, jobs=1, listener=stop, history=history)
    assert summary.interrupted
    assert summary.exit_code == 130
    written = len(house.world().records.get("core.numbers", {}))
    assert 2 <= written < 124
    assert len(house.run(NUMBERS, history=history).results) == 124 - written


ENDLESS = "SELECT count(*) AS n FROM range(100000000000) AS a(x), range(1000) AS b(y) WHERE x % 7 = y"


def test_interrupting_ends_a_running_query(house: House) -> None:
    over = threading.Event()

    def stop() -> None:
        while not over.wait(0.2):
            house.engine.interrupt()

    threading.Thread(target=stop).start()
    summary = house.run(pipe("core.endless", ENDLESS), history=History(D1, D1))
    over.set()
    assert outcomes(summary) == ["failed"]


@pytest.mark.timeout(60)
def test_a_query_that_begins_just_after_the_stop_is_stopped_too(house: House) -> None:
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
    summary = house.run(*works, jobs=2, listener=stop, history=History(D1, D1))
    assert summary.interrupted
    assert {result.table: result.outcome for result in summary.results}["core.slow"] == "stopped"
