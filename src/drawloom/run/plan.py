"""Which partitions a run would write, and why."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter

from drawloom.model import Inputs, Pipeline, Record, Schedule, Step, refuse, seen
from drawloom.run.needs import Needs, NeedsReader, Owner
from drawloom.run.world import World

Key = tuple[str, date]
InputsOf = Callable[[str], Mapping[date, Inputs]]


class State(StrEnum):
    """How a partition stands."""

    FRESH = "fresh"
    MISSING = "missing"
    STALE = "stale"
    WAITING = "waiting"
    FAILED = "failed"
    EXPIRED = "expired"


WANTED = frozenset({State.MISSING, State.STALE, State.FAILED})


@dataclass(frozen=True, slots=True)
class Cell:
    """One partition of one step: how it stands, why, and what it needs.

    ``since`` is the first day of the range that backfill SQL computes it with; None where its own SQL can be run.
    ``alone`` says that no range of the days beside it can be computed with it.
    """

    pipeline: Pipeline
    step: Step
    ds: date
    state: State
    reason: str
    needs: Needs
    after: tuple[Key, ...] = ()
    since: date | None = None
    alone: bool = False

    @property
    def key(self) -> Key:
        """Table and day."""
        return self.step.into.name, self.ds

    @property
    def todo(self) -> bool:
        """Whether a run would write it."""
        return self.state in WANTED


@dataclass(frozen=True, slots=True)
class Plan:
    """All cells in an order in which they could run: each after those it needs."""

    cells: tuple[Cell, ...]

    @property
    def todo(self) -> tuple[Cell, ...]:
        """Those that a run would write."""
        return tuple(cell for cell in self.cells if cell.todo)

    @property
    def waiting(self) -> tuple[Cell, ...]:
        """Those whose inputs are not there."""
        return tuple(cell for cell in self.cells if cell.state is State.WAITING)

    @property
    def reads(self) -> dict[str, set[date | None]]:
        """What a run would read, by table; None is a table without days."""
        found: dict[str, set[date | None]] = {}
        for cell in self.todo:
            for table, days in cell.needs.seen.items():
                found.setdefault(table, set()).update(days)
        return found

    def only(self, targets: Iterable[Key], *, upstream: bool = True) -> Plan:
        """The plan for these partitions, with what they need that is not fresh."""
        wanted = set(targets)
        kept: list[Cell] = []
        for cell in reversed(self.cells):
            if cell.key not in wanted:
                continue
            kept.append(cell)
            if upstream and cell.state not in {State.FRESH, State.EXPIRED}:
                wanted.update((table, ds) for table, ds in cell.needs.required if ds is not None)
        return Plan(tuple(reversed(kept)))


@dataclass(frozen=True, slots=True)
class History:
    """The project's first day, and the last one that may be filled."""

    start: date
    end: date


def make_plan(
    pipelines: Sequence[Pipeline],
    world: World,
    history: History,
    inputs_of: InputsOf = lambda _: {},
    *,
    forced: Iterable[Key] = (),
) -> Plan:
    """The state of every partition of these pipelines over the project's history.

    Args:
        pipelines: with their steps' reads filled in.
        world: what exists.
        history: which days there are.
        inputs_of: gives the recorded inputs of a table's days; asked only to name the input that changed.
        forced: partitions to write though they are fresh.

    Raises:
        InputError: pipelines wait for each other in a circle.
    """
    owners = owners_of(pipelines, history)
    planner = _Planner(NeedsReader(owners, world, history.start), world, inputs_of, frozenset(forced))
    return Plan(tuple(planner.cell(owner, ds) for owner, ds in _ordered(owners)))


def plan_step(
    owners: Mapping[str, Owner],
    world: World,
    history: History,
    owner: Owner,
    days: Iterable[date],
    inputs_of: InputsOf,
    forced: Iterable[Key],
) -> Plan:
    """The state of these days of one step, where no other step is about to run: it waits for what is not there."""
    planner = _Planner(NeedsReader(owners, world, history.start), world, inputs_of, frozenset(forced))
    return Plan(tuple(planner.cell(owner, ds) for ds in days))


def owners_of(pipelines: Iterable[Pipeline], history: History) -> dict[str, Owner]:
    """Who fills each table, and on which days."""
    owners: dict[str, Owner] = {}
    for pipeline in pipelines:
        first = max(pipeline.start or history.start, history.start)
        last = min(pipeline.until or history.end, history.end)
        days = _run_days(pipeline.schedule, first, last)
        for step in pipeline.steps:
            keep = step.into.keep
            oldest = history.end - timedelta(days=keep - 1) if keep else date.min
            owners[step.into.name] = Owner(pipeline, step, days, _kept(days, oldest, step.into.keep_month_ends))
    return owners


@lru_cache
def _run_days(schedule: Schedule, first: date, last: date) -> tuple[date, ...]:
    """Most pipelines of a project have the same days: they share them."""
    return tuple(schedule.run_days(first, last))


@lru_cache
def _kept(days: tuple[date, ...], oldest: date, month_ends: bool) -> frozenset[date]:
    return frozenset(ds for ds in days if ds >= oldest or (month_ends and (ds + timedelta(days=1)).day == 1))


def _ordered(owners: Mapping[str, Owner]) -> list[tuple[Owner, date]]:
    """Table by table where tables do not depend on each other in a circle; else day by day."""
    try:
        tables = _sorted(owners, same_day=False)
    except CycleError:
        return _day_by_day(owners)
    return [(owners[table], ds) for table in tables for ds in owners[table].days]


def _day_by_day(owners: Mapping[str, Owner]) -> list[tuple[Owner, date]]:
    try:
        tables = _sorted(owners, same_day=True)
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        where = owners[error.args[1][0]].step.where
        fix = "Let one of them read an earlier day."
        raise refuse("cycle", f"tables == {circle}, must not wait for each other in a circle.", where, fix) from error
    days = sorted({ds for owner in owners.values() for ds in owner.days})
    held = {table: frozenset(owner.days) for table, owner in owners.items()}
    return [(owners[table], ds) for ds in days for table in tables if ds in held[table]]


def _sorted(owners: Mapping[str, Owner], *, same_day: bool) -> list[str]:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for table, owner in sorted(owners.items()):
        sorter.add(table)
        for read in owner.step.reads:
            past = read.how == "offset" and 0 not in read.days
            if read.table in owners and read.table != table and not (same_day and past):
                sorter.add(table, read.table)
        for ranged in owner.step.backfill_reads or ():
            if ranged.table in owners and ranged.table != table and not (same_day and ranged.before):
                sorter.add(table, ranged.table)
    return list(sorter.static_order())


class _Planner:
    def __init__(
        self,
        reader: NeedsReader,
        world: World,
        inputs_of: InputsOf,
        forced: frozenset[Key],
    ) -> None:
        self._reader = reader
        self._owners = reader.owners
        self._world = world
        self._inputs_of = inputs_of
        self._forced = forced
        self._outdated: set[Key] = set()
        self._states: dict[Key, State] = {}
        self._roots: dict[Key, str] = {}

    def cell(self, owner: Owner, ds: date) -> Cell:
        step, key = owner.step, (owner.step.into.name, ds)
        since = None
        if ds in owner.kept:
            needs, since = self._needs(owner, ds)
            state, reason = self._state(step, key, needs)
        else:
            needs = Needs((), {})
            state, reason = State.EXPIRED, f"older than the {step.into.keep} days that are kept"
            if self._checkpoints(step) and self._is_outdated(step, key):
                self._outdated.add(key)
        self._states[key] = state
        after, alone = tuple(self._reader.after(step, ds)), since is None and bool(self._checkpoints(step))
        return Cell(owner.pipeline, step, ds, state, reason, needs, after, since, alone)

    def _needs(self, owner: Owner, ds: date) -> tuple[Needs, date | None]:
        """What a day needs; where its own SQL would need a partition that has expired, what a range from the last one
        that is there needs, and where that begins."""
        step = owner.step
        needs = self._reader.of(step, ds)
        checkpoints = self._checkpoints(step)
        if not checkpoints or all(self._lasting(*key) for key in _dated(needs)):
            return needs, None
        starts = [self._start_after(self._owners[table], owner, ds) for table in checkpoints]
        since = min(starts, default=ds)
        return self._reader.of_range(step, since, ds), since

    def _checkpoints(self, step: Step) -> list[str]:
        """The tables whose partitions expire, and from which its backfill SQL goes on."""
        return [table for table in step.resumes_from if self._sparse(table)]

    def _lasting(self, table: str, ds: date) -> bool:
        """Whether a partition is there, or will be, if it belongs to a table whose partitions expire."""
        state = self._states.get((table, ds))
        return not self._sparse(table) or state in {State.FRESH, *WANTED} or (state is None and self._held(table, ds))

    def _sparse(self, table: str) -> bool:
        owner = self._owners.get(table)
        return owner is not None and owner.step.into.keep is not None

    def _start_after(self, checkpoint: Owner, owner: Owner, ds: date) -> date:
        """The day after the last partition of a table that is there before a day; the first of history without one."""
        table, days = checkpoint.step.into.name, checkpoint.days
        there = (day for day in reversed(days[: bisect_left(days, ds)]) if day in checkpoint.kept)
        last = next((day for day in there if self._lasting(table, day)), None)
        return last + timedelta(days=1) if last else owner.days[0]

    def _is_outdated(self, step: Step, key: Key) -> bool:
        """Whether an expired partition was made of something that has changed since."""
        table, ds = key
        record = self._world.records.get(table, {}).get(ds) or self._world.gone.get(table, {}).get(ds)
        if record is None:
            return False
        return key in self._forced or record.code != step.fingerprint or bool(self._changed(record))

    def _changed(self, record: Record) -> str:
        """What has changed of what a partition was made of; empty for nothing. What is gone did not change."""
        then = record.inputs or self._inputs_of(record.table).get(record.ds, {})
        for table, days in sorted(then.items()):
            held = self._world.contents.get(table, {})
            for text, content in sorted(days.items()):
                ds = date.fromisoformat(text) if text else None
                if ds and (self._states.get((table, ds)) in WANTED or (table, ds) in self._outdated):
                    return f"input {_text(table, ds)} will be rebuilt"
                if held.get(ds, content) != content:
                    return f"input {_text(table, ds)} changed"
        return ""

    def _state(self, step: Step, key: Key, needs: Needs) -> tuple[State, str]:
        record = self._world.records.get(key[0], {}).get(key[1])
        state, reason = self._wish(step, key, record, needs)
        if state in WANTED and (blocker := self._blocker(needs)):
            if record and reason.startswith("input"):
                return State.FRESH, "made from what there was"
            self._roots[key] = blocker
            return State.WAITING, f"waiting for {blocker}"
        return state, reason

    def _wish(self, step: Step, key: Key, record: Record | None, needs: Needs) -> tuple[State, str]:
        """What the partition would want, if all it needs were there."""
        if key in self._world.failures:
            return State.FAILED, self._world.failures[key].splitlines()[0][:200]
        if record is None:
            return State.MISSING, self._world.odd.get(key, "never made")
        if record.code != step.fingerprint:
            return State.STALE, "code changed"
        if key in self._forced:
            return State.STALE, "asked for"
        if self._checkpoints(step):
            changed = self._changed(record)
            return (State.STALE, changed) if changed else (State.FRESH, "")
        rebuilt = next((need for need in _dated(needs) if self._states.get(need) in WANTED), None)
        if rebuilt:
            return State.STALE, f"input {_text(*rebuilt)} will be rebuilt"
        return self._by_inputs(record, needs)

    def _by_inputs(self, record: Record, needs: Needs) -> tuple[State, str]:
        now = self._world.inputs(needs.seen)
        if seen(now) == record.seen:
            return State.FRESH, ""
        then = record.inputs or self._inputs_of(record.table).get(record.ds, {})
        changed = changed_input(then, now)
        return (State.STALE, f"input {changed} changed") if changed else (State.FRESH, "")

    def _blocker(self, needs: Needs) -> str | None:
        """The first partition that is not there and will not be made, traced back to where it starts."""
        for table, ds in needs.required:
            state = self._states.get((table, ds)) if ds else None
            if state in WANTED or state is State.FRESH:
                continue
            if state is None and self._held(table, ds):
                continue
            return self._roots.get((table, ds or date.min), self._told(table, ds))
        return None

    def _told(self, table: str, ds: date | None) -> str:
        odd = self._world.odd.get((table, ds)) if ds else None
        return f"{_text(table, ds)} ({odd})" if odd else _text(table, ds)

    def _held(self, table: str, ds: date | None) -> bool:
        return self._world.holds(table, ds)


def changed_input(then: Inputs, now: Inputs) -> str | None:
    """The first input that is new or has other content than it had; one that is gone did not change."""
    for table in sorted(now):
        before = then.get(table, {})
        for ds in sorted(now[table]):
            if before.get(ds) != now[table][ds]:
                return f"{table} {ds}".strip()
    return None


def _dated(needs: Needs) -> Iterable[Key]:
    return ((table, ds) for table, days in needs.seen.items() for ds in days if ds is not None)


def _text(table: str, ds: date | None) -> str:
    return f"{table} {ds.isoformat()}" if ds else table
