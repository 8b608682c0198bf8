"""A thousand waits in the triggerer: how often tables are polled, and when each trigger fires."""

from __future__ import annotations

import asyncio
import json
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
from drawloom.run import landing_probe
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
        self.tasks.append(asyncio.create_task(self._follow(number, recreate(trigger))))

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


def recreate(trigger: PartitionTrigger) -> PartitionTrigger:
    """Recreates a trigger from the JSON of the database, as the triggerer does."""
    _, kwargs = trigger.serialize()
    return PartitionTrigger(**json.loads(json.dumps(kwargs)))


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.01)


def run(waits: Coroutine[Any, Any, None]) -> None:
    async def with_timeout() -> None:
        async with asyncio.timeout(2 * PATIENCE):
            await waits

    asyncio.run(with_timeout())


@contextmanager
def count_polls(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """Counts how often each table is polled; the real probe is called."""
    count: Counter[str] = Counter()
    real = landing_probe.probe

    def counted(settings: Settings, table: str) -> landing_probe.LandedDays:
        count[table] += 1
        return real(settings, table)

    with monkeypatch.context() as patch:
        patch.setattr(landing_probe, "probe", counted)
        yield count


def settings(root: Path, **sources: SourceSettings) -> Settings:
    named = {name.replace("_", "."): source for name, source in sources.items()}
    return Settings(root, "many", FIRST, None, "UTC", "lake", None, sources=SOURCES | named)


def create_trigger(root: Path, table: str, days: Sequence[str | None], **sources: SourceSettings) -> PartitionTrigger:
    return PartitionTrigger(str(root), settings(root, **sources).to_json(), table, days, INTERVAL)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def texts(*numbers: int) -> list[str]:
    return [day(number).isoformat() for number in numbers]


def put(path: Path) -> None:
    """Creates a file. A poll only looks whether files exist, never what is in them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"rows")


def land(root: Path, table: str, ds: date) -> None:
    if table in SOURCES:
        put(root / str(SOURCES[table].files).format(ds=ds).replace("*", "part"))
    else:
        put(Lake(root / "lake").path(table, ds))


def wanted(number: int) -> tuple[str, list[str]]:
    """The table and days of one of the thousand triggers: two days of one of the eighty tables."""
    table, first = number % len(TABLES), number // len(TABLES)
    return TABLES[table], texts(first, first + 1)


@pytest.mark.unmeasured
def test_a_thousand_waits_poll_each_of_eighty_tables_once_per_interval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = 10

    async def waits(count: Counter[str]) -> None:
        async with triggerer() as many:
            for number in range(TRIGGERS):
                many.start(create_trigger(tmp_path, *wanted(number)))
            await until(lambda: len(count) == len(TABLES))
            before = count.copy()
            await until(lambda: all(count[table] >= before[table] + rounds for table in TABLES))
            polls = (count - before).total()
            assert 80 * rounds <= polls <= 90 * rounds, "one poll per table, not per trigger"
            assert not many.done

    with count_polls(monkeypatch) as count:
        run(waits(count))


@pytest.mark.unmeasured
def test_each_of_a_thousand_triggers_fires_once_when_its_days_have_landed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = 7
    early = {number for number in range(TRIGGERS) if wanted(number)[1][-1] < str(day(half))}

    async def waits(count: Counter[str]) -> None:
        async with triggerer() as many:
            for number in range(TRIGGERS):
                many.start(create_trigger(tmp_path, *wanted(number)))
            await _land_all(tmp_path, range(half))
            await until(lambda: early <= many.done)
            await _two_rounds(count)
            assert many.done == early, "the others have one of their two days, or none"
            await _land_all(tmp_path, range(half, DAYS))
            await until(lambda: len(many.done) == TRIGGERS)
            for number, events in many.fired.items():
                table, days = wanted(number)
                assert events == [{"table": table, "days": days}]
            await asyncio.sleep(INTERVAL)  # a poll that had started when the last trigger fired
            before = count.total()
            await asyncio.sleep(3 * INTERVAL)
            assert count.total() == before, "without triggers there are no polls"

    with count_polls(monkeypatch) as count:
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


def test_a_later_trigger_shares_the_polls_and_fires_independently(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams: list[dict[str, Any]] = []
    real = PartitionTrigger.open_shared_stream

    def opened(kwargs: dict[str, Any]) -> AsyncIterator[Any]:
        streams.append(kwargs)
        return real(kwargs)

    monkeypatch.setattr(PartitionTrigger, "open_shared_stream", opened)

    async def waits(count: Counter[str]) -> None:
        async with triggerer() as both:
            both.start(create_trigger(tmp_path, "core.t0", texts(5)))
            await until(lambda: count["core.t0"] >= 2)
            land(tmp_path, "core.t0", day(1))
            both.start(create_trigger(tmp_path, "core.t0", texts(1)))
            await until(lambda: 1 in both.done)
            assert both.done == {1}
            before = count.total()
            await until(lambda: count.total() >= before + 3)
            assert len(streams) == 1, "there is still one poll"
            land(tmp_path, "core.t0", day(5))
            await until(lambda: both.done == {0, 1})
            assert both.fired == {number: [{"table": "core.t0", "days": texts(5 - 4 * number)}] for number in (0, 1)}

    with count_polls(monkeypatch) as count:
        run(waits(count))


def assert_fires(root: Path, trigger: PartitionTrigger, change: Callable[[], None]) -> None:
    """The trigger waits at first, and fires after the change."""

    async def waits() -> None:
        async with triggerer() as one:
            one.start(trigger)
            await asyncio.sleep(2 * INTERVAL)
            assert not one.done
            change()
            await until(lambda: one.done)
            assert one.fired[0] == [{"table": trigger.table, "days": trigger.days}]

    run(waits())


def test_a_gap_has_landed_once_a_later_day_has_landed(tmp_path: Path) -> None:
    source = SourceSettings("holes/{ds}.csv", "csv", gaps=True)
    put(tmp_path / f"holes/{day(2)}.csv")
    trigger = create_trigger(tmp_path, "raw.holes", texts(1, 3), raw_holes=source)
    assert_fires(tmp_path, trigger, lambda: put(tmp_path / f"holes/{day(4)}.csv"))


def test_a_missing_day_is_waited_for_unless_gaps_are_allowed(tmp_path: Path) -> None:
    source = SourceSettings("whole/{ds}.csv", "csv")
    put(tmp_path / f"whole/{day(4)}.csv")
    trigger = create_trigger(tmp_path, "raw.whole", texts(3), raw_whole=source)
    assert_fires(tmp_path, trigger, lambda: put(tmp_path / f"whole/{day(3)}.csv"))


def test_a_source_without_days_has_landed_when_it_has_a_file(tmp_path: Path) -> None:
    trigger = create_trigger(tmp_path, "ref.shops", [None], ref_shops=SourceSettings("shops/*.csv", "csv"))
    assert_fires(tmp_path, trigger, lambda: put(tmp_path / "shops/all.csv"))


@pytest.mark.parametrize("gaps", [False, True])
def test_a_day_has_landed_once_its_lateness_is_over(tmp_path: Path, gaps: bool) -> None:
    today = datetime.now(UTC).date()
    source = SourceSettings("slow/{ds}.csv", "csv", lateness=timedelta(days=2), gaps=gaps)
    for age in range(1, 10, 2):
        put(tmp_path / f"slow/{today - timedelta(days=age)}.csv")
    found = landing_probe.probe(settings(tmp_path, raw_slow=source), "raw.slow")
    days = [today - timedelta(days=age) for age in (1, 3, 4, 6, 9)]
    assert found.missing(days) == [days[0], *([] if gaps else days[2:4])], "yesterday's file may still change"
    assert found.missing([today - timedelta(days=2), None]) == [today - timedelta(days=2), None]


def test_missing_days_keep_their_order() -> None:
    landed = landing_probe.LandedDays(frozenset({day(1), day(5)}))
    assert landed.missing([day(5), day(4), day(1), day(0), day(9)]) == [day(4), day(0), day(9)]
    gapped = landing_probe.LandedDays(landed.days, gaps=True)
    assert gapped.missing([day(5), day(4), day(1), day(0), day(9)]) == [day(9)]
    assert landing_probe.LandedDays(frozenset(), gaps=True).missing([day(0)]) == [day(0)]
    assert landing_probe.LandedDays(frozenset(), undated=True).missing([None, day(0)]) == [day(0)]
    assert landed.missing([]) == []


def test_a_stored_trigger_keeps_variable_names_instead_of_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.models.trigger import Trigger

    monkeypatch.setenv("DROP", "landed/here")
    source = SourceSettings("${DROP}/{ds}.csv", "csv", lateness=timedelta(hours=6), gaps=True)
    trigger = create_trigger(tmp_path, "raw.secret", [*texts(0), None], raw_secret=source)
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
    assert landing_probe.probe(Settings.from_json(made.settings, tmp_path), "raw.secret").days == {day(0)}


def test_only_triggers_of_the_same_table_and_project_share_a_poll(tmp_path: Path) -> None:
    one = create_trigger(tmp_path, "core.t0", texts(1))
    assert one.shared_stream_key() == create_trigger(tmp_path, "core.t0", texts(2, 3)).shared_stream_key()
    other_interval = PartitionTrigger(one.root, one.settings, one.table, one.days, 2 * INTERVAL)
    others = [
        create_trigger(tmp_path, "core.t1", texts(1)),
        create_trigger(tmp_path / "b", "core.t0", texts(1)),
        other_interval,
    ]
    assert len({trigger.shared_stream_key() for trigger in (one, *others)}) == 4


def test_a_trigger_without_a_shared_stream_polls_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def waits(count: Counter[str]) -> None:
        events: list[Any] = []

        async def poll() -> None:
            async with aclosing(create_trigger(tmp_path, "core.t0", texts(0, 1)).run()) as stream:  # type: ignore[type-var]
                events.extend([event.payload async for event in stream])

        task = asyncio.create_task(poll())
        await until(lambda: count["core.t0"] >= 2)
        land(tmp_path, "core.t0", day(0))
        before = count["core.t0"]
        await until(lambda: count["core.t0"] >= before + 2)
        assert events == []
        land(tmp_path, "core.t0", day(1))
        async with asyncio.timeout(PATIENCE):
            await task
        assert events == [{"table": "core.t0", "days": texts(0, 1)}]

    with count_polls(monkeypatch) as count:
        run(waits(count))
