from __future__ import annotations

from datetime import date

import pytest

from drawloom.model import Bound, Days, InputError, Pipeline, Read, Step, Table, Wait


def step(name: str, *reads: Read) -> Step:
    return Step(name, Table(f"core.{name}"), sql="SELECT 1", reads=reads, fingerprint=name)


def read(table: str, days: str = "0") -> Read:
    return Read(table, Days.parse(days), "offset")


def test_edges_waits_and_order_follow_from_reads() -> None:
    pipeline = Pipeline(
        "p",
        "autodag",
        (
            step("b", read("core.a"), read("core.b", "-1"), read("raw.x", "-6..0")),
            step("a", read("raw.x", "-1")),
            step("c", read("core.a", "-1")),
        ),
    )
    assert pipeline.edges == (("a", "b"),)
    assert [s.name for s in pipeline.order] == ["a", "c", "b"]
    assert pipeline.waits == (
        Wait("core.a", Days.of(-1)),
        Wait("core.b", Days.of(-1)),
        Wait("raw.x", Days.span(-6, 0)),
    )
    assert {r.table for r in pipeline.reads} == {"raw.x", "core.b", "core.a"}
    assert pipeline.steps[0].reads_own_past
    assert not pipeline.steps[1].reads_own_past


def test_a_cycle_is_refused() -> None:
    pipeline = Pipeline("p", "autodag", (step("a", read("core.b")), step("b", read("core.a"))))
    with pytest.raises(InputError, match="in a circle"):
        _ = pipeline.order


def test_a_cycle_through_yesterday_is_accepted() -> None:
    pipeline = Pipeline("p", "autodag", (step("a", read("core.b", "-1")), step("b", read("core.a"))))
    assert [s.name for s in pipeline.order] == ["a", "b"]


def test_fingerprint_changes_with_the_steps() -> None:
    one = Pipeline("p", "autodag", (step("a"),))
    assert one.fingerprint == Pipeline("q", "autodag", (step("a"),)).fingerprint
    assert one.fingerprint != Pipeline("p", "autodag", (step("b"),)).fingerprint


def test_dates_of_a_read_on_a_day() -> None:
    day = date(2024, 7, 17)
    month = Read("t", Days.span(-30, 0), "calendar", calendar=((Bound("month"), Bound()),))
    assert month.on(day) == ((date(2024, 7, 1), day),)
    assert month.exact
    fixed = Read("t", how="fixed", dates=((date(2018, 1, 1), None),))
    assert fixed.on(day) == ((date(2018, 1, 1), None),)
    assert not fixed.exact
    assert not Read("t").exact
    assert Read("t").on(day) == ((None, None),)
    hull = Read("t", Days.span(-31, 0), "calendar")
    assert hull.on(date(2024, 3, 1)) == ((date(2024, 1, 30), date(2024, 3, 1)),)
    assert Read("t", Days.span(0, None), "offset").exact is False
