"""The graph of pipelines that are being written, and how long renewed ones go on."""

from __future__ import annotations

from datetime import date

import pytest

from drawloom.frameworks.autodag.renewal import renewed_until
from drawloom.model import Days, Pipeline, Read, Step, Table
from drawloom.run.table_graph import graph_of


def step(table: str, *reads: str) -> Step:
    return Step(table, Table(table), sql="SELECT 1", reads=tuple(Read(one, Days.of(0), "offset") for one in reads))


def test_steps_are_between_what_they_read_and_their_readers() -> None:
    made = Pipeline("new", "growth", (step("s.b", "s.a", "raw.x"), step("s.a", "raw.x", "s.a")))
    reader = Pipeline("old", "autodag", (step("report.r", "s.b", "other.t"),))
    old = Pipeline("new", "growth", (step("s.a", "raw.y"),))
    graph = graph_of([made], [old, reader])
    assert dict(graph.distances) == {"raw.x": -1, "s.a": 0, "s.b": 1, "report.r": 2}
    assert graph.edges == (("raw.x", "s.a"), ("raw.x", "s.b"), ("s.a", "s.b"), ("s.b", "report.r"))


def test_a_reader_that_is_read_is_drawn_once() -> None:
    made = Pipeline("new", "autodag", (step("s.a", "s.b"),))
    other = Pipeline("old", "autodag", (step("s.b", "s.a"),))
    assert dict(graph_of([made], [other]).distances) == {"s.b": -1, "s.a": 0}


@pytest.mark.parametrize(
    ("until", "today", "renewed"),
    [
        (date(2026, 4, 1), date(2026, 3, 30), date(2026, 5, 2)),
        (date(2026, 4, 1), date(2026, 8, 1), date(2026, 9, 1)),
        (date(2026, 3, 1), date(2026, 8, 1), date(2026, 8, 2)),
        (date(2028, 3, 1), date(2028, 2, 20), date(2029, 2, 20)),
    ],
)
def test_renewed_by_the_same_length(until: date, today: date, renewed: date) -> None:
    assert renewed_until(date(2026, 3, 1), until, today) == renewed
