"""One step by itself, for a scheduler that decides on its own when each step runs: what it waits for, and its run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from drawloom.model import Pipeline, Record, refuse
from drawloom.run.local import Listener, LocalRunner, Summary
from drawloom.run.plan import Cell, Key, Plan, State, owners_of, plan_step
from drawloom.run.step import day_text
from drawloom.run.warehouse import Warehouse

if TYPE_CHECKING:
    from drawloom.run.needs import Owner
    from drawloom.run.world import World


class Job:
    """A step of a pipeline and the days it is to fill.

    Args:
        warehouse: where its tables are.
        pipelines: those of the project; of all but the step's own, only tables and schedules need to be known.
        step: the name of a step of ``pipeline``.
        days: the days to fill, each of which must name a partition.
        force: write them though they are fresh.

    Raises:
        InputError: a day is outside of the pipeline's history, or names no partition.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        pipelines: Iterable[Pipeline],
        pipeline: Pipeline,
        step: str,
        days: Sequence[date],
        *,
        force: bool = True,
    ) -> None:
        self.warehouse = warehouse
        self.step = next(one for one in pipeline.steps if one.name == step)
        self._pipeline = pipeline
        self._force = force
        others = [other for other in pipelines if other.name != pipeline.name]
        self._owners: Mapping[str, Owner] = owners_of([*others, pipeline], warehouse.history)
        self.days = sorted(days)
        self._check_days()

    @property
    def table(self) -> str:
        """The table it fills."""
        return self.step.into.name

    @property
    def tables(self) -> set[str]:
        """The tables that it reads or fills."""
        checks = {read.table for check in self.step.checks for read in check.reads}
        ranges = {ranged.table for ranged in self.step.backfill_reads or ()}
        return {self.table} | {read.table for read in self.step.reads} | ranges | checks

    @property
    def own_tables(self) -> set[str]:
        """The tables that its pipeline fills."""
        return set(self._pipeline.tables)

    @cached_property
    def world(self) -> World:
        """What existed when it was first asked for."""
        return self.warehouse.observe(self.tables)

    @cached_property
    def plan(self) -> Plan:
        """A cell for each day: to be written, fresh, expired, or waiting."""
        forced: set[Key] = {(self.table, ds) for ds in self.days} if self._force else set()
        inputs = self.warehouse.registry.inputs
        owner = self._owners[self.table]
        return plan_step(self._owners, self.world, self.warehouse.history, owner, self.days, inputs, forced)

    @property
    def missing(self) -> list[tuple[str, date | None]]:
        """The partitions that it waits for and does not fill itself; None stands for a table without days."""
        own = {cell.key for cell in self.plan.cells}
        needed = {need for cell in self.plan.cells if cell.state is State.WAITING for need in cell.needs.required}
        gone = [need for need in needed - own if not self.world.holds(*need)]
        return sorted(gone, key=lambda need: (need[0], need[1] or date.min))

    def text(self, cell: Cell) -> str:
        """The SQL that runs for a cell; empty for a Python step."""
        inputs = self.world.inputs(cell.needs.seen)
        return day_text(self.step, cell.pipeline.schedule, cell.ds, inputs, cell.since)

    def run(self, listener: Listener = lambda _: None, *, last_try: bool = True) -> Summary:
        """Write what the plan wants. Whoever calls tries again by himself; ``on_failure`` hears of the last try only."""
        own = replace(self._pipeline, retries=0, on_failure=self._pipeline.on_failure if last_try else None)
        plan = Plan(tuple(replace(cell, pipeline=own) for cell in self.plan.cells))
        self.warehouse.attach(self.world, plan.reads)
        steps = self.warehouse.steps([self._pipeline], self.tables)
        return LocalRunner(steps, self.warehouse.registry, self.world, jobs=1).run(plan, listener)

    def interrupt(self) -> None:
        """Stop what runs now; called from another thread, or by a signal."""
        self.warehouse.engine.interrupt()

    def records(self, summary: Summary) -> list[dict[str, Any]]:
        """What the registry says of the partitions that a run has made, as plain values."""
        made = [result for result in summary.results if result.outcome in {"written", "unchanged"}]
        held = self.world.records.get(self.table, {})
        return [_plain(held[result.ds], result.outcome) for result in sorted(made, key=lambda result: result.ds)]

    def drop_expired(self) -> list[date]:
        """Drop the partitions of its table that need not be kept any longer; their days."""
        kept = self._owners[self.table].kept
        if self.step.into.keep is None:
            return []
        expired = [ds for ds in self.warehouse.engine.days(self.table) if ds not in kept]
        self.warehouse.drop(self.step, expired)
        return expired

    def sweep(self) -> None:
        """Remove what nobody reads any more of its table, and what killed tasks have left."""
        self.warehouse.engine.sweep([self.table])

    def _check_days(self) -> None:
        known = self._owners[self.table].days
        for day in self.days:
            if day not in known:
                span = f"from {known[0]} to {known[-1]}" if known else "in the project's history, which is empty"
                message = f"day == {day}, must be a day {span} that names a partition of {self.table}."
                raise refuse("outside-history", message, self.step.where, "See `start`, `until` and `schedule`.")


def _plain(record: Record, outcome: str) -> dict[str, Any]:
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
