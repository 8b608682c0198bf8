from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.model import InputError, Read, Record
from drawloom.run.owners import History
from drawloom.run.plan import State, changed_input
from drawloom.run.snapshot import WarehouseSnapshot
from tests.run.build import HISTORY, MONTH_TO_DATE, day, execute, partition, pipe, plan, raw, read, same_weekday, states

ALL_DAYS = range(1, 11)


def test_everything_is_missing_then_fresh() -> None:
    snapshot = raw(*ALL_DAYS)
    pipelines = pipe("core.b", read("core.a", "-6..0")), pipe("core.a", read("raw.x"))
    made = plan(snapshot, *pipelines)
    assert [c.key[0] for c in made.partitions][:10] == ["core.a"] * 10
    assert set(states(made, "core.b").values()) == {"missing"}
    execute(made, snapshot)
    assert plan(snapshot, *pipelines).todo == ()


def test_partitions_wait_for_a_missing_source_day_and_name_it() -> None:
    snapshot = raw(*(n for n in ALL_DAYS if n != 5))
    made = plan(snapshot, pipe("core.a", read("raw.x")), pipe("core.b", read("core.a", "-1..0")))
    assert states(made, "core.a")[5] == "waiting"
    assert {n for n, s in states(made, "core.b").items() if s == "waiting"} == {5, 6}
    assert partition(made, "core.b", 6).reason == "waiting for raw.x 2026-01-05"


def test_days_before_the_history_are_not_waited_for() -> None:
    snapshot = raw(*ALL_DAYS)
    made = plan(snapshot, pipe("core.a", read("raw.x", "-6..0")))
    assert set(states(made, "core.a").values()) == {"missing"}
    assert partition(made, "core.a", 2).needs.visible == {"raw.x": (day(1), day(2))}


def test_days_before_the_history_are_read_where_they_exist() -> None:
    snapshot = raw(-1, *ALL_DAYS)
    made = plan(snapshot, pipe("core.a", read("raw.x", "-6..0")))
    assert partition(made, "core.a", 1).needs.visible == {"raw.x": (day(-1), day(1))}


def test_changed_code_makes_the_step_and_its_downstream_stale() -> None:
    snapshot = raw(*ALL_DAYS)
    a, b, c = pipe("core.a", read("raw.x")), pipe("core.b", read("core.a")), pipe("core.c", read("raw.x"))
    execute(plan(snapshot, a, b, c), snapshot)
    a2 = replace(a, steps=(replace(a.steps[0], fingerprint="v2"),))
    made = plan(snapshot, a2, b, c)
    assert partition(made, "core.a", 3).reason == "code changed"
    assert partition(made, "core.b", 3).reason == "input core.a 2026-01-03 will be rebuilt"
    assert set(states(made, "core.c").values()) == {"fresh"}


def test_a_changed_input_makes_exactly_the_affected_partitions_stale() -> None:
    snapshot = raw(*ALL_DAYS)
    pipelines = pipe("core.a", read("raw.x", "-2..0")), pipe("core.b", read("raw.x"))
    execute(plan(snapshot, *pipelines), snapshot)
    snapshot.contents["raw.x"][day(4)] = "restated"
    made = plan(snapshot, *pipelines)
    assert {n for n, s in states(made, "core.a").items() if s == "stale"} == {4, 5, 6}
    assert {n for n, s in states(made, "core.b").items() if s == "stale"} == {4}
    assert partition(made, "core.a", 5).reason == "input raw.x 2026-01-04 changed"


def test_the_changed_input_is_looked_up_in_the_registry() -> None:
    snapshot = raw(*ALL_DAYS)
    pipeline = pipe("core.a", read("raw.x"))
    execute(plan(snapshot, pipeline), snapshot)
    inputs = {"core.a": {ds: record.inputs for ds, record in snapshot.records["core.a"].items()}}
    snapshot.records["core.a"] = {ds: replace(r, inputs={}) for ds, r in snapshot.records["core.a"].items()}
    snapshot.contents["raw.x"][day(4)] = "restated"
    made = plan(snapshot, pipeline, recorded_inputs=lambda table: inputs.get(table, {}))
    assert [c.reason for c in made.todo] == ["input raw.x 2026-01-04 changed"]


def test_a_missing_input_does_not_make_a_partition_stale() -> None:
    snapshot = raw(*ALL_DAYS)
    pipeline = pipe("core.a", read("raw.x"))
    execute(plan(snapshot, pipeline), snapshot)
    del snapshot.contents["raw.x"][day(2)]
    assert plan(snapshot, pipeline).todo == ()
    stale = replace(pipeline, steps=(replace(pipeline.steps[0], fingerprint="v2"),))
    assert states(plan(snapshot, stale), "core.a")[2] == "waiting"


def test_a_late_first_day_makes_its_readers_stale() -> None:
    snapshot = raw(*ALL_DAYS)
    pipeline = pipe("core.a", read("raw.x", "-1..0"))
    execute(plan(snapshot, pipeline), snapshot)
    snapshot.contents["raw.x"][day(0)] = "late"
    assert [c.ds for c in plan(snapshot, pipeline).todo] == [day(1)]


def test_a_step_that_reads_its_own_past_starts_without_it() -> None:
    snapshot = raw(*ALL_DAYS)
    pipeline = pipe("core.s", read("raw.x"), read("core.s", "-1"))
    made = plan(snapshot, pipeline)
    assert partition(made, "core.s", 1).needs.required == (("raw.x", day(1)),)
    assert ("core.s", day(1)) in partition(made, "core.s", 2).needs.required
    del snapshot.contents["raw.x"][day(4)]
    made = plan(snapshot, pipeline)
    assert [n for n, s in states(made, "core.s").items() if s == "waiting"] == list(range(4, 11))
    assert partition(made, "core.s", 9).reason == "waiting for raw.x 2026-01-04"


def test_failures_are_retried_and_shown() -> None:
    snapshot = raw(*ALL_DAYS)
    snapshot.failures = {("core.a", day(3)): "division by zero\nLINE 1"}
    made = plan(snapshot, pipe("core.a", read("raw.x")))
    assert (partition(made, "core.a", 3).state, partition(made, "core.a", 3).reason) == (
        State.FAILED,
        "division by zero",
    )
    assert partition(made, "core.a", 3).todo


def test_a_daily_step_reads_the_last_day_of_a_weekly_table() -> None:
    snapshot = raw(*ALL_DAYS)
    week = pipe("core.w", read("raw.x", "-6..0"), schedule="@weekly")
    daily = pipe("core.d", read("core.w", "-6..0"))
    made = plan(snapshot, week, daily)
    assert list(states(made, "core.w")) == [4]  # Sunday 2026-01-04
    assert partition(made, "core.d", 3).needs.required == ()
    assert partition(made, "core.d", 10).needs.required == (("core.w", day(4)),)


def test_calendar_reads_need_their_own_days() -> None:
    snapshot = raw(*ALL_DAYS)
    made = plan(snapshot, pipe("core.m", Read("raw.x", how="calendar", calendar=MONTH_TO_DATE)))
    assert len(partition(made, "core.m", 7).needs.required) == 7


def test_a_read_without_bounds_sees_no_day_after_its_own() -> None:
    snapshot = raw(-3, *ALL_DAYS)
    made = plan(snapshot, pipe("core.a", Read("raw.x")))
    assert partition(made, "core.a", 2).needs.visible == {"raw.x": (day(-3), day(1), day(2))}
    assert partition(made, "core.a", 2).needs.required == (("raw.x", day(2)),)


def test_a_table_without_days_is_one_input() -> None:
    snapshot = WarehouseSnapshot(contents={"raw.airports": {None: "v1"}})
    pipeline = pipe("core.a", Read("raw.airports"))
    made = plan(snapshot, pipeline)
    assert partition(made, "core.a", 1).needs.visible == {"raw.airports": (None,)}
    execute(made, snapshot)
    assert plan(snapshot, pipeline).todo == ()
    snapshot.contents["raw.airports"][None] = "v2"
    assert {c.reason for c in plan(snapshot, pipeline).todo} == {"input raw.airports changed"}


def test_a_day_is_not_complete_before_its_lateness_is_over() -> None:
    snapshot = raw(*ALL_DAYS)
    snapshot.complete_until = {"raw.x": day(8)}
    made = plan(snapshot, pipe("core.a", read("raw.x")))
    assert {n for n, s in states(made, "core.a").items() if s == "waiting"} == {9, 10}


def test_gaps_of_a_source_with_gaps_count_as_empty_days() -> None:
    snapshot = raw(1, 2, 5)
    snapshot.sources_with_gaps = frozenset({"raw.x"})
    made = plan(snapshot, pipe("core.a", read("raw.x")))
    assert {n for n, s in states(made, "core.a").items() if s == "waiting"} == {6, 7, 8, 9, 10}


def test_days_older_than_keep_expire_and_are_not_waited_for() -> None:
    snapshot = raw(*ALL_DAYS)
    kept = pipe("core.a", read("raw.x"), keep=3)
    made = plan(snapshot, kept, pipe("core.b", read("core.a", "-1..0")))
    assert {n for n, s in states(made, "core.a").items() if s == "expired"} == set(range(1, 8))
    assert partition(made, "core.b", 8).needs.required == (("core.a", day(8)),)


def test_start_and_until_bound_a_pipeline() -> None:
    made = plan(raw(*ALL_DAYS), pipe("core.a", read("raw.x"), start=day(3), until=day(5)))
    assert list(states(made, "core.a")) == [3, 4, 5]


def test_depends_on_overrides_what_is_waited_for() -> None:
    snapshot = raw(1, 2)
    none = pipe("core.a", read("raw.x", "-1..0"), depends_on={"raw.x": None})
    assert set(states(plan(snapshot, none), "core.a").values()) == {"missing"}
    from drawloom.model import Days

    yesterday = pipe("core.a", read("raw.x", "-1..0"), depends_on={"raw.x": Days.of(-1)})
    assert [n for n, s in states(plan(snapshot, yesterday), "core.a").items() if s == "missing"] == [1, 2, 3]


def test_checks_against_last_week_run_after_it_but_do_not_wait() -> None:
    made = plan(raw(*ALL_DAYS), pipe("core.a", read("raw.x"), checks=(same_weekday(),)))
    assert partition(made, "core.a", 8).run_after == (("core.a", day(1)),)
    assert ("core.a", day(1)) not in partition(made, "core.a", 8).needs.required
    assert day(1) in partition(made, "core.a", 8).needs.visible["core.a"]


def test_forced_partitions_are_written_again() -> None:
    snapshot = raw(*ALL_DAYS)
    pipeline = pipe("core.a", read("raw.x"))
    execute(plan(snapshot, pipeline), snapshot)
    assert [c.key for c in plan(snapshot, pipeline, forced=[("core.a", day(2))]).todo] == [("core.a", day(2))]


def test_only_takes_the_targets_and_what_they_need() -> None:
    snapshot = raw(*ALL_DAYS)
    made = plan(snapshot, pipe("core.a", read("raw.x")), pipe("core.b", read("core.a", "-1..0")))
    assert [c.key for c in made.only([("core.b", day(5))]).todo] == [
        ("core.a", day(4)),
        ("core.a", day(5)),
        ("core.b", day(5)),
    ]
    assert [c.key for c in made.only([("core.b", day(5))], upstream=False).partitions] == [("core.b", day(5))]


def test_tables_that_read_each_others_yesterday_go_day_by_day() -> None:
    made = plan(raw(*ALL_DAYS), pipe("core.a", read("raw.x"), read("core.b", "-1")), pipe("core.b", read("core.a")))
    assert [c.key for c in made.partitions][:4] == [
        ("core.a", day(1)),
        ("core.b", day(1)),
        ("core.a", day(2)),
        ("core.b", day(2)),
    ]
    assert set(states(made, "core.b").values()) == {"missing"}


def test_a_circle_is_refused() -> None:
    with pytest.raises(InputError, match="in a circle"):
        plan(raw(1), pipe("core.a", read("core.b")), pipe("core.b", read("core.a")))


def test_changed_input() -> None:
    assert changed_input({"a": {"d": "1"}}, {"a": {"d": "1"}}) is None
    assert changed_input({"a": {"d": "1"}}, {"a": {"d": "2"}}) == "a d"
    assert changed_input({}, {"a": {"": "2"}}) == "a"


@given(st.lists(st.sampled_from(["-1", "0", "-2..0", "-6..-1"]), min_size=1, max_size=4), st.integers(1, 10))
def test_one_run_leaves_nothing_to_do_and_a_change_makes_its_readers_stale(spans: list[str], changed: int) -> None:
    """After a run nothing is stale; after a change exactly the partitions that read it, directly or through others."""
    snapshot = raw(*ALL_DAYS)
    names = ["raw.x", *(f"core.t{n}" for n in range(len(spans)))]
    pipelines = [pipe(name, read(before, span)) for before, name, span in zip(names, names[1:], spans, strict=False)]
    execute(plan(snapshot, *pipelines), snapshot)
    assert plan(snapshot, *pipelines).todo == ()
    snapshot.contents["raw.x"][day(changed)] = "other"
    touched = {day(changed)}
    for pipeline in pipelines:
        days = pipeline.steps[0].reads[0].days
        touched = {day(n) for n in ALL_DAYS if any((t - day(n)).days in days for t in touched)}
        assert {c.ds for c in plan(snapshot, *pipelines).todo if c.pipeline is pipeline} == touched


def test_an_empty_history_has_no_partitions() -> None:
    assert (
        plan(raw(1), pipe("core.a", read("raw.x")), history=History(date(2026, 2, 1), date(2026, 1, 1))).partitions
        == ()
    )


def test_records_of_tables_without_a_pipeline_are_ignored() -> None:
    snapshot = raw(*ALL_DAYS)
    snapshot.add(Record("core.gone", day(1), "r", 1, 1, "c", "v"))
    assert plan(snapshot, pipe("core.a", read("core.gone")), history=HISTORY).partitions[0].state is State.MISSING
