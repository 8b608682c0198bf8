"""A job: one step and the days to fill, for a scheduler that decides itself when each step runs, such as Airflow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from drawloom.model import Pipeline, Record, refuse
from drawloom.run.day_reads import DayReads
from drawloom.run.local_runner import Listener, LocalRunner, Summary
from drawloom.run.owners import find_owners
from drawloom.run.plan import Key, Plan, PlannedPartition, State, plan_step
from drawloom.run.step_runner import day_sql
from drawloom.run.warehouse import Warehouse

if TYPE_CHECKING:
    from drawloom.run.owners import TableOwner
    from drawloom.run.snapshot import WarehouseSnapshot


class Job:
    """A step of a pipeline and the days it is to fill.

    Args:
        warehouse: where its tables are.
        pipelines: those of the project; of others than the step's own only tables and schedules are used.
        step: the name of a step of ``pipeline``.
        days: the days to fill, each of which must be a day of the schedule.
        day_reads: what the step reads on a day.
        force: write them though they are fresh.
        request: whether a person requested exactly these days; then days of a landed step are written, too.

    Raises:
        InputError: a day is outside of the pipeline's history, or not a day of its schedule.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        pipelines: Iterable[Pipeline],
        pipeline: Pipeline,
        step: str,
        days: Sequence[date],
        *,
        day_reads: DayReads,
        force: bool = True,
        request: bool = False,
    ) -> None:
        self.warehouse = warehouse
        self.step = next(one for one in pipeline.steps if one.name == step)
        self._pipeline = pipeline
        self._force = request if self.step.landed else force
        others = [other for other in pipelines if other.name != pipeline.name]
        self._owners: Mapping[str, TableOwner] = find_owners([*others, pipeline], warehouse.history)
        self.days = sorted(days)
        self._check_days()
        self._day_reads = day_reads
        self._reads = day_reads.prepare(self.step, self.days)

    @property
    def table(self) -> str:
        """The table it fills."""
        return self.step.into.name

    @property
    def tables(self) -> set[str]:
        """The tables that it reads or fills."""
        return {read.table for read in self._reads} | self.step.tables

    @property
    def alerts(self) -> tuple[str, ...]:
        """The addresses that are alerted."""
        return self._pipeline.alerts

    @property
    def own_tables(self) -> set[str]:
        """The tables that its pipeline fills."""
        return set(self._pipeline.tables)

    @cached_property
    def snapshot(self) -> WarehouseSnapshot:
        """The partitions that existed when this was first used."""
        return self.warehouse.snapshot(self.tables)

    @cached_property
    def plan(self) -> Plan:
        """The plan of its days: each is to be written, fresh, expired or waiting."""
        forced: set[Key] = {(self.table, ds) for ds in self.days} if self._force else set()
        inputs = self.warehouse.registry.inputs
        owner = self._owners[self.table]
        return plan_step(
            self._owners, self.snapshot, self.warehouse.history, owner, self.days, inputs, forced, self._day_reads
        )

    @property
    def missing(self) -> list[tuple[str, date | None]]:
        """The partitions that it waits for and does not fill itself; None is a table without days."""
        own = {partition.key for partition in self.plan.partitions}
        needed = {
            need
            for partition in self.plan.partitions
            if partition.state is State.WAITING
            for need in partition.needs.required
        }
        missing = [need for need in needed - own if not self.snapshot.has(*need)]
        return sorted(missing, key=lambda need: (need[0], need[1] or date.min))

    def sql(self, partition: PlannedPartition) -> str:
        """The SQL that runs for a partition; empty for a Python step."""
        inputs = self.snapshot.inputs(partition.needs.visible, self.step.slices)
        return day_sql(self.step, partition.pipeline.schedule, partition.ds, inputs, partition.range_start)

    def run(self, listener: Listener = lambda _: None, *, last_try: bool = True) -> Summary:
        """Write what the plan wants, without retries: the scheduler retries. ``on_failure`` is called on the last try only."""
        own = replace(self._pipeline, retries=0, on_failure=self._pipeline.on_failure if last_try else None)
        plan = Plan(tuple(replace(partition, pipeline=own) for partition in self.plan.partitions))
        self.warehouse.attach(self.snapshot, plan.reads)
        steps = self.warehouse.step_runner([self._pipeline], self.tables)
        return LocalRunner(steps, self.warehouse.registry, self.snapshot, jobs=1).run(plan, listener)

    def interrupt(self) -> None:
        """Stop what runs now; called from another thread, or by a signal."""
        self.warehouse.engine.interrupt()

    def records(self, summary: Summary) -> list[dict[str, Any]]:
        """The records of the partitions that a run has written, as plain values."""
        written = [result for result in summary.results if result.outcome in {"written", "unchanged"}]
        records = self.snapshot.records.get(self.table, {})
        return [_record_json(records[result.ds], result.outcome) for result in sorted(written, key=lambda r: r.ds)]

    def drop_expired(self) -> list[date]:
        """Drop the partitions of its table that have expired, and return their days."""
        kept = self._owners[self.table].kept
        if self.step.into.keep is None or self.warehouse.overlay:  # what an environment has goes with it
            return []
        expired = [ds for ds in self.warehouse.engine.days(self.table) if ds not in kept]
        self.warehouse.drop(self.step, expired)
        return expired

    def sweep(self) -> None:
        """Remove files of its table that are replaced and no longer read, and those that killed tasks have left."""
        self.warehouse.sweep([self.table])

    def _check_days(self) -> None:
        known = self._owners[self.table].days
        for day in self.days:
            if day not in known:
                span = f"from {known[0]} to {known[-1]}" if known else "in the project's history, which is empty"
                message = f"day == {day}, must be a day {span} that names a partition of {self.table}."
                raise refuse("outside-history", message, self.step.where, "See `start`, `until` and `schedule`.")


def _record_json(record: Record, outcome: str) -> dict[str, Any]:
    return {
        "table": record.table,
        "ds": record.ds.isoformat(),
        "outcome": outcome,
        "rows": record.rows,
        "bytes": record.bytes,
        "content": record.content,
        "code": record.code,
        "seconds": record.seconds,
        "run": record.run,
    }
