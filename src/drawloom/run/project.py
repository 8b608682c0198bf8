"""A project: specs compiled, a lake, a registry, and what one can ask of them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date
from difflib import get_close_matches
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drawloom.model import InputError, Pipeline, Problem, RunError, errors, refuse
from drawloom.run.compile import Compiled, compile_project
from drawloom.run.plan import Cell, Key, Plan, State, make_plan
from drawloom.run.settings import Settings
from drawloom.run.warehouse import Warehouse
from drawloom.specs.config import Config, load_config

if TYPE_CHECKING:
    import pyarrow as pa

    from drawloom.run.diff import Difference
    from drawloom.run.land import Landed
    from drawloom.run.local import Listener, Summary
    from drawloom.run.world import World
    from drawloom.sql.cache import Description
    from drawloom.sql.catalog import Catalog


A_DAY = 86400.0  # seconds
JUST_NOW = 1.0  # seconds for which a run takes it that what its plan has seen is so


class Project(Warehouse):
    """One folder with a ``drawloom.yml``. Everything is read when it is first asked for, and closed at the end.

    >>> with Project.load("rides") as project:  # doctest: +SKIP
    ...     project.run(project.plan())
    """

    def __init__(self, config: Config) -> None:
        super().__init__(Settings.of(config))
        self.config = config
        self._seen: tuple[float, World] | None = None

    @classmethod
    def load(cls, folder: Path | str = ".") -> Project:
        """The project in this folder.

        Raises:
            InputError: there is no drawloom.yml, or it is wrong.
        """
        return cls(load_config(Path(folder)))

    @cached_property
    def compiled(self) -> Compiled:
        """The pipelines and the problems of all specs."""
        return compile_project(self.config, self.registry.columns(), self._cache)

    def compiled_for(self, engine: str) -> Compiled:
        """As ``compiled``, for another engine than that of the settings."""
        if engine == self.settings.engine.kind:
            return self.compiled
        return compile_project(self.config, self.registry.columns(), self._cache, engine)

    @property
    def _cache(self) -> Path:
        return self.config.root / ".drawloom" / "cache"

    @property
    def pipelines(self) -> tuple[Pipeline, ...]:
        """What the specs compile to."""
        return self.compiled.pipelines

    @property
    def catalog(self) -> Catalog:
        """The partition keys and columns of every table, as far as they are known."""
        return self.compiled.catalog

    def check(self) -> tuple[Problem, ...]:
        """Every problem of every spec, with its place and the way out."""
        return self.compiled.problems

    def named(self, names: Sequence[str]) -> tuple[Pipeline, ...]:
        """The pipelines of these names or tables; all without names.

        Raises:
            InputError: a name is unknown; the nearest one is named.
        """
        if not names:
            return self.pipelines
        known = {name: p for p in self.pipelines for name in (*p.tables, p.name)}
        for name in names:
            if name not in known:
                near = get_close_matches(name, known, 1)
                fix = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(sorted(known)) or 'none yet'}."
                raise refuse(
                    "unknown-name", f"name == {name!r}, must be a pipeline or table of this project.", None, fix
                )
        wanted = {id(known[name]) for name in names}
        return tuple(pipeline for pipeline in self.pipelines if id(pipeline) in wanted)

    def plan(
        self,
        names: Sequence[str] = (),
        first: date | None = None,
        last: date | None = None,
        *,
        upstream: bool = True,
        force: bool = False,
        force_source: Sequence[str] = (),
    ) -> Plan:
        """Which partitions would be written, and why.

        Args:
            names: pipelines or tables; all of them without.
            first: the first day to fill; the history's otherwise.
            last: the last day to fill; the history's otherwise.
            upstream: whether to include what the named ones need and do not have.
            force: write the named partitions though they are fresh.
            force_source: tables whose days from ``first`` on count as changed, such as one whose late rows are in.

        Raises:
            InputError: a spec has an error, a name is unknown, or the days lie outside the history.
        """
        self._refuse_errors()
        chosen = self.named(names)
        self._check_days(first, last)
        if not (names or first or last or force or force_source):
            return self._plan(())
        start, end = first or self.history.start, last or self.history.end
        targets = {
            (table, ds)
            for pipeline in chosen
            for table in pipeline.tables
            for ds in pipeline.schedule.run_days(start, end)
        }
        forced = targets if force else set()
        made = self._plan(forced | self._readers_of(force_source, start, end))
        return made.only(targets, upstream=upstream) if names or first or last else made

    def status(self, names: Sequence[str] = ()) -> Plan:
        """How every partition of these pipelines or tables stands, and no other."""
        return self.plan(names, upstream=False)

    def advise(self, text: str, file: str | None = None, **options: Any) -> Description:
        """What a text reads and writes, and what is wrong with it, knowing this project's tables; see run.advise."""
        from drawloom.run.advise import Question, advise_text

        return advise_text(Question.of(text, file, project=self, **options))

    def run(self, plan: Plan | None = None, *, jobs: int | None = None, listener: Listener | None = None) -> Summary:
        """Write what a plan wants (everything, without one), and drop what has expired."""
        from drawloom.run.local import LocalRunner, Summary

        plan = plan or self.plan()
        self._drop_expired(plan)
        world = self._just_seen()
        if not plan.todo:
            self.lake.sweep()  # no engine is opened, which would have done so
            return Summary(waiting=plan.waiting)
        reads = plan.reads
        world = world or self.observe({*reads, *(cell.step.into.name for cell in plan.todo)})
        self.attach(world, reads)
        runner = LocalRunner(self.steps(self.pipelines), self.registry, world, jobs=jobs or _jobs())
        summary = runner.run(plan, listener) if listener else runner.run(plan)
        if not summary.interrupted:
            self._sweep()
        return summary

    def query(self, sql: str) -> pa.Table:
        """The answer to one SELECT over any table."""
        if self.catalog_engine:
            there = {*self.registry.columns(), *self.settings.sources}
            world = self.observe({table for table in there if _names(sql, table)})
            self.attach(world, {table: tuple(held) for table, held in world.contents.items()})
        return self.engine.query(sql)

    def preview(self, name: str, ds: date, limit: int = 10) -> pa.Table:
        """The first rows that a step would write for a day, from the inputs there are now; writes nothing."""
        cell, world = self._one(name, ds)
        inputs = world.inputs(cell.needs.seen)
        self.attach(world, cell.needs.seen)
        return self.steps(self.pipelines).preview(cell.step, cell.pipeline.schedule, ds, inputs, limit, cell.since)

    def diff(self, name: str, ds: date, key: tuple[str, ...] = ()) -> Difference:
        """What writing this partition again would alter in what is stored; writes nothing.

        Raises:
            InputError: there is no such partition.
        """
        from drawloom.run.diff import compare_stored

        cell, world = self._one(name, ds)
        step, schedule, inputs = cell.step, cell.pipeline.schedule, world.inputs(cell.needs.seen)
        self.attach(world, {**cell.needs.seen, step.into.name: (ds,)})
        stored = self.engine.stored(step.into.name, ds)
        if not stored:
            fix = f"drawloom run {name} --ds {ds}"
            raise refuse("no-partition", f"{step.into.name} {ds} == missing, must be there to compare with.", None, fix)
        with self.steps(self.pipelines).staged(step, schedule, ds, inputs, cell.since) as (task, staged):
            return compare_stored(task, stored, staged, key or step.into.unique)

    def land(self, table: str, files: Iterable[str], **options: Any) -> Landed:
        """Turn raw files into daily partitions of a staging table; see run.land.land."""
        from drawloom.run.land import land

        self._seen = None
        return land(self, table, files, **options)

    def rebuild_registry(self) -> dict[str, int]:
        """Restore the registry from what the files say of themselves; table -> partitions."""
        from drawloom.run.restore import restore

        return restore(self.local, self.registry)

    def _plan(self, forced: Iterable[Key], world: World | None = None) -> Plan:
        seen = world or self.observe()
        self._seen = time.monotonic(), seen
        return make_plan(self.pipelines, seen, self.history, cache(self.registry.inputs), forced=forced)

    def _just_seen(self) -> World | None:
        """What the last plan has seen of all tables, once, and if it was in this moment."""
        when, world = self._seen or (0.0, None)
        self._seen = None
        return world if time.monotonic() - when < JUST_NOW else None

    def _readers_of(self, tables: Sequence[str], start: date, end: date) -> set[Key]:
        """The partitions that read days of these tables from the first one on.

        Raises:
            InputError: no step reads one of them.
        """
        steps = [(pipeline, step) for pipeline in self.pipelines for step in pipeline.steps]
        known = sorted({read.table for _, step in steps for read in step.reads})
        for table in tables:
            if table not in known:
                near = get_close_matches(table, known, 1)
                fix = f"Did you mean {near[0]}?" if near else None
                raise refuse("unknown-name", f"source == {table!r}, must be a table that a step reads.", None, fix)
        return {
            (step.into.name, ds)
            for pipeline, step in steps
            for read in step.reads
            if read.table in tables
            for ds in pipeline.schedule.run_days(self.history.start, end)
            if any((last is None or last >= start) and (first is None or first <= end) for first, last in read.on(ds))
        }

    def _one(self, name: str, ds: date) -> tuple[Cell, World]:
        self._refuse_errors()
        pipeline = self.named([name])[0]
        step = pipeline.tables.get(name, pipeline.steps[-1])
        self._check_days(ds, ds)
        world = self.observe()
        made = self._plan((), world)
        cell = next((cell for cell in made.cells if cell.key == (step.into.name, ds)), None)
        if cell is None:
            fix = f"The nearest is {pipeline.schedule.last_run_day(ds)}."
            raise refuse("no-run-day", f"--ds == {ds}, must be a day that names a partition of {name}.", None, fix)
        missing = next((need for need in cell.needs.required if need[1] not in world.contents.get(need[0], {})), None)
        if missing:
            what = " ".join(str(part) for part in missing if part)
            fix = "Land it, or make it with `drawloom run`."
            raise refuse("waiting", f"{step.into.name} {ds} == waiting for {what}, must have its inputs.", None, fix)
        return cell, world

    def _drop_expired(self, plan: Plan) -> None:
        """Drop what the plan says has expired, from what was seen too."""
        expired = [cell for cell in plan.cells if cell.state is State.EXPIRED]
        there = {table: set(self.engine.days(table)) for table in {cell.step.into.name for cell in expired}}
        for cell in expired:
            if cell.ds in there[cell.step.into.name]:
                self.drop(cell.step, [cell.ds])
                if self._seen:
                    self._seen[1].dropped(*cell.key)

    def _sweep(self) -> None:
        """Have the engine clean up once a day: what it removes is a day old, and to look for it takes a while."""
        stamp = self._cache.parent / "swept"
        if stamp.exists() and time.time() - stamp.stat().st_mtime < A_DAY:
            return
        with suppress(OSError, RunError):  # what cannot be removed now is looked for by the next run
            self.engine.sweep([table for pipeline in self.pipelines for table in pipeline.tables])
            stamp.parent.mkdir(exist_ok=True)
            stamp.touch()

    def _refuse_errors(self) -> None:
        wrong = errors(self.compiled.problems)
        if wrong:
            raise InputError(*wrong)

    def _check_days(self, first: date | None, last: date | None) -> None:
        start, end = self.history.start, self.history.end
        for day in (first, last):
            if day and not start <= day <= end:
                fix = "Move `start:` or `end:` in drawloom.yml; without `end`, history ends yesterday."
                raise refuse("outside-history", f"day == {day}, must be from {start} to {end}.", None, fix)


def _names(sql: str, table: str) -> bool:
    return table.rpartition(".")[2].lower() in sql.lower()


def _jobs() -> int:
    """Somewhat more steps at once than there are processors, as some wait for the disk; a laptop stays usable."""
    return min((os.cpu_count() or 1) + 2, 8)
