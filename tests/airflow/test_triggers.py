"""A thousand waits in the triggerer: how often the tables are looked at, and when each wait ends."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from airflow.triggers.shared_stream import SharedStreamManager

from drawloom.airflow.triggers import PartitionTrigger
from drawloom.engines.lake import Lake
from drawloom.run import watch
from drawloom.run.settings import Settings, SourceSettings

PATIENCE = 60.0
INTERVAL = 0.2
FIRST = date(2026, 1, 1)
SOURCES = {f"raw.t{n}": SourceSettings(f"landing/t{n}/ds={{ds}}/*.parquet", "parquet") for n in range(70, 80)}
TABLES = [f"core.t{n}" for n in range(70)] + list(SOURCES)
TRIGGERS = 1000
DAYS = 14  # the last of the triggers of a table waits for the last two of them


@dataclass
class Triggerer:
    """Runs triggers as Airflow's own ``TriggerRunner.run_trigger`` does; the events of each by its number."""

    manager: SharedStreamManager = field(default_factory=SharedStreamManager)
    fired: dict[int, list[Any]] = field(default_factory=dict)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self, trigger: PartitionTrigger) -> None:
        number = len(self.tasks)
        self.fired[number] = []
        self.tasks.append(asyncio.create_task(self._follow(number, anew(trigger))))

    async def _follow(self, number: int, trigger: PartitionTrigger) -> None:
        key = trigger.shared_stream_key()
        try:
            stream = self.manager.subscribe(trigger_id=number, trigger=trigger, key=key)
            async for event in trigger.filter_shared_stream(stream):
                self.fired[number].append(event.payload)
        finally:
            await self.manager.unsubscribe(number, key)

    @property
    def done(self) -> set[int]:
        return {number for number, task in enumerate(self.tasks) if task.done()}


@asynccontextmanager
async def triggerer() -> AsyncIterator[Triggerer]:
    made = Triggerer()
    try:
        yield made
    finally:
        for task in made.tasks:
            task.cancel()
        await asyncio.gather(*made.tasks, return_exceptions=True)
        await made.manager.stop_all()


def anew(trigger: PartitionTrigger) -> PartitionTrigger:
    """As the triggerer makes it: from the JSON of the database."""
    _, kwargs = trigger.serialize()
    return PartitionTrigger(**json.loads(json.dumps(kwargs)))


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.01)


def run(waits: Coroutine[Any, Any, None]) -> None:
    async def within() -> None:
        async with asyncio.timeout(2 * PATIENCE):
            await waits

    asyncio.run(within())


@contextmanager
def looks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """How often each table's folder is looked at: the real look is called, and counted."""
    count: Counter[str] = Counter()
    real = watch.look

    def counted(settings: Settings, table: str) -> watch.Landed:
        count[table] += 1
        return real(settings, table)

    with monkeypatch.context() as patch:
        patch.setattr(watch, "look", counted)
        yield count


def settings(root: Path, **sources: SourceSettings) -> Settings:
    named = {name.replace("_", "."): source for name, source in sources.items()}
    return Settings(root, "many", FIRST, None, "UTC", "lake", None, sources=SOURCES | named)


def waiting(root: Path, table: str, days: Sequence[str | None], **sources: SourceSettings) -> PartitionTrigger:
    return PartitionTrigger(str(root), settings(root, **sources).to_json(), table, days, INTERVAL)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def texts(*numbers: int) -> list[str]:
    return [day(number).isoformat() for number in numbers]


def put(path: Path) -> None:
    """A look asks whether a file is there, never what is in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"rows")


def land(root: Path, table: str, ds: date) -> None:
    if table in SOURCES:
        put(root / str(SOURCES[table].files).format(ds=ds).replace("*", "part"))
    else:
        put(Lake(root / "lake").path(table, ds))


def wanted(number: int) -> tuple[str, list[str]]:
    """What one of the thousand waits for: two days of one of the eighty tables."""
    table, first = number % len(TABLES), number // len(TABLES)
    return TABLES[table], texts(first, first + 1)


def test_a_thousand_waits_look_once_an_interval_at_each_of_eighty_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = 10

    async def waits(count: Counter[str]) -> None:
        async with triggerer() as many:
            for number in range(TRIGGERS):
                many.start(waiting(tmp_path, *wanted(number)))
            await until(lambda: len(count) == len(TABLES))
            before, began = count.copy(), time.monotonic()
            await until(lambda: all(count[table] >= before[table] + rounds for table in TABLES))
            looked, seconds = (count - before).total(), time.monotonic() - began
            assert 80 * rounds <= looked <= 90 * rounds, "as often as there are tables, not as there are triggers"
            assert looked <= len(TABLES) * (seconds / INTERVAL + 1), "no table more than once an interval"
            assert not many.done

    with looks(monkeypatch) as count:
        run(waits(count))


def test_each_of_a_thousand_fires_once_when_its_own_days_have_landed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = 7
    early = {number for number in range(TRIGGERS) if wanted(number)[1][-1] < str(day(half))}

    async def waits(count: Counter[str]) -> None:
        async with triggerer() as many:
            for number in range(TRIGGERS):
                many.start(waiting(tmp_path, *wanted(number)))
            await _land_all(tmp_path, range(half))
            await until(lambda: early <= many.done)
            await _two_rounds(count)
            assert many.done == early, "the others have one of their two days, or none"
            await _land_all(tmp_path, range(half, DAYS))
            await until(lambda: len(many.done) == TRIGGERS)
            for number, events in many.fired.items():
                table, days = wanted(number)
                assert events == [{"table": table, "days": days}]
            await asyncio.sleep(INTERVAL)  # a look that had begun when the last wait ended
            before = count.total()
            await asyncio.sleep(3 * INTERVAL)
            assert count.total() == before, "nobody waits, so nobody looks"

    with looks(monkeypatch) as count:
        run(waits(count))
    assert 0 < len(early) < TRIGGERS


async def _land_all(root: Path, numbers: range) -> None:
    for number in numbers:
        for table in TABLES:
            land(root, table, day(number))
        await asyncio.sleep(0)  # the triggers go on while days land


async def _two_rounds(count: Counter[str]) -> None:
    before = count.copy()
    await until(lambda: all(count[table] >= before[table] + 2 for table in TABLES))


def test_one_that_comes_later_shares_the_looks_and_fires_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def waits(count: Counter[str]) -> None:
        async with triggerer() as both:
            both.start(waiting(tmp_path, "core.t0", texts(5)))
            await until(lambda: count["core.t0"] >= 2)
            land(tmp_path, "core.t0", day(1))
            both.start(waiting(tmp_path, "core.t0", texts(1)))
            await until(lambda: 1 in both.done)
            assert both.done == {1}
            before, began = count.total(), time.monotonic()
            await until(lambda: count.total() >= before + 3)
            assert time.monotonic() - began >= 2 * INTERVAL * 0.9, "one poll goes on, at its own pace"
            land(tmp_path, "core.t0", day(5))
            await until(lambda: both.done == {0, 1})
            assert both.fired == {number: [{"table": "core.t0", "days": texts(5 - 4 * number)}] for number in (0, 1)}

    with looks(monkeypatch) as count:
        run(waits(count))


def assert_fires(root: Path, trigger: PartitionTrigger, change: Callable[[], None]) -> None:
    """It waits as things are, and fires after the change."""

    async def waits() -> None:
        async with triggerer() as one:
            one.start(trigger)
            await asyncio.sleep(2 * INTERVAL)
            assert not one.done
            change()
            await until(lambda: one.done)
            assert one.fired[0] == [{"table": trigger.table, "days": trigger.days}]

    run(waits())


def test_a_gap_has_landed_once_a_later_day_has(tmp_path: Path) -> None:
    source = SourceSettings("holes/{ds}.csv", "csv", gaps=True)
    put(tmp_path / f"holes/{day(2)}.csv")
    trigger = waiting(tmp_path, "raw.holes", texts(1, 3), raw_holes=source)
    assert_fires(tmp_path, trigger, lambda: put(tmp_path / f"holes/{day(4)}.csv"))


def test_a_hole_in_a_source_without_gaps_is_waited_for(tmp_path: Path) -> None:
    source = SourceSettings("whole/{ds}.csv", "csv")
    put(tmp_path / f"whole/{day(4)}.csv")
    trigger = waiting(tmp_path, "raw.whole", texts(3), raw_whole=source)
    assert_fires(tmp_path, trigger, lambda: put(tmp_path / f"whole/{day(3)}.csv"))


def test_a_source_without_days_has_landed_when_it_has_a_file(tmp_path: Path) -> None:
    trigger = waiting(tmp_path, "ref.shops", [None], ref_shops=SourceSettings("shops/*.csv", "csv"))
    assert_fires(tmp_path, trigger, lambda: put(tmp_path / "shops/all.csv"))


@pytest.mark.parametrize("gaps", [False, True])
def test_a_day_lands_when_its_lateness_is_over(tmp_path: Path, gaps: bool) -> None:
    today = datetime.now(UTC).date()
    source = SourceSettings("slow/{ds}.csv", "csv", lateness=timedelta(days=2), gaps=gaps)
    for age in range(1, 10, 2):
        put(tmp_path / f"slow/{today - timedelta(days=age)}.csv")
    found = watch.look(settings(tmp_path, raw_slow=source), "raw.slow")
    days = [today - timedelta(days=age) for age in (1, 3, 4, 6, 9)]
    assert found.missing(days) == [days[0], *([] if gaps else days[2:4])], "yesterday's file may still change"
    assert found.missing([today - timedelta(days=2), None]) == [today - timedelta(days=2), None]


def test_what_is_missing_is_told_in_the_order_asked() -> None:
    landed = watch.Landed(frozenset({day(1), day(5)}))
    assert landed.missing([day(5), day(4), day(1), day(0), day(9)]) == [day(4), day(0), day(9)]
    gapped = watch.Landed(landed.days, gaps=True)
    assert gapped.missing([day(5), day(4), day(1), day(0), day(9)]) == [day(9)]
    assert watch.Landed(frozenset(), gaps=True).missing([day(0)]) == [day(0)]
    assert watch.Landed(frozenset(), undated=True).missing([None, day(0)]) == [day(0)]
    assert landed.missing([]) == []


def test_it_is_stored_and_made_anew_with_secrets_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.models.trigger import Trigger

    monkeypatch.setenv("DROP", "landed/here")
    source = SourceSettings("${DROP}/{ds}.csv", "csv", lateness=timedelta(hours=6), gaps=True)
    trigger = waiting(tmp_path, "raw.secret", [*texts(0), None], raw_secret=source)
    row = Trigger.from_object(trigger)
    module, _, name = row.classpath.rpartition(".")
    made = getattr(import_module(module), name)(**row.kwargs)
    assert type(made) is PartitionTrigger
    assert made.serialize() == trigger.serialize()
    assert made.shared_stream_key() == trigger.shared_stream_key()
    assert Settings.from_json(made.settings, tmp_path) == settings(tmp_path, raw_secret=source)
    assert "${DROP}" in json.dumps(row.kwargs)
    assert "landed/here" not in json.dumps(row.kwargs)
    put(tmp_path / f"landed/here/{day(0)}.csv")
    assert watch.look(Settings.from_json(made.settings, tmp_path), "raw.secret").days == {day(0)}


def test_only_waits_for_the_same_table_of_a_project_share(tmp_path: Path) -> None:
    one = waiting(tmp_path, "core.t0", texts(1))
    assert one.shared_stream_key() == waiting(tmp_path, "core.t0", texts(2, 3)).shared_stream_key()
    other_pace = PartitionTrigger(one.root, one.settings, one.table, one.days, 2 * INTERVAL)
    others = [waiting(tmp_path, "core.t1", texts(1)), waiting(tmp_path / "b", "core.t0", texts(1)), other_pace]
    assert len({trigger.shared_stream_key() for trigger in (one, *others)}) == 4


def test_where_nothing_is_shared_it_polls_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def waits(count: Counter[str]) -> None:
        events: list[Any] = []

        async def alone() -> None:
            async with aclosing(waiting(tmp_path, "core.t0", texts(0, 1)).run()) as stream:  # type: ignore[type-var]
                events.extend([event.payload async for event in stream])

        task = asyncio.create_task(alone())
        await until(lambda: count["core.t0"] >= 2)
        land(tmp_path, "core.t0", day(0))
        before = count["core.t0"]
        await until(lambda: count["core.t0"] >= before + 2)
        assert events == []
        land(tmp_path, "core.t0", day(1))
        async with asyncio.timeout(PATIENCE):
            await task
        assert events == [{"table": "core.t0", "days": texts(0, 1)}]

    with looks(monkeypatch) as count:
        run(waits(count))
