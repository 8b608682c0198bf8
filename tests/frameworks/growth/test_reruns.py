from __future__ import annotations

from datetime import date
from pathlib import Path
from random import Random

import pytest

from drawloom.run.plan import Plan
from tests.frameworks.growth.growth_project import SOURCE, GrowthProject, day, done
from tests.frameworks.growth.random_growth import ACCOUNTS, CITIES, RIDES, SHARED
from tests.frameworks.growth.reference import Dimension, Row, Spec, days_between

pytestmark = pytest.mark.unmeasured

TABLE = "growth.riders"
SPEC = Spec(
    activities=(RIDES, SHARED),
    dimensions=(
        Dimension("city", top=2, min_entities=2),
        Dimension("signup", touch="first", column="channel"),
        Dimension("tariff", table=ACCOUNTS, column="plan"),
    ),
    cuts=(("city",), ("signup", "tariff")),
)


def some_rides(days: int, a_day: float = 1.5, seed: int = 4) -> list[Row]:
    """Rides of 12 riders, of whom some are silent for long."""
    random = Random(seed)
    return [
        {
            "ds": day(n),
            "rider_id": random.choice([rider for rider in range(12) if (n // 20 + rider) % 3] or [0]),
            "product": random.choice(["shared", "single", None]),
            "city": random.choice(CITIES),
            "channel": random.choice(["x", "y"]),
        }
        for n in range(days)
        for _ in range(int(random.random() * 2 * a_day))
    ]


def some_accounts(days: int) -> list[Row]:
    return [
        {"ds": day(n), "rider_id": rider, "plan": "free" if (rider + n // 15) % 3 else "gold"}
        for n in range(days)
        for rider in range(8)
    ]


def house_of(folder: Path, days: int, a_day: float = 1.5) -> GrowthProject:
    return GrowthProject(folder, SPEC, day(days - 1), some_rides(days, a_day), {ACCOUNTS: some_accounts(days)})


def force(growth_project: GrowthProject, ds: date) -> None:
    with growth_project.open() as project:
        done(project.run(project.plan([TABLE], ds, ds, force=True), jobs=1))


def days_to_do(plan: Plan, table: str = TABLE) -> list[date]:
    return [cell.ds for cell in plan.todo if cell.key[0] == table]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> GrowthProject:
    """Seven weeks; its tests leave its tables as they were."""
    growth_project = house_of(tmp_path_factory.mktemp("filled"), 50)
    growth_project.run()
    return growth_project


def test_it_is_as_it_should_be(filled: GrowthProject) -> None:
    assert filled.differences() == []


def test_there_is_nothing_left_to_do(filled: GrowthProject) -> None:
    with filled.open() as project:
        assert project.plan().todo == ()


@pytest.mark.parametrize("n", [11, *(pytest.param(n, marks=pytest.mark.nightly) for n in (0, 12, 30, 43, 49))])
def test_making_a_day_again_makes_the_same_day(filled: GrowthProject, n: int) -> None:
    before = filled.hashes()
    force(filled, day(n))
    assert filled.hashes() == before


def test_state_is_kept_for_a_week_and_at_month_ends(tmp_path: Path) -> None:
    whole, split = house_of(tmp_path / "whole", 16), house_of(tmp_path / "split", 16)
    whole.run()
    split.run_up_to(*map(day, (4, 7, 12, 15)))
    week = days_between(day(9), day(15))
    assert set(whole.state_hashes()) == {*week, date(2026, 1, 31)}
    assert split.state_hashes() == whole.state_hashes()


@pytest.mark.parametrize("n", [pytest.param(20, marks=pytest.mark.nightly), 49])
def test_state_that_is_gone_is_rebuilt_from_the_events(filled: GrowthProject, n: int) -> None:
    before = filled.hashes()
    with filled.open() as project:
        for ds in project.lake.scan(f"{TABLE}_state"):
            project.lake.path(f"{TABLE}_state", ds).unlink()
    force(filled, day(n))
    assert filled.hashes() == before
    filled.run()
    assert filled.hashes() == before
    assert filled.differences() == []


@pytest.mark.nightly
def test_a_run_goes_on_from_a_month_end_for_longer_than_a_range(tmp_path: Path) -> None:
    growth_project = house_of(tmp_path, 110, a_day=0.7)
    growth_project.run_up_to(day(11), day(109))
    assert growth_project.differences() == []


@pytest.mark.parametrize("n", [pytest.param(3, marks=pytest.mark.nightly), 16])
def test_late_events_restate_the_days_from_theirs_on(tmp_path: Path, n: int) -> None:
    growth_project = house_of(tmp_path, 22)
    growth_project.run()
    before = growth_project.hashes()
    late = [row for row in growth_project.events if row["ds"] == day(n)]
    growth_project.change(
        day(n), [*late, {"ds": day(n), "rider_id": 77, "city": "a", "channel": "y", "product": "shared"}]
    )
    with growth_project.open() as project:
        plan = project.plan()
        assert days_to_do(plan) == days_between(day(n), growth_project.last)
        assert days_to_do(plan, f"{TABLE}_days") == [day(n)]
        assert {cell.reason.split()[0] for cell in plan.todo if cell.key[0] == TABLE} == {"input"}
        assert f"{SOURCE} {day(n)}" in next(cell.reason for cell in plan.todo if cell.key[0] == f"{TABLE}_days")
    growth_project.run()
    assert growth_project.differences() == []
    after = growth_project.hashes()
    changed = [ds for ds in before[TABLE] if before[TABLE][ds] != after[TABLE][ds]]
    assert changed == days_between(day(n), growth_project.last)
    with growth_project.open() as project:
        assert project.plan().todo == ()


@pytest.mark.nightly
def test_a_snapshot_that_comes_again_restates_the_days_from_its_own_on(tmp_path: Path) -> None:
    growth_project = house_of(tmp_path, 20)
    growth_project.run()
    moved = [row | {"plan": "new"} if row["ds"] == day(15) else row for row in some_accounts(20)]
    growth_project.snapshots[ACCOUNTS] = moved
    growth_project.land(ACCOUNTS, moved, [day(15)])
    growth_project.run()
    assert growth_project.differences() == []
    with growth_project.open() as project:
        assert project.plan().todo == ()


def test_a_day_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    growth_project = house_of(tmp_path, 12)
    late = tmp_path / "landing" / SOURCE / f"ds={day(4)}" / "rows.parquet"
    file = late.read_bytes()
    late.unlink()
    with growth_project.open() as project:
        summary = project.run(project.plan(), jobs=1)
    assert summary.exit_code == 3
    assert [cell.ds for cell in summary.waiting if cell.key[0] == TABLE] == days_between(day(4), growth_project.last)
    assert max(row["ds"] for row in growth_project.rows()) == day(3)
    late.write_bytes(file)
    growth_project.run()
    assert growth_project.differences() == []


@pytest.mark.nightly
def test_another_spec_makes_all_days_again(tmp_path: Path) -> None:
    growth_project = house_of(tmp_path, 12)
    growth_project.run()
    growth_project.spec = Spec(activities=(RIDES,), dimensions=(Dimension("city", top=1),), windows=(1, 3))
    growth_project.write_spec("riders", growth_project.spec)
    growth_project.run()
    assert growth_project.differences() == []


@pytest.mark.nightly
@pytest.mark.parametrize(("before", "after"), [(3, 0), pytest.param(0, 3, marks=pytest.mark.nightly)])
def test_another_start_is_another_history(tmp_path: Path, before: int, after: int) -> None:
    growth_project = house_of(tmp_path, 14)
    growth_project.first = day(before)
    growth_project.run()
    assert growth_project.differences() == []
    growth_project.first = day(after)
    growth_project.run()
    assert growth_project.differences() == []
