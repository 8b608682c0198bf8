"""Entities that have been away for long are grouped in the state between month ends, and no other table changes by it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.model import Bound
from drawloom.sql import analyze
from drawloom.sql.template.rendering import render
from tests.frameworks.growth.growth_project import SOURCE, GrowthProject, day, done
from tests.frameworks.growth.identities import Tables, cohorts, find_broken
from tests.frameworks.growth.random_growth import ACCOUNTS, RIDES, SHARED
from tests.frameworks.growth.reference import Activity, Dimension, Row, Spec, days_between
from tests.helpers import UNSHRUNK, examples

pytestmark = pytest.mark.unmeasured

TABLE = "growth.riders"
NEVER = Activity("never", "product = 'none'", lambda row: row["product"] == "none")
SPEC = Spec(
    activities=(RIDES, SHARED, NEVER),
    dimensions=(Dimension("city", top=2), Dimension("signup", touch="first", column="channel")),
    cuts=(("city",), ("city", "signup")),
    windows=(1, 28),
)
APRIL, MAY, JUNE = ((date(2026, month, 1) - day(0)).days for month in (4, 5, 6))


def ride(random: Random, rider: int, n: int) -> Row:
    found = {"city": random.choice(["a", "b", None]), "channel": random.choice("xy")}
    return {"ds": day(n), "rider_id": rider, "product": random.choice(["shared", "single", None]), **found}


def some_rides(seed: int, days: int, strangers: int = 120) -> list[Row]:
    """Three regular riders, and many who ride once, most of them long before April; some of these come back."""
    random = Random(seed)
    often = [(rider, n) for rider in range(3) for n in range(days) if random.random() < 0.3]
    once = [
        (rider, random.choice([*random.sample(range(14), 6), *random.sample(range(45), 2)]))
        for rider in range(3, strangers)
    ]
    again = [(rider, random.randrange(APRIL, days)) for rider in range(10, 40) for _ in range(rider % 3)]
    ends = [(4, APRIL), (6, MAY - 1), (8, MAY)]
    return [ride(random, rider, n) for rider, n in (*often, *once, *again, *ends)]


def house_of(folder: Path, seed: int = 1, days: int = JUNE + 4, spec: Spec = SPEC, **more: Any) -> GrowthProject:
    return GrowthProject(folder, spec, day(days - 1), some_rides(seed, days), **more)


def groups(growth_project: GrowthProject) -> dict[date, int]:
    """How many entities have no row of their own, on the days of the state that are kept."""
    found: dict[date, int] = {}
    for row in growth_project.rows("_state"):
        found[row["ds"]] = found.get(row["ds"], 0) + (row["entities"] if row["rider_id"] is None else 0)
    return found


MONTH_END = (Bound("month", 0, -1), Bound("month", 0, -1))
YESTERDAY = (Bound(days=-1), Bound(days=-1))


def test_yesterday_and_the_last_month_end_are_read(tmp_path: Path) -> None:
    growth_project = GrowthProject(tmp_path, SPEC, day(1), [])
    with growth_project.open() as project:
        steps = {step.into.name: step for step in project.pipelines[0].steps}
        waits = {wait.table: str(wait.days) for wait in project.pipelines[0].waits}
    state = f"{TABLE}_state"
    assert [read.calendar for read in steps[state].reads if read.table == state] == [(MONTH_END, YESTERDAY)]
    assert waits == {SOURCE: "0", TABLE: "-28,-1", f"{TABLE}_keep": "-1", state: "-1"}
    for step in (steps[state], steps[f"{TABLE}_counts"]):
        spans = [tuple(edge and edge.bound for edge in (read.first, read.last)) for read in step.backfill_reads or ()]
        assert spans == [(Bound(), Bound()), MONTH_END, YESTERDAY]
        assert step.resumes_from == (state,)


def dates_read(text: str) -> dict[str, set[date]]:
    """The days of each table that a text without templates reads."""
    return {read.table: days_of(read.dates) for read in analyze(text, keys=("ds",)).reads}


def days_of(spans: Iterable[tuple[date | None, date | None]]) -> set[date]:
    return {ds for first, last in spans if first and last for ds in days_between(first, last)}


def test_on_each_day_the_days_are_read_that_were_found_for_all(tmp_path: Path) -> None:
    """The SQL of the state differs on the first and on the last of a month."""
    growth_project = GrowthProject(tmp_path, SPEC, day(1), [])
    with growth_project.open() as project:
        step = next(step for step in project.pipelines[0].steps if step.into.name == f"{TABLE}_state")
    assert step.sql
    assert step.backfill_sql
    assert step.backfill_reads
    for n in (*range(9, 14), *range(36, 43)):
        found = {read.table: days_of(read.on(day(n))) for read in step.reads}
        assert dates_read(render(step.sql, day(n)).text) == found
        start, end = day(Random(n).randrange(9, n + 1)), day(n)
        ranged: dict[str, set[date]] = {}
        for read in step.backfill_reads:
            ranged.setdefault(read.table, set()).update(days_of([read.on(start, end)]))
        assert dates_read(render(step.backfill_sql, end, start=str(start), end=str(end)).text) == ranged


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> GrowthProject:
    """From January to June in one run; its tests leave its tables as they were."""
    growth_project = house_of(tmp_path_factory.mktemp("filled"))
    growth_project.run()
    return growth_project


@pytest.mark.nightly
def test_all_tables_are_as_if_everybody_was_there(filled: GrowthProject) -> None:
    assert filled.differences() == []
    names = [dimension.name for dimension in filled.spec.dimensions]
    assert find_broken(Tables(filled.rows(), filled.rows("_engagement"), names)) == []
    everybody = [row for row in filled.rows("_state") if row["ds"] == day(JUNE - 1)]
    growth = [row for row in filled.rows() if row["ds"] < day(JUNE)]
    assert cohorts(growth, everybody, filled.rows("_days"), "rides") == []


def test_who_is_away_is_counted_in_groups_between_month_ends(filled: GrowthProject) -> None:
    found, expected = groups(filled), filled.expected()
    assert found == {ds: len(expected.away(ds)) for ds in found}
    assert [ds for ds, entities in sorted(found.items()) if entities] == [
        *map(day, (JUNE - 3, JUNE - 2)),
        *map(day, range(JUNE, JUNE + 4)),
    ]
    away = [[len(expected.away(day(first + n))) for n in (0, 14, 28)] for first in (APRIL, MAY)]
    assert all(first > middle > last > 10 for first, middle, last in away), "not enough come back within a month"


@pytest.mark.nightly
def test_day_by_day_gives_the_same(filled: GrowthProject, tmp_path: Path) -> None:
    growth_project = house_of(tmp_path)
    for first, last in ((APRIL - 1, APRIL + 1), (MAY - 2, MAY), (JUNE - 1, JUNE + 1), (JUNE + 3, JUNE + 3)):
        for n in range(first, last + 1):
            growth_project.run(day(n))
            assert (groups(growth_project)[day(n)] > 0) == (n >= APRIL and n not in {MAY - 1, JUNE - 1})
    assert growth_project.hashes() == filled.hashes()
    assert growth_project.state_hashes() == filled.state_hashes()


@pytest.mark.nightly
def test_days_split_anywhere_are_the_same_days(filled: GrowthProject, tmp_path: Path) -> None:
    growth_project = house_of(tmp_path)
    cuts = Random(5).sample(range(APRIL - 3, JUNE + 3), 5)
    growth_project.run_up_to(*map(day, sorted(cuts)), growth_project.last)
    assert growth_project.hashes() == filled.hashes()
    assert growth_project.state_hashes() == filled.state_hashes()


@pytest.mark.nightly
@pytest.mark.parametrize(
    "n",
    [APRIL, MAY - 1, *(pytest.param(n, marks=pytest.mark.nightly) for n in (APRIL - 1, MAY - 2, MAY + 17, JUNE + 3))],
)
def test_making_a_day_again_makes_the_same_day(filled: GrowthProject, n: int) -> None:
    before, states = filled.hashes(), filled.state_hashes()
    with filled.open() as project:
        found = done(project.run(project.plan([TABLE, f"{TABLE}_counts"], day(n), day(n), force=True), jobs=1))
    assert {result.outcome for result in found.results} == {"unchanged"}
    assert (filled.hashes(), filled.state_hashes()) == (before, states)


@pytest.mark.nightly
def test_late_events_may_wake_those_who_are_away(filled: GrowthProject) -> None:
    """A grouped entity gets a late event in April, which is then removed again."""
    before, states = filled.hashes(), filled.state_hashes()
    events, (rider, *_) = filled.events, sorted(filled.expected().away(day(JUNE - 2)))
    rows = [row for row in events if row["ds"] == day(APRIL + 9)]
    for found in ([*rows, ride(Random(3), rider[0], APRIL + 9)], rows):
        filled.change(day(APRIL + 9), found)
        with filled.open() as project:
            done(project.run(project.plan(first=day(APRIL + 9), force_source=[SOURCE]), jobs=1))
            assert project.plan().todo == ()
        if found != rows:
            assert filled.differences() == []
            assert groups(filled)[filled.last] == len(filled.expected().away(filled.last))
    assert (filled.hashes(), filled.state_hashes()) == (before, states)


@pytest.mark.nightly
def test_state_that_is_gone_is_rebuilt(filled: GrowthProject) -> None:
    before, states = filled.hashes(), filled.state_hashes()
    with filled.open() as project:
        for ds in project.lake.scan(f"{TABLE}_state"):
            project.lake.path(f"{TABLE}_state", ds).unlink()
    with filled.open() as project:
        done(project.run(project.plan([TABLE], day(MAY + 3), day(MAY + 3), force=True), jobs=1))
    filled.run()
    assert (filled.hashes(), filled.state_hashes()) == (before, states)


@pytest.mark.nightly
@pytest.mark.parametrize(("strangers", "away"), [pytest.param(5, 0, marks=pytest.mark.nightly), (6, 6)])
def test_few_who_are_away_keep_their_rows(tmp_path: Path, strangers: int, away: int) -> None:
    """Two recent entities and a group are three rows: for seven entities less than 2.5 times fewer rows, for eight more."""
    events = [{"ds": day(n), "rider_id": n} for n in range(strangers)]
    events += [{"ds": day(APRIL - 20), "rider_id": rider} for rider in (80, 81)]
    events += [{"ds": day(APRIL + 2), "rider_id": rider} for rider in (0, 90)]
    growth_project = GrowthProject(tmp_path, Spec(windows=(1,), steps=("day",)), day(APRIL + 3), events)
    growth_project.run_up_to(day(APRIL + 1), day(APRIL + 2), day(APRIL + 3))
    assert growth_project.differences() == []
    found = groups(growth_project)
    assert [found[day(n)] for n in (APRIL - 1, APRIL, APRIL + 1, APRIL + 2)] == [0, away, away, max(away - 1, 0)]


@pytest.mark.nightly
def test_nobody_who_moves_while_away_leaves_the_state(tmp_path: Path) -> None:
    accounts = [{"ds": day(n), "rider_id": r, "plan": "ab"[(r + n // 9) % 2]} for n in range(APRIL + 3) for r in (3, 4)]
    spec = replace(SPEC, dimensions=(Dimension("tariff", table=ACCOUNTS, column="plan"),), cuts=None)
    growth_project = house_of(tmp_path, 1, APRIL + 3, spec, snapshots={ACCOUNTS: accounts})
    growth_project.run()
    assert set(groups(growth_project).values()) == {0}
    assert growth_project.differences() == []


@contextmanager
def made(seed: int, days: int, spec: Spec) -> Iterator[GrowthProject]:
    with TemporaryDirectory() as folder:
        yield house_of(Path(folder), seed, days, spec)


@given(
    st.integers(0, 1000),
    st.integers(APRIL + 2, APRIL + 20),
    st.sampled_from(
        [
            Spec(activities=(RIDES, SHARED)),
            replace(SPEC, entity=("rider_id", "channel"), dimensions=(Dimension("city"),), cuts=None),
        ]
    ),
    st.sets(st.integers(20, APRIL + 15), max_size=2),
)
@pytest.mark.nightly
@examples(quick=2, nightly=8, phases=UNSHRUNK)
def test_any_history_equals_the_reference(seed: int, days: int, spec: Spec, cuts: set[int]) -> None:
    with made(seed, days, spec) as growth_project:
        growth_project.run_up_to(*(day(n) for n in sorted(cuts) if n < days - 1), growth_project.last)
        assert growth_project.differences() == []
        assert max(groups(growth_project).values()) > 0
