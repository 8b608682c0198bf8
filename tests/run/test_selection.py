"""Which pipelines selectors select, and what is said of those that select nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.model import Family, InputError, Member, Pipeline, RangeRead, Step, Table, Where
from drawloom.run.plan import State
from drawloom.run.selection import Selection, Selector, is_plain
from tests.run.build import WarehouseSnapshot, day, execute, pipe, plan, raw, read


def made(table: str, *reads: str, kind: str = "autodag", file: str = "specs/a.sql", **more: Any) -> Pipeline:
    return replace(pipe(table, *(read(one) for one in reads), spec=Where(file, 1), **more), kind=kind)


ORDERS = made("core.orders", "raw.orders", owner="ana@example.com", tags=("nightly", "finance"))
RIDES = made("core.rides", "raw.rides", owner="bob@example.com", tags=("nightly",), file="specs/finance/rides.sql")
DAILY = made("mart.daily", "core.orders", "core.rides", file="specs/finance/deep/daily.yml")
WEEKLY = made("mart.weekly", "mart.daily", "raw.days", file="specs/weekly.sql")
GROWTH = Pipeline(
    "buyers",
    "growth",
    (
        Step(
            "growth.buyers",
            Table("growth.buyers", owner="cy@example.com"),
            sql="SELECT 1",
            reads=(read("core.orders"), read("growth.buyers", "-1")),
        ),
        Step(
            "growth.buyers_days",
            Table("growth.buyers_days"),
            sql="SELECT 1",
            reads=(read("growth.buyers"),),
            backfill_sql="SELECT 1",
            backfill_reads=(RangeRead("core.rides"),),
        ),
    ),
    spec=Where("specs/buyers.yml", 1),
)
PIPELINES = (ORDERS, RIDES, DAILY, WEEKLY, GROWTH)
FAMILY = Family("growth.all", (), (Member("growth.buyers", (), ()),))
SHORT = {"core.orders": "o", "core.rides": "r", "mart.daily": "d", "mart.weekly": "w", "buyers": "b"}


def select(*arguments: str, exclude: Sequence[str] = (), changed: Sequence[str] = ()) -> str:
    """The first letters of what is selected."""
    files = {"core.broken": "specs/broken.sql"}
    selection = Selection(PIPELINES, [FAMILY], lambda: set(changed), files.get)
    return "".join(SHORT[pipeline.name] for pipeline in selection.select(arguments, exclude))


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ("", "ordwb"),
        ("core.rides", "r"),
        ("buyers", "b"),
        ("growth.buyers_days", "b"),
        ("growth.all", "b"),
        ("core.*", "or"),
        ("CORE.*", "or"),
        ("*buyers*", "b"),
        ("mart.?aily", "d"),
        ("*.[dw]*ly", "dw"),
        ("+mart.daily", "ord"),
        ("mart.daily+", "dw"),
        ("1+mart.weekly", "dw"),
        ("2+mart.weekly", "ordw"),
        ("core.orders+1", "odb"),
        ("core.orders+2", "odwb"),
        ("+core.orders+", "odwb"),
        ("0+mart.daily+0", "d"),
        ("+buyers", "orb"),
        ("raw.rides+", "rdwb"),
        ("raw.rides+1", "r"),
        ("raw.*+1", "orw"),
        ("+growth.all", "orb"),
        ("tag:nightly", "or"),
        ("tag:fin*", "o"),
        ("tag:finance+", "odwb"),
        ("owner:ana@example.com", "o"),
        ("owner:*@example.com", "orb"),
        ("kind:growth", "b"),
        ("+kind:growth", "orb"),
        ("path:specs/finance/", "rd"),
        ("path:specs/finance", "rd"),
        ("path:./specs/finance/deep/../rides.sql", "r"),
        ("path:specs/*.yml", "db"),
        ("core.rides buyers", "rb"),
        ("tag:nightly,path:specs/finance", "r"),
        ("+mart.daily,tag:nightly,owner:bob@example.com", "r"),
        ("core.* , kind:autodag mart.weekly", "orw"),
    ],
)
def test_what_is_selected(arguments: str, found: str) -> None:
    assert select(*arguments.replace(" , ", ", ").replace(", ", ",").split()) == found


@pytest.mark.parametrize(
    ("arguments", "exclude", "found"),
    [
        ("", "tag:nightly", "dwb"),
        ("", "core.* mart.weekly", "db"),
        ("+mart.weekly", "core.orders+", "r"),
        ("core.*", "core.broken", "or"),
    ],
)
def test_what_is_excluded(arguments: str, exclude: str, found: str) -> None:
    assert select(*arguments.split(), exclude=exclude.split()) == found


def test_state_may_select_nothing() -> None:
    assert select("state:changed") == ""
    assert select("state:changed,core.*") == ""
    assert select(exclude=["state:changed"]) == "ordwb"
    assert select("state:changed", changed=["mart.daily"]) == "d"
    assert select("state:changed+", changed=["core.rides"]) == "rdwb"
    assert select("+state:changed,tag:nightly", changed=["mart.daily"]) == "or"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("core.ridse", "name == 'core.ridse', must be a pipeline or table of this project. Did you mean core.rides?"),
        ("+core.ridse", "name == 'core.ridse', must be a pipeline or table of this project. Did you mean core.rides?"),
        ("zzz", "There are: buyers, core.orders, core.rides, growth.all, growth.buyers, growth.buyers_days, mart.daily, mart.weekly."),
        ("raw.rides", "No spec fills it; raw.rides+ is what is made of it."),
        ("raw.*", "selector == 'raw.*', must select a pipeline. No spec fills raw.days, raw.orders, raw.rides; a + after the name adds what is made of it."),
        ("zzz.*", "selector == 'zzz.*', must select something. There are these pipelines and tables: buyers,"),
        ("tag:nigtly", "selector == 'tag:nigtly', must select something. Did you mean nightly?"),
        ("tag:zzz", "There are these tags: finance, nightly."),
        ("owner:zzz", "There are these owners: ana@example.com, bob@example.com, cy@example.com."),
        ("kind:grwoth", "Did you mean growth?"),
        ("path:zzz", "There are these paths: specs, specs/a.sql,"),
        ("tags:nightly", "selector == 'tags:nightly', must begin with one of tag:, owner:, kind:, path:, state:, and a value. Did you mean tag:?"),
        ("tag:", "must begin with one of tag:"),
        ("state:new", "must be state:changed"),
        ("+", "selector == '+', must be a name or a selector. Like core.rides"),
        ("core.rides,", "selector == '', must be a name or a selector."),
        ("core.orders,core.rides", "selector == 'core.orders,core.rides', must select something together. A comma"),
    ],
)  # fmt: skip
def test_what_selects_nothing_is_refused(arguments: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        select(*arguments.split())
    assert message in str(error.value)


def test_excluding_all_or_what_is_unknown_is_refused() -> None:
    with pytest.raises(InputError, match=r"--exclude == 'core\.\*', must leave something"):
        select("tag:nightly", exclude=["core.*"])
    with pytest.raises(InputError, match=r"Did you mean core\.rides"):
        select(exclude=["core.ridse"])
    with pytest.raises(InputError, match="There are no tags yet"):
        Selection([DAILY]).select(["tag:x"])


def test_which_selectors_are_names() -> None:
    assert is_plain(["core.rides", "buyers"])
    assert not is_plain(["core.rides", "core.*"])
    assert not is_plain(["+core.rides"])
    assert not is_plain(["core.rides,core.rides"])
    assert Selector.parse("owner:ana+x@example.com") == Selector(
        "owner:ana+x@example.com", "owner", "ana+x@example.com"
    )


def test_which_pipelines_are_named() -> None:
    selection = Selection(PIPELINES, [FAMILY])
    arguments = ["growth.all", "+core.rides,tag:x", "mart.*", "raw.orders+", "core.nothing"]
    assert selection.named(arguments) == {"buyers", "core.rides"}


NAMES = st.lists(st.integers(0, 9).map(lambda n: f"t.n{n}"), min_size=1, max_size=4)
EDGES = st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] < pair[1]), max_size=25)


def graph(edges: set[tuple[int, int]]) -> Selection:
    return Selection([pipe(f"t.n{n}", *(read(f"t.n{a}") for a, b in sorted(edges) if b == n)) for n in range(10)])


def names(selection: Selection, *arguments: str, exclude: Sequence[str] = ()) -> set[str]:
    return {pipeline.name for pipeline in selection.select(arguments, exclude)}


@given(EDGES, NAMES, st.integers(0, 4))
def test_laws_of_graph_operators(edges: set[tuple[int, int]], chosen: list[str], hops: int) -> None:
    selection = graph(edges)
    any_of = f"t.n[{''.join(name[-1] for name in chosen)}]"
    for before, after in (("+", ""), ("", "+"), ("+", "+"), (f"{hops}+", ""), ("", f"+{hops}")):
        together = names(selection, f"{before}{any_of}{after}")
        assert together == set().union(*(names(selection, f"{before}{name}{after}") for name in chosen))
        assert together == names(selection, *(f"{before}{name}{after}" for name in chosen))
        assert set(chosen) <= together
    up, near = names(selection, f"+{any_of}"), names(selection, f"{hops}+{any_of}")
    assert near <= up
    assert names(selection, *(f"+{name}" for name in up)) == up, "the closure is closed"
    assert names(selection, f"9+{any_of}") == up
    for name in (f"t.n{n}" for n in range(10)):
        assert (name in names(selection, f"+{chosen[0]}")) == (chosen[0] in names(selection, f"{name}+"))


@given(EDGES, NAMES, NAMES)
def test_laws_of_sets(edges: set[tuple[int, int]], one: list[str], other: list[str]) -> None:
    selection = graph(edges)
    a, b = names(selection, f"+{one[0]}"), names(selection, f"{other[0]}+")
    assert names(selection, f"+{one[0]}", f"{other[0]}+") == a | b
    if a & b:
        assert names(selection, f"+{one[0]},{other[0]}+") == names(selection, f"{other[0]}+,+{one[0]}") == a & b
    if a - b:
        assert names(selection, f"+{one[0]}", exclude=[f"{other[0]}+"]) == a - b


def test_what_needs_an_excluded_partition_that_does_not_exist_is_waiting() -> None:
    pipelines = [pipe("core.a", read("raw.x")), pipe("core.b", read("core.a")), pipe("core.c", read("core.b"))]
    whole = plan(raw(1, 2), *pipelines)
    part = whole.only([("core.c", day(1)), ("core.b", day(1))], excluded={"core.a"})
    assert [(one.key[0], one.state, one.reason) for one in part.partitions] == [
        ("core.b", State.WAITING, "waiting for core.a 2026-01-01, which is not written now"),
        ("core.c", State.WAITING, "waiting for core.b 2026-01-01, which is not written now"),
    ]
    assert not part.todo


def test_a_stale_partition_that_is_excluded_is_read_as_it_is() -> None:
    snapshot: WarehouseSnapshot = raw(1)
    before = [pipe("core.a", read("raw.x")), pipe("core.b", read("core.a"))]
    execute(plan(snapshot, *before), snapshot)
    after = [pipe("core.a", read("raw.x"), fingerprint="v2"), pipe("core.b", read("core.a"), fingerprint="v2")]
    part = plan(snapshot, *after).only([("core.b", day(1))], excluded={"core.a"})
    assert [(one.key[0], one.state) for one in part.todo] == [("core.b", State.STALE)]
