"""Where the state of a partition began, hop by hop, and what has one cause told together."""

from __future__ import annotations

from dataclasses import replace

from drawloom.run.causes import Causes
from drawloom.run.plan import State
from tests.run.build import day, execute, partition, pipe, plan, raw, read, same_weekday

ALL_DAYS = range(1, 11)


def test_stale_partitions_are_followed_back_to_the_code_that_changed() -> None:
    snapshot = raw(*ALL_DAYS)
    a, b, c = pipe("core.a", read("raw.x")), pipe("core.b", read("core.a")), pipe("core.c", read("core.b", "-1..0"))
    execute(plan(snapshot, a, b, c), snapshot)
    made = plan(snapshot, replace(a, steps=(replace(a.steps[0], fingerprint="v2"),)), b, c)
    causes = Causes(made)
    assert [one.key for one in causes.chain(partition(made, "core.c", 3))] == [
        ("core.c", day(3)),
        ("core.b", day(2)),
        ("core.a", day(2)),
    ]
    assert causes.because(partition(made, "core.c", 3)) == ("core.a's code changed", "core.a", day(2))
    (group,) = causes.groups(made.partitions, [State.STALE])
    assert (group.words, group.count, group.tables) == (
        "core.a's code changed",
        30,
        {"core.a": 10, "core.b": 10, "core.c": 10},
    )


def test_what_waits_fails_and_changes_is_told_in_words() -> None:
    snapshot = raw(*(n for n in ALL_DAYS if n != 10))
    a, b = pipe("core.a", read("raw.x")), pipe("core.b", read("core.a"))
    made = plan(snapshot, a, b)
    waiting = partition(made, "core.b", 10)
    assert [one.key[0] for one in Causes(made).chain(waiting)] == ["core.b", "core.a"]
    assert Causes(made).because(waiting)[0] == "raw.x is not there"
    execute(made, snapshot)
    snapshot.contents["raw.x"][day(4)] = "restated"
    made = plan(replace(snapshot, failures={("core.a", day(4)): "no space left"}), a, b)
    assert partition(made, "core.b", 4).state is State.SKIPPED
    assert Causes(made).because(partition(made, "core.b", 4)) == ("core.a failed", "core.a", day(4))
    made = plan(snapshot, a, b)
    assert Causes(made).because(partition(made, "core.a", 4)) == ("raw.x changed", "raw.x", None)
    assert Causes(made).because(partition(made, "core.b", 4))[0] == "raw.x changed"
    assert Causes(made).because(partition(made, "core.b", 3)) == ("", "", None)


def test_an_input_that_only_a_check_reads_is_said_to_be_of_a_check() -> None:
    snapshot = raw(*ALL_DAYS)
    pipeline = pipe("core.a", read("raw.x"), checks=(same_weekday(),))
    execute(plan(snapshot, pipeline), snapshot)
    made = plan(snapshot, pipeline, forced=[("core.a", day(1))])
    assert partition(made, "core.a", 8).reason == "input core.a 2026-01-01 of a check will be rebuilt"
    assert Causes(made).root(partition(made, "core.a", 8)).key == ("core.a", day(1))


def test_hops_within_one_table_are_one() -> None:
    snapshot = raw(*ALL_DAYS)
    pipelines = pipe("core.a", read("raw.x"), read("core.a", "-1")), pipe("core.b", read("core.a"))
    execute(plan(snapshot, *pipelines), snapshot)
    snapshot.contents["raw.x"][day(2)] = "restated"
    made = plan(snapshot, *pipelines)
    chain = Causes(made).chain(partition(made, "core.b", 9))
    assert [one.key for one in chain] == [("core.b", day(9)), ("core.a", day(2))]
    assert chain[-1].reason == "input raw.x 2026-01-02 changed"
