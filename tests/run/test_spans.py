"""Days in words: spans of equal states, and what is known of one partition."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from drawloom.run.partition_facts import InputDay, compare_inputs, find_readers, missing_needs
from drawloom.run.plan import Plan, PlannedPartition, State
from drawloom.run.snapshot import FOREIGN, WarehouseSnapshot
from drawloom.run.spans import find_spans
from tests.run.build import day, execute, partition, pipe, plan, raw, read

A, B = pipe("core.a", read("raw.x")), pipe("core.b", read("core.a", "-1..0"))


def of_table(made: Plan, table: str) -> list[PlannedPartition]:
    return [one for one in made.partitions if one.key[0] == table]


def test_neighbours_of_one_state_are_one_span_even_where_reasons_name_their_days() -> None:
    made = plan(raw(1, 2, 3, 6, 7, 8, 9, 10), A)
    spans = find_spans(of_table(made, "core.a"))
    assert [(span.state, span.first, span.last, span.count) for span in spans] == [
        (State.MISSING, day(1), day(3), 3),
        (State.WAITING, day(4), day(5), 2),
        (State.MISSING, day(6), day(10), 5),
    ]
    assert spans[1].reason == "waiting for raw.x"
    assert spans[0].reason == "never made"
    assert spans[0].days == "2026-01-01 to 2026-01-03"


def test_a_span_of_one_day_keeps_its_whole_reason() -> None:
    made = plan(raw(1, 2, 3, 5, 6, 7, 8, 9, 10), A)
    alone = find_spans(of_table(made, "core.a"))[1]
    assert (alone.reason, alone.days) == ("waiting for raw.x 2026-01-04", "2026-01-04")
    assert find_spans([]) == ()


def test_inputs_are_the_same_changed_gone_or_unknown() -> None:
    snapshot = WarehouseSnapshot(
        contents={"raw.x": {day(1): "a", day(2): "new"}, "raw.ports": {None: "p"}, "cat.y": {day(1): FOREIGN}}
    )
    then = {
        "raw.x": {"2026-01-02": "b", "2026-01-01": "a", "2026-01-03": "c"},
        "raw.ports": {"": "p"},
        "cat.y": {"2026-01-01": "z"},
    }
    found = compare_inputs(then, snapshot)
    assert list(found) == ["cat.y", "raw.ports", "raw.x"]
    assert [one.change for one in found["raw.x"]] == ["same", "changed", "gone"]
    assert found["raw.ports"] == [InputDay("raw.ports", None, "p", "p")]
    assert found["cat.y"][0].change == "unknown"


def test_readers_of_a_day_are_found_where_they_read_it() -> None:
    snapshot = raw(*range(1, 11))
    made = plan(snapshot, A, B)
    tables = {table: of_table(made, table) for table in ("core.a", "core.b")}
    found = [one.key for one in find_readers(tables, "core.a", day(4))]
    assert found == [("core.b", day(4)), ("core.b", day(5))]
    assert not list(find_readers(tables, "core.b", day(4)))
    assert not list(find_readers(tables, "core.a", date(2020, 1, 1)))


def test_readers_of_a_table_without_days_are_all_that_read_it() -> None:
    snapshot = replace(raw(*range(1, 11)), contents={**raw(*range(1, 11)).contents, "raw.ports": {None: "p"}})
    made = plan(snapshot, pipe("core.c", read("raw.ports", "0"), read("raw.x")))
    tables = {"core.c": of_table(made, "core.c")}
    assert len(list(find_readers(tables, "raw.ports", None))) == 10


def test_what_is_missing_is_what_it_needs_and_does_not_exist() -> None:
    snapshot = raw(1, 2, 3)
    made = plan(snapshot, A, B)
    assert missing_needs(partition(made, "core.a", 4), snapshot) == [("raw.x", day(4))]
    assert missing_needs(partition(made, "core.b", 2), snapshot) == [("core.a", day(1)), ("core.a", day(2))]
    execute(made, snapshot)
    assert missing_needs(partition(plan(snapshot, A, B), "core.b", 2), snapshot) == []
