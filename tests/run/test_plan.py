from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.model import InputError, Read, Record
from drawloom.run.plan import History, State, changed_input
from drawloom.run.world import World
from tests.run.build import HISTORY, MONTH_TO_DATE, cell, day, execute, pipe, plan, raw, read, same_weekday, states

ALL_DAYS = range(1, 11)


def test_everything_is_missing_then_fresh() -> None:
    world = raw(*ALL_DAYS)
    pipelines = pipe("core.b", read("core.a", "-6..0")), pipe("core.a", read("raw.x"))
    made = plan(world, *pipelines)
    assert [c.key[0] for c in made.cells][:10] == ["core.a"] * 10
    assert set(states(made, "core.b").values()) == {"missing"}
    execute(made, world)
    assert plan(world, *pipelines).todo == ()


def test_a_missing_source_day_blocks_what_needs_it_and_says_so() -> None:
    world = raw(*(n for n in ALL_DAYS if n != 5))
    made = plan(world, pipe("core.a", read("raw.x")), pipe("core.b", read("core.a", "-1..0")))
    assert states(made, "core.a")[5] == "waiting"
    assert {n for n, s in states(made, "core.b").items() if s == "waiting"} == {5, 6}
    assert cell(made, "core.b", 6).reason == "waiting for raw.x 2026-01-05"


def test_days_before_the_history_are_not_waited_for() -> None:
    world = raw(*ALL_DAYS)
    made = plan(world, pipe("core.a", read("raw.x", "-6..0")))
    assert set(states(made, "core.a").values()) == {"missing"}
    assert cell(made, "core.a", 2).needs.seen == {"raw.x": (day(1), day(2))}


def test_days_before_the_history_are_read_where_they_exist() -> None:
    world = raw(-1, *ALL_DAYS)
    made = plan(world, pipe("core.a", read("raw.x", "-6..0")))
    assert cell(made, "core.a", 1).needs.seen == {"raw.x": (day(-1), day(1))}


def test_changed_code_makes_that_step_and_what_follows_stale() -> None:
    world = raw(*ALL_DAYS)
    a, b, c = pipe("core.a", read("raw.x")), pipe("core.b", read("core.a")), pipe("core.c", read("raw.x"))
    execute(plan(world, a, b, c), world)
    a2 = replace(a, steps=(replace(a.steps[0], fingerprint="v2"),))
    made = plan(world, a2, b, c)
    assert cell(made, "core.a", 3).reason == "code changed"
    assert cell(made, "core.b", 3).reason == "input core.a 2026-01-03 will be rebuilt"
    assert set(states(made, "core.c").values()) == {"fresh"}


def test_a_changed_input_makes_exactly_the_affected_partitions_stale() -> None:
    world = raw(*ALL_DAYS)
    pipelines = pipe("core.a", read("raw.x", "-2..0")), pipe("core.b", read("raw.x"))
    execute(plan(world, *pipelines), world)
    world.contents["raw.x"][day(4)] = "restated"
    made = plan(world, *pipelines)
    assert {n for n, s in states(made, "core.a").items() if s == "stale"} == {4, 5, 6}
    assert {n for n, s in states(made, "core.b").items() if s == "stale"} == {4}
    assert cell(made, "core.a", 5).reason == "input raw.x 2026-01-04 changed"


def test_the_changed_input_is_named_from_the_registry_when_the_record_does_not_carry_it() -> None:
    world = raw(*ALL_DAYS)
    pipeline = pipe("core.a", read("raw.x"))
    execute(plan(world, pipeline), world)
    inputs = {"core.a": {ds: record.inputs for ds, record in world.records["core.a"].items()}}
    world.records["core.a"] = {ds: replace(r, inputs={}) for ds, r in world.records["core.a"].items()}
    world.contents["raw.x"][day(4)] = "restated"
    made = plan(world, pipeline, inputs_of=lambda table: inputs.get(table, {}))
    assert [c.reason for c in made.todo] == ["input raw.x 2026-01-04 changed"]


def test_an_input_that_is_gone_does_not_undo_what_was_made_of_it() -> None:
    world = raw(*ALL_DAYS)
    pipeline = pipe("core.a", read("raw.x"))
    execute(plan(world, pipeline), world)
    del world.contents["raw.x"][day(2)]
    assert plan(world, pipeline).todo == ()
    stale = replace(pipeline, steps=(replace(pipeline.steps[0], fingerprint="v2"),))
    assert states(plan(world, stale), "core.a")[2] == "waiting"


def test_a_late_first_day_makes_stale_what_would_have_read_it() -> None:
    world = raw(*ALL_DAYS)
    pipeline = pipe("core.a", read("raw.x", "-1..0"))
    execute(plan(world, pipeline), world)
    world.contents["raw.x"][day(0)] = "late"
    assert [c.ds for c in plan(world, pipeline).todo] == [day(1)]


def test_reading_ones_own_past_starts_cold_and_chains() -> None:
    world = raw(*ALL_DAYS)
    pipeline = pipe("core.s", read("raw.x"), read("core.s", "-1"))
    made = plan(world, pipeline)
    assert cell(made, "core.s", 1).needs.required == (("raw.x", day(1)),)
    assert ("core.s", day(1)) in cell(made, "core.s", 2).needs.required
    del world.contents["raw.x"][day(4)]
    made = plan(world, pipeline)
    assert [n for n, s in states(made, "core.s").items() if s == "waiting"] == list(range(4, 11))
    assert cell(made, "core.s", 9).reason == "waiting for raw.x 2026-01-04"


def test_failures_are_tried_again_and_shown() -> None:
    world = raw(*ALL_DAYS)
    world.failures = {("core.a", day(3)): "division by zero\nLINE 1"}
    made = plan(world, pipe("core.a", read("raw.x")))
    assert (cell(made, "core.a", 3).state, cell(made, "core.a", 3).reason) == (State.FAILED, "division by zero")
    assert cell(made, "core.a", 3).todo


def test_weekly_and_daily_tables_meet_on_the_days_there_are() -> None:
    world = raw(*ALL_DAYS)
    week = pipe("core.w", read("raw.x", "-6..0"), schedule="@weekly")
    daily = pipe("core.d", read("core.w", "-6..0"))
    made = plan(world, week, daily)
    assert list(states(made, "core.w")) == [4]  # Sunday 2026-01-04
    assert cell(made, "core.d", 3).needs.required == ()
    assert cell(made, "core.d", 10).needs.required == (("core.w", day(4)),)


def test_calendar_reads_need_their_own_days() -> None:
    world = raw(*ALL_DAYS)
    made = plan(world, pipe("core.m", Read("raw.x", how="calendar", calendar=MONTH_TO_DATE)))
    assert len(cell(made, "core.m", 7).needs.required) == 7


def test_a_read_without_bounds_sees_no_day_after_its_own() -> None:
    world = raw(-3, *ALL_DAYS)
    made = plan(world, pipe("core.a", Read("raw.x")))
    assert cell(made, "core.a", 2).needs.seen == {"raw.x": (day(-3), day(1), day(2))}
    assert cell(made, "core.a", 2).needs.required == (("raw.x", day(2)),)


def test_a_table_without_days_is_needed_whole() -> None:
    world = World(contents={"raw.airports": {None: "v1"}})
    pipeline = pipe("core.a", Read("raw.airports"))
    made = plan(world, pipeline)
    assert cell(made, "core.a", 1).needs.seen == {"raw.airports": (None,)}
    execute(made, world)
    assert plan(world, pipeline).todo == ()
    world.contents["raw.airports"][None] = "v2"
    assert {c.reason for c in plan(world, pipeline).todo} == {"input raw.airports changed"}


def test_lateness_holds_a_day_back() -> None:
    world = raw(*ALL_DAYS)
    world.settled = {"raw.x": day(8)}
    made = plan(world, pipe("core.a", read("raw.x")))
    assert {n for n, s in states(made, "core.a").items() if s == "waiting"} == {9, 10}


def test_gaps_of_a_gapless_source_count_as_empty_days() -> None:
    world = raw(1, 2, 5)
    world.gapless = frozenset({"raw.x"})
    made = plan(world, pipe("core.a", read("raw.x")))
    assert {n for n, s in states(made, "core.a").items() if s == "waiting"} == {6, 7, 8, 9, 10}


def test_retention_expires_old_days_and_does_not_wait_for_them() -> None:
    world = raw(*ALL_DAYS)
    kept = pipe("core.a", read("raw.x"), keep=3)
    made = plan(world, kept, pipe("core.b", read("core.a", "-1..0")))
    assert {n for n, s in states(made, "core.a").items() if s == "expired"} == set(range(1, 8))
    assert cell(made, "core.b", 8).needs.required == (("core.a", day(8)),)


def test_start_and_until_bound_a_pipeline() -> None:
    made = plan(raw(*ALL_DAYS), pipe("core.a", read("raw.x"), start=day(3), until=day(5)))
    assert list(states(made, "core.a")) == [3, 4, 5]


def test_depends_on_overrides_what_is_waited_for() -> None:
    world = raw(1, 2)
    none = pipe("core.a", read("raw.x", "-1..0"), depends_on={"raw.x": None})
    assert set(states(plan(world, none), "core.a").values()) == {"missing"}
    from drawloom.model import Days

    yesterday = pipe("core.a", read("raw.x", "-1..0"), depends_on={"raw.x": Days.of(-1)})
    assert [n for n, s in states(plan(world, yesterday), "core.a").items() if s == "missing"] == [1, 2, 3]


def test_checks_against_last_week_run_after_it_but_do_not_wait() -> None:
    made = plan(raw(*ALL_DAYS), pipe("core.a", read("raw.x"), checks=(same_weekday(),)))
    assert cell(made, "core.a", 8).after == (("core.a", day(1)),)
    assert ("core.a", day(1)) not in cell(made, "core.a", 8).needs.required
    assert day(1) in cell(made, "core.a", 8).needs.seen["core.a"]


def test_forced_partitions_are_written_again() -> None:
    world = raw(*ALL_DAYS)
    pipeline = pipe("core.a", read("raw.x"))
    execute(plan(world, pipeline), world)
    assert [c.key for c in plan(world, pipeline, forced=[("core.a", day(2))]).todo] == [("core.a", day(2))]


def test_only_takes_the_targets_and_what_they_need() -> None:
    world = raw(*ALL_DAYS)
    made = plan(world, pipe("core.a", read("raw.x")), pipe("core.b", read("core.a", "-1..0")))
    assert [c.key for c in made.only([("core.b", day(5))]).todo] == [
        ("core.a", day(4)),
        ("core.a", day(5)),
        ("core.b", day(5)),
    ]
    assert [c.key for c in made.only([("core.b", day(5))], upstream=False).cells] == [("core.b", day(5))]


def test_tables_that_read_each_others_yesterday_go_day_by_day() -> None:
    made = plan(raw(*ALL_DAYS), pipe("core.a", read("raw.x"), read("core.b", "-1")), pipe("core.b", read("core.a")))
    assert [c.key for c in made.cells][:4] == [
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
def test_a_chain_settles_in_one_run_and_a_change_reaches_what_read_it(spans: list[str], changed: int) -> None:
    """After a run nothing is left to do; after a change exactly the cells that read it, through others too, are."""
    world = raw(*ALL_DAYS)
    names = ["raw.x", *(f"core.t{n}" for n in range(len(spans)))]
    pipelines = [pipe(name, read(before, span)) for before, name, span in zip(names, names[1:], spans, strict=False)]
    execute(plan(world, *pipelines), world)
    assert plan(world, *pipelines).todo == ()
    world.contents["raw.x"][day(changed)] = "other"
    touched = {day(changed)}
    for pipeline in pipelines:
        days = pipeline.steps[0].reads[0].days
        touched = {day(n) for n in ALL_DAYS if any((t - day(n)).days in days for t in touched)}
        assert {c.ds for c in plan(world, *pipelines).todo if c.pipeline is pipeline} == touched


def test_an_empty_history_has_no_cells() -> None:
    assert plan(raw(1), pipe("core.a", read("raw.x")), history=History(date(2026, 2, 1), date(2026, 1, 1))).cells == ()


def test_the_history_of_a_record_without_a_pipeline_is_left_alone() -> None:
    world = raw(*ALL_DAYS)
    world.produced(Record("core.gone", day(1), "r", 1, 1, "c", "v"))
    assert plan(world, pipe("core.a", read("core.gone")), history=HISTORY).cells[0].state is State.MISSING
