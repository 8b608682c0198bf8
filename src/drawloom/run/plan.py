"""Which partitions a run would write, and why: what each one needs, and its state."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum

from drawloom.model import DateSpan, Inputs, Pipeline, RangeRead, Read, Record, Step, inputs_digest
from drawloom.model.days import covers
from drawloom.run.day_reads import DayReads, Reads
from drawloom.run.owners import History, TableOwner, find_owners, in_run_order
from drawloom.run.snapshot import WarehouseSnapshot

Key = tuple[str, date]
RecordedInputs = Callable[[str], Mapping[date, Inputs]]
UNDATED = (None,)  # the visible days of a table that has none


@dataclass(frozen=True, slots=True)
class Needs:
    """What one run needs.

    ``required`` partitions must exist before it. ``visible`` are all that it may read, by table and in order. They
    differ because a step may read days that need not exist (a week that begins before the history does), and may wait
    for days other than those it reads (``depends_on``). ``reads`` are those that they were found from: of this very day.
    """

    required: tuple[tuple[str, date | None], ...]
    visible: Mapping[str, tuple[date | None, ...]]
    reads: Reads = ()


class State(StrEnum):
    """Whether a partition is up to date, and if not, why."""

    FRESH = "fresh"
    MISSING = "missing"
    STALE = "stale"
    WAITING = "waiting"
    FAILED = "failed"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    MISSED = "missed"


TO_WRITE = frozenset({State.MISSING, State.STALE, State.FAILED, State.SKIPPED})
CAUSED = frozenset({State.STALE, State.SKIPPED, State.WAITING})  # states that another partition may be the cause of


@dataclass(frozen=True, slots=True)
class PlannedPartition:
    """One partition of one step: its state, why, and what it needs.

    ``run_after`` are partitions to write before it where they are written at all, though it does not need them.
    ``range_start`` is the first day of the range with which backfill SQL computes it; None where its own SQL can run.
    ``unbatchable`` partitions cannot be computed in one range with their neighbours.
    ``cause`` is the partition of this plan whose state is the reason for this one's.
    """

    pipeline: Pipeline
    step: Step
    ds: date
    state: State
    reason: str
    needs: Needs
    run_after: tuple[Key, ...] = ()
    range_start: date | None = None
    unbatchable: bool = False
    cause: Key | None = None

    @property
    def key(self) -> Key:
        """Table and day."""
        return self.step.into.name, self.ds

    @property
    def todo(self) -> bool:
        """Whether a run would write it."""
        return self.state in TO_WRITE


@dataclass(frozen=True, slots=True)
class Plan:
    """All partitions in an order in which they could run: each after those it needs.

    ``damaged`` are landed partitions that steps read, and whose files are gone or are not the recorded ones: why, by table
    and day.
    """

    partitions: tuple[PlannedPartition, ...]
    damaged: Mapping[Key, str] = field(default_factory=dict)

    @property
    def todo(self) -> tuple[PlannedPartition, ...]:
        """Those that a run would write."""
        return tuple(partition for partition in self.partitions if partition.todo)

    @property
    def waiting(self) -> tuple[PlannedPartition, ...]:
        """Those whose inputs do not exist yet."""
        return tuple(partition for partition in self.partitions if partition.state is State.WAITING)

    @property
    def reads(self) -> dict[str, set[date | None]]:
        """What a run would read, by table; None is a table without days."""
        found: dict[str, set[date | None]] = {}
        for partition in self.todo:
            for table, days in partition.needs.visible.items():
                found.setdefault(table, set()).update(days)
        return found

    def only(self, targets: Iterable[Key], *, upstream: bool = True, excluded: Collection[str] = ()) -> Plan:
        """The plan for these partitions, with what they need that is not fresh.

        Partitions of the ``excluded`` tables are left out; what needs one of them that does not exist is waiting for it.
        """
        wanted = set(targets)
        kept: list[PlannedPartition] = []
        for partition in reversed(self.partitions):
            if partition.key not in wanted or partition.key[0] in excluded:
                continue
            kept.append(partition)
            if upstream and partition.state not in {State.FRESH, State.EXPIRED}:
                wanted.update((table, ds) for table, ds in partition.needs.required if ds is not None)
        tables = {read.table for partition in kept for read in partition.step.reads}
        partitions = _wait_for_excluded(reversed(kept), self._not_there(excluded))
        return Plan(partitions, {key: why for key, why in self.damaged.items() if key[0] in tables})

    def _not_there(self, tables: Collection[str]) -> set[Key]:
        """The partitions of these tables that have no rows to read, as they were not written or failed."""
        there = {State.FRESH, State.STALE, State.EXPIRED}
        return {one.key for one in self.partitions if one.key[0] in tables and one.state not in there}


def _wait_for_excluded(partitions: Iterable[PlannedPartition], missing: set[Key]) -> tuple[PlannedPartition, ...]:
    """The partitions in their order; those that need a missing one are waiting, and so are those that need these."""
    found: list[PlannedPartition] = []
    for partition in partitions:
        needed = next((key for key in partition.needs.required if key in missing), None) if partition.todo else None
        if needed:
            missing.add(partition.key)
            why = f"waiting for {needed[0]} {needed[1]}, which is not written now"
        found.append(replace(partition, state=State.WAITING, reason=why) if needed else partition)
    return tuple(found)


def make_plan(
    pipelines: Sequence[Pipeline],
    snapshot: WarehouseSnapshot,
    history: History,
    recorded_inputs: RecordedInputs = lambda _: {},
    *,
    forced: Iterable[Key] = (),
    day_reads: DayReads | None = None,
) -> Plan:
    """The state of every partition of these pipelines over the project's history.

    Args:
        pipelines: with their steps' reads filled in.
        snapshot: the partitions that exist.
        history: which days there are.
        recorded_inputs: returns the recorded inputs of a table's days; called only to name the input that changed.
        forced: partitions to write though they are fresh.
        day_reads: what steps read on a day, where that may differ from their rule.

    Raises:
        InputError: pipelines wait for each other in a circle.
    """
    owners = find_owners(pipelines, history)
    day_reads = day_reads or DayReads()
    reads = {table: day_reads.prepare(owner.step, owner.kept) for table, owner in owners.items()}
    resolver = NeedsResolver(owners, snapshot, history.start, day_reads)
    planner = _Planner(resolver, snapshot, recorded_inputs, frozenset(forced))
    partitions = tuple(planner.plan_partition(owner, ds) for owner, ds in in_run_order(owners, reads))
    tables = {read.table for of_table in reads.values() for read in of_table} - owners.keys()
    damaged = {(table, ds): snapshot.anomalies[table, ds] for table in sorted(tables) for ds in snapshot.damaged(table)}
    return Plan(partitions, damaged)


def plan_step(
    owners: Mapping[str, TableOwner],
    snapshot: WarehouseSnapshot,
    history: History,
    owner: TableOwner,
    days: Iterable[date],
    recorded_inputs: RecordedInputs,
    forced: Iterable[Key],
    day_reads: DayReads,
) -> Plan:
    """The state of these days of one step, where no other step is about to run: it waits for what does not exist."""
    resolver = NeedsResolver(owners, snapshot, history.start, day_reads)
    planner = _Planner(resolver, snapshot, recorded_inputs, frozenset(forced))
    return Plan(tuple(planner.plan_partition(owner, ds) for ds in days))


_LAST_DATE = date(9999, 12, 31)


def _why_not_kept(step: Step) -> str:
    return f"older than the {step.into.keep} days that are kept" if step.into.keep else "before the first day to fill"


class NeedsResolver:
    """Finds out which partitions the run of a day needs, over one project's tables, sources and history.

    A read without bounds (or open at its end) sees the days up to the run's own: a run never looks past its day
    unless its SQL does so explicitly, and a rebuild then gives the same rows as the daily runs.
    """

    def __init__(
        self,
        owners: Mapping[str, TableOwner],
        snapshot: WarehouseSnapshot,
        start: date,
        day_reads: DayReads | None = None,
    ) -> None:
        self.owners = owners
        self._day_reads = day_reads or DayReads()
        self._snapshot = snapshot
        self._start = start
        self._existing = {table: snapshot.days(table) for table in snapshot.contents if table not in owners}
        self._damaged = {table: snapshot.damaged(table) for table in snapshot.missing_files if table not in owners}

    def of_day(self, step: Step, day: date) -> Needs:
        """The needs of one run."""
        required: list[tuple[str, date | None]] = []
        visible: dict[str, tuple[date | None, ...]] = {}
        reads = self._day_reads.on(step, day)
        for read in reads:
            must_exist, may_read = self._of_read(step, read, day)
            required += [(read.table, ds) for ds in must_exist]
            visible[read.table] = _merge_days(visible.get(read.table, ()), must_exist, may_read)
        for check in step.checks:
            for read in check.reads:
                _, may_read = self._of_read(step, read, day)
                visible[read.table] = _merge_days(visible.get(read.table, ()), may_read)
        return Needs(tuple(required), visible, reads)

    def of_range(self, step: Step, range_start: date, day: date) -> Needs:
        """The needs of one day that backfill SQL computes from ``range_start`` on."""
        required: list[tuple[str, date | None]] = []
        visible: dict[str, tuple[date | None, ...]] = {}
        for read in step.backfill_reads or ():
            must_exist, may_read = self._of_range_read(step, read, range_start, day)
            required += [(read.table, ds) for ds in must_exist]
            visible[read.table] = _merge_days(visible.get(read.table, ()), must_exist, may_read)
        return Needs(tuple(required), visible, self._day_reads.on(step, day))

    def compared_days(self, step: Step, day: date) -> list[Key]:
        """Partitions that a check of this step compares with: they are written first where they are written at all."""
        reads = [read for check in step.checks for read in check.reads]
        return [
            (read.table, ds)
            for read in reads
            for ds in self._available_days(read.table, read.on(day), day)
            if ds is not None
        ]

    def _of_read(self, step: Step, read: Read, day: date) -> tuple[list[date | None], list[date | None]]:
        """The days of a read that must exist, and those that may be read."""
        if self._snapshot.is_undated(read.table):
            return [None], []
        spans = read.on(day)
        owner = self.owners.get(read.table)
        may_read = self._available_days(read.table, spans, day)
        if read.table in step.depends_on:
            declared = step.depends_on[read.table]
            must_exist = (
                []
                if declared is None
                else self._days_to_wait_for(read.table, declared.on(day), day, exact=declared.bounded)
            )
        elif owner:
            must_exist = [ds for ds in may_read if ds in owner.kept]
        else:
            must_exist = self._days_to_wait_for(read.table, spans, day, exact=read.exact)
        must_exist += [ds for ds in self._damaged_days(read.table, spans, day) if ds not in must_exist]
        if read.table == step.into.name:
            return _before(must_exist, day), _before(may_read, day)
        return must_exist, may_read

    def _of_range_read(
        self, step: Step, read: RangeRead, range_start: date, day: date
    ) -> tuple[list[date | None], list[date | None]]:
        if self._snapshot.is_undated(read.table):
            return [None], []
        span = read.on(range_start, day)
        may_read = self._available_days(read.table, [span], day)
        owner = self.owners.get(read.table)
        if read.table == step.into.name:
            may_read = _before(may_read, range_start)
        if owner:
            return [ds for ds in may_read if ds in owner.kept], may_read
        must_exist = self._days_to_wait_for(read.table, [span], day, exact=None not in span)
        must_exist += [ds for ds in self._damaged_days(read.table, [span], day) if ds not in must_exist]
        return must_exist, may_read

    def _days_to_wait_for(self, table: str, spans: Iterable[DateSpan], day: date, *, exact: bool) -> list[date | None]:
        """The days of these spans that must exist; where they cannot be listed (not ``exact``), the run's own day."""
        owner = self.owners.get(table)
        if owner:
            return [ds for ds in self._available_days(table, spans, day) if ds in owner.kept]
        if not exact:
            spans = [(day, day)] if covers(spans, day) else []
        days = (ds for span in spans for ds in _list_days(*_clip(span, self._start, _LAST_DATE)) if ds >= self._start)
        if table in self._snapshot.sources_with_gaps:
            existing = self._existing.get(table) or [self._start]
            found = set(existing)
            return [ds for ds in days if ds in found or ds > existing[-1]]
        return list(days)

    def _damaged_days(self, table: str, spans: Iterable[DateSpan], day: date) -> list[date]:
        """The landed days in these spans whose files are gone: rows are missing, whether or not a step would wait."""
        damaged = self._damaged.get(table)
        if not damaged:
            return []
        clipped = [_clip(span, date.min, day if span[1] is None else _LAST_DATE) for span in spans]
        return [ds for ds in damaged if any(first <= ds <= last for first, last in clipped)]

    def _available_days(self, table: str, spans: Iterable[DateSpan], day: date) -> list[date | None]:
        """The days in these spans that a table has, or will have when its step has run."""
        owner = self.owners.get(table)
        existing = owner.days if owner else self._existing.get(table, [])
        found: list[date | None] = []
        for span in spans:
            first, last = _clip(span, date.min, day if span[1] is None else _LAST_DATE)
            found += existing[bisect_left(existing, first) : bisect_right(existing, last)]
        return found


class _Planner:
    """Decides the state of partitions, each after those that it needs."""

    def __init__(
        self,
        resolver: NeedsResolver,
        snapshot: WarehouseSnapshot,
        recorded_inputs: RecordedInputs,
        forced: frozenset[Key],
    ) -> None:
        self._resolver = resolver
        self._owners = resolver.owners
        self._snapshot = snapshot
        self._recorded_inputs = recorded_inputs
        self._forced = forced
        self._outdated: set[Key] = set()  # expired partitions whose inputs have changed
        self._states: dict[Key, State] = {}
        self._root_causes: dict[Key, str] = {}
        self._cause: Key | None = None  # of the partition that is being planned
        self._changed_slices: dict[Key, frozenset[str]] = {}  # of partitions that are stale for the code of these alone

    def plan_partition(self, owner: TableOwner, ds: date) -> PlannedPartition:
        self._cause = None
        step, key = owner.step, (owner.step.into.name, ds)
        checkpoints = self._checkpoints(step)
        range_start = None
        if ds in owner.kept:
            needs, range_start = self._needs(owner, ds)
            decide = self._landed_state if step.landed else self._state
            state, reason = decide(step, key, needs)
        else:
            needs = Needs((), {})
            state, reason = State.EXPIRED, _why_not_kept(step)
            if checkpoints and self._is_outdated(step, key):
                self._outdated.add(key)
        self._states[key] = state
        run_after = tuple(self._resolver.compared_days(step, ds))
        unbatchable = range_start is None and bool(checkpoints)
        cause = self._cause if state in CAUSED else None
        return PlannedPartition(
            owner.pipeline, step, ds, state, reason, needs, run_after, range_start, unbatchable, cause
        )

    def _needs(self, owner: TableOwner, ds: date) -> tuple[Needs, date | None]:
        """What a day needs, and the start of its range.

        A step that reads its own yesterday cannot compute a day in the middle of its history once yesterday has
        expired. It then computes the range of days that begins after its last checkpoint, a partition that still exists.
        """
        step = owner.step
        needs = self._resolver.of_day(step, ds)
        checkpoints = self._checkpoints(step)
        if not checkpoints or all(self._will_exist(*key) for key in _visible_keys(needs)):
            return needs, None
        starts = [self._day_after_checkpoint(self._owners[table], owner, ds) for table in checkpoints]
        range_start = min(starts, default=ds)
        return self._resolver.of_range(step, range_start, ds), range_start

    def _checkpoints(self, step: Step) -> list[str]:
        """The tables whose partitions expire, and from whose last one the backfill SQL of a step continues."""
        return [table for table in step.resumes_from if self._expires(table)]

    def _will_exist(self, table: str, ds: date) -> bool:
        """Whether a partition exists, or will when this plan has run; always true of tables that do not expire."""
        if not self._expires(table):
            return True
        state = self._states.get((table, ds))
        return state in {State.FRESH, *TO_WRITE} or (state is None and self._snapshot.has(table, ds))

    def _expires(self, table: str) -> bool:
        owner = self._owners.get(table)
        return owner is not None and owner.step.into.keep is not None

    def _day_after_checkpoint(self, checkpoint: TableOwner, owner: TableOwner, ds: date) -> date:
        """The day after the last partition of a table that exists before a day; the first of history without one."""
        table, days = checkpoint.step.into.name, checkpoint.days
        earlier = (day for day in reversed(days[: bisect_left(days, ds)]) if day in checkpoint.kept)
        last = next((day for day in earlier if self._will_exist(table, day)), None)
        return last + timedelta(days=1) if last else owner.days[0]

    def _is_outdated(self, step: Step, key: Key) -> bool:
        """Whether an expired partition was made of something that has changed since."""
        table, ds = key
        record = self._snapshot.records.get(table, {}).get(ds) or self._snapshot.missing_files.get(table, {}).get(ds)
        if record is None:
            return False
        return key in self._forced or record.code != step.fingerprint or bool(self._changed_input(step, record))

    def _changed_input(self, step: Step, record: Record) -> str:
        """Which recorded input has changed or will be rebuilt; empty for none. A missing one does not count as changed."""
        for table, days in sorted(self._inputs_of(record).items()):
            dates = {text: date.fromisoformat(text) if text else None for text in days}
            now = self._snapshot.inputs({table: tuple(dates.values())}, step.slices)[table]
            for text, content in sorted(days.items()):
                ds = dates[text]
                if ds and (self._will_change(step, (table, ds)) or (table, ds) in self._outdated):
                    self._cause = table, ds
                    return f"input {partition_name(table, ds)} will be rebuilt"
                if now.get(text, content) != content:
                    return f"input {partition_name(table, ds)} changed"
        return ""

    def _inputs_of(self, record: Record) -> Inputs:
        return record.inputs or self._recorded_inputs(record.table).get(record.ds, {})

    def _state(self, step: Step, key: Key, needs: Needs) -> tuple[State, str]:
        record = self._snapshot.records.get(key[0], {}).get(key[1])
        state, reason = self._state_if_ready(step, key, record, needs)
        if state in TO_WRITE and (blocker := self._blocker(needs)):
            if record and reason.startswith("input"):
                return State.FRESH, "kept: an input is missing now"
            self._root_causes[key] = blocker
            return State.WAITING, f"waiting for {blocker}"
        if (state is State.MISSING or reason.startswith("input")) and (failed := self._failed_input(needs)):
            self._root_causes[key] = failed
            return State.SKIPPED, f"input {failed} failed"
        return state, reason

    def _failed_input(self, needs: Needs) -> str | None:
        """The partition that failed last time and is the reason why one that needs it was not written."""
        if not self._snapshot.failures:
            return None
        for need in _visible_keys(needs):
            if self._states.get(need) is State.FAILED:
                self._cause = need
                return partition_name(*need)
            if self._states.get(need) is State.SKIPPED:
                self._cause = need
                return self._root_causes[need]
        return None

    def _landed_state(self, step: Step, key: Key, needs: Needs) -> tuple[State, str]:
        """The state of a partition that cannot be computed again.

        Its inputs no longer exist as they were, so it stays as it is whatever changes, and a past day is not filled with
        today's data unless that is forced.
        """
        record = self._snapshot.records.get(key[0], {}).get(key[1])
        if key in self._forced or (record is None and key[1] == self._owners[key[0]].latest):
            return self._state(step, key, needs)
        if record:
            changed = record.code != step.fingerprint
            return State.FRESH, "landed: kept as it is, though its code has changed" if changed else ""
        anomaly = self._snapshot.anomalies.get(key)
        reason = f"{f'{anomaly}; ' if anomaly else ''}landed: a past day is made only on request, with --force"
        self._root_causes[key] = f"{partition_name(*key)} ({reason})"
        return State.MISSED, reason

    def _state_if_ready(self, step: Step, key: Key, record: Record | None, needs: Needs) -> tuple[State, str]:
        """The state of a partition if everything it needs exists."""
        if key in self._snapshot.failures:
            return State.FAILED, self._snapshot.failures[key].splitlines()[0][:200]
        if record is None:
            return State.MISSING, self._snapshot.anomalies.get(key, "never made")
        if record.code != step.fingerprint:
            return State.STALE, self._code_change(step, key, record, needs)
        if key in self._forced:
            return State.STALE, "forced"
        if self._checkpoints(step):  # what is visible depends on what has expired: compare with what was read then
            changed = self._changed_input(step, record)
            return (State.STALE, changed) if changed else (State.FRESH, "")
        return self._compare_inputs(step, record, needs)

    def _code_change(self, step: Step, key: Key, record: Record, needs: Needs) -> str:
        """Why a partition of other code is stale: of a sliced table, whose inputs are as they were, which slices change."""
        before = record.slices
        if not before or not before.code or before.column != step.into.sliced_by or key in self._forced:
            return "code changed"
        if self._compare_inputs(step, record, needs)[0] is not State.FRESH:
            self._cause = None  # it is the code in any case
            return "code changed"
        names = {*before.code, *step.slice_code}
        changed = frozenset(name for name in names if before.code.get(name) != step.slice_code.get(name))
        self._changed_slices[key] = changed
        return f"code changed: {', '.join(sorted(changed))}" if changed else "code changed"

    def _will_change(self, step: Step, need: Key) -> bool:
        """Whether a partition that a step reads is to be written, and what it reads of it may come out other than it is."""
        if self._states.get(need) not in TO_WRITE:
            return False
        changed = self._changed_slices.get(need)
        read = next((one for one in step.slices if one.table == need[0]), None)
        return changed is None or read is None or not changed.isdisjoint(read.values)

    def _compare_inputs(self, step: Step, record: Record, needs: Needs) -> tuple[State, str]:
        rebuilt = next((need for need in _visible_keys(needs) if self._will_change(step, need)), None)
        if rebuilt:
            self._cause = rebuilt
            of_check = "" if any(read.table == rebuilt[0] for read in needs.reads) else " of a check"
            return State.STALE, f"input {partition_name(*rebuilt)}{of_check} will be rebuilt"
        now = self._snapshot.inputs(needs.visible, step.slices)
        if inputs_digest(now) == record.inputs_digest:
            return State.FRESH, ""
        then = self._inputs_of(record)
        unread = sorted(table for table, days in then.items() if days and table not in needs.visible)
        if unread:  # the code is the same, so it left a family, or its constants changed
            return State.STALE, f"input {unread[0]} is not read any more"
        changed = changed_input(then, now)
        return (State.STALE, f"input {changed} changed") if changed else (State.FRESH, "")

    def _blocker(self, needs: Needs) -> str | None:
        """The first required partition that does not exist and will not be made, traced back to the root cause."""
        for table, ds in needs.required:
            state = self._states.get((table, ds)) if ds else None
            if state in TO_WRITE or state is State.FRESH:
                continue
            if state is None and self._snapshot.has(table, ds):
                continue
            self._cause = (table, ds) if ds and state else None
            return self._root_causes.get((table, ds or date.min), self._describe_missing(table, ds))
        return None

    def _describe_missing(self, table: str, ds: date | None) -> str:
        anomaly = self._snapshot.anomalies.get((table, ds)) if ds else None
        return f"{partition_name(table, ds)} ({anomaly})" if anomaly else partition_name(table, ds)


def changed_input(then: Inputs, now: Inputs) -> str | None:
    """The first input that is new or has other content than it had; a missing one does not count as changed."""
    for table in sorted(now):
        before = then.get(table, {})
        for ds in sorted(now[table]):
            if before.get(ds) != now[table][ds]:
                return f"{table} {ds}".strip()
    return None


def partition_name(table: str, ds: date | None) -> str:
    """A partition as messages name it: table and day, or only the table where it has no days."""
    return f"{table} {ds.isoformat()}" if ds else table


def _visible_keys(needs: Needs) -> Iterable[Key]:
    return ((table, ds) for table, days in needs.visible.items() for ds in days if ds is not None)


def _before(days: Iterable[date | None], day: date) -> list[date | None]:
    return [ds for ds in days if ds is not None and ds < day]


def _clip(span: DateSpan, first: date, last: date) -> tuple[date, date]:
    """A span with its open ends closed; it may come out empty (first after last)."""
    return (max(span[0], first) if span[0] else first, min(span[1], last) if span[1] else last)


def _list_days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _merge_days(*groups: Iterable[date | None]) -> tuple[date | None, ...]:
    days = set().union(*groups)
    return tuple(days) if len(days) < 2 else tuple(sorted(days, key=lambda ds: ds or date.min))
