"""A project: its compiled specs, and plans, runs, previews and diffs over its warehouse."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from datetime import date
from difflib import get_close_matches
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drawloom.model import Column, DateSpan, Family, InputError, Pipeline, Problem, RunError, errors, refuse
from drawloom.run.broken_specs import SPECS, BrokenText, broken_files, broken_specs
from drawloom.run.compile_project import Compiled, compile_project
from drawloom.run.day_reads import DayReads
from drawloom.run.environments.names import environment_schema, schemas_of
from drawloom.run.families import add_families
from drawloom.run.owners import find_owners
from drawloom.run.plan import Key, Plan, PlannedPartition, State, make_plan
from drawloom.run.profile import Profile
from drawloom.run.refactor.journal import refuse_unfinished
from drawloom.run.selection import Selection, is_plain
from drawloom.run.settings import EnvironmentSettings, Settings
from drawloom.run.source_columns import source_columns
from drawloom.run.warehouse import Warehouse
from drawloom.specs.config import Config, load_config

if TYPE_CHECKING:
    import pyarrow as pa

    from drawloom.engines.base import Engine, Explanation
    from drawloom.run.advise import LintRequest
    from drawloom.run.diff import Difference
    from drawloom.run.land import LandResult
    from drawloom.run.local_runner import Listener, Summary
    from drawloom.run.snapshot import WarehouseSnapshot
    from drawloom.run.step_runner import StepRunner
    from drawloom.run.table_list import TableInfo
    from drawloom.run.verify import Verification
    from drawloom.sql import Analysis
    from drawloom.sql.catalog import Catalog


_DOTTED_NAME = re.compile(r"(?<!\w)(\w+)\.(\w+)")
SWEEP_INTERVAL = 86400.0  # seconds
SNAPSHOT_LIFETIME = 1.0  # seconds for which a run uses the snapshot of its plan


class Project(Warehouse):
    """One folder with a ``drawloom.yml``. Everything is read when it is first used, and closed at the end.

    >>> with Project.load("rides") as project:  # doctest: +SKIP
    ...     project.run(project.plan())
    """

    def __init__(self, config: Config, environment: EnvironmentSettings | None = None) -> None:
        super().__init__(replace(Settings.of(config), environment=environment))
        self.config = config
        self.profile = Profile()
        self._recent: tuple[float, WarehouseSnapshot] | None = (
            None  # when it was taken, and the snapshot of the last plan
        )

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
        return self._compile(self.settings.engine.kind)

    def compiled_for(self, engine: str) -> Compiled:
        """As ``compiled``, for another engine than that of the settings."""
        if engine == self.settings.engine.kind:
            return self.compiled
        return self._compile(engine)

    def _compile(self, engine: str) -> Compiled:
        stored = self.environment_tables()
        columns = {table: found for table, found in self.registry.columns().items() if table not in stored}
        sources = self.source_columns
        with self.profile.measure("compile"):
            return compile_project(self.config, columns, self.cache, engine, sources, self.registry.landed_tables())

    @cached_property
    def source_columns(self) -> dict[str, tuple[Column, ...]]:
        """The columns of the files of sources that declare none."""
        return source_columns(self.sources, self._file_columns, self.cache)

    def _file_columns(self, path: str) -> tuple[Column, ...]:
        return self.local.file_columns(path)

    @cached_property
    def day_reads(self) -> DayReads:
        """What the steps read on a day."""
        return DayReads(self.pipelines, self.catalog, self.compiled.names, self.cache)

    @property
    def cache(self) -> Path:
        """The folder in which analyses are kept."""
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
        """Every problem of every spec, with its place and how to fix it."""
        return (*self.compiled.problems, *self._in_environments())

    def _in_environments(self) -> list[Problem]:
        """The steps that write into the schema of an environment, whose tables drawloom makes and drops itself."""
        owners = {schema: info.name for info in self.registry.environments.list() for schema in schemas_of(info.name)}
        steps = [step for pipeline in self.compiled.pipelines for step in pipeline.steps]
        return [
            environment_schema(step, owners[schema])
            for step in steps
            if (schema := step.into.name.lower().partition(".")[0]) in owners
        ]

    @cached_property
    def left_out(self) -> dict[str, list[Problem]]:
        """The errors of the specs that are broken, by file. Plans and runs go on without them.

        Raises:
            InputError: there is an error that belongs to no spec, such as one in drawloom.yml.
        """
        return broken_specs(self.check())

    @cached_property
    def valid_pipelines(self) -> tuple[Pipeline, ...]:
        """What the specs without errors compile to."""
        return tuple(pipeline for pipeline in self.pipelines if pipeline.spec.file not in self.left_out)

    @property
    def planned_pipelines(self) -> tuple[Pipeline, ...]:
        """The pipelines that plans and runs fill."""
        return self.valid_pipelines

    @cached_property
    def _selection(self) -> Selection:
        unread = BrokenText(self.config.root, broken_files(self.check()))
        return Selection(self.pipelines, self.families, self._changed, unread.file_of)

    def _changed(self) -> set[str]:
        """The names of the pipelines of which a step is not what made its newest partition, or has none."""
        made = self.registry.newest_codes()
        return {p.name for p in self.pipelines if any(made.get(t) != s.fingerprint for t, s in p.tables.items())}

    def select_valid(self, names: Sequence[str], exclude: Sequence[str] = ()) -> tuple[Pipeline, ...]:
        """Like ``select``, without pipelines whose specs have errors.

        Raises:
            InputError: a name is unknown, or its spec has errors: all of them.
        """
        files = self._selection.broken_files(names)
        chosen = self._selection.select(names, exclude) if not files else ()
        named = self._selection.named(names)
        files |= {pipeline.spec.file or "" for pipeline in chosen if pipeline.name in named} & self.left_out.keys()
        if files:
            raise InputError(*(problem for file in sorted(files) for problem in self.left_out[file]))
        return tuple(pipeline for pipeline in chosen if pipeline.spec.file not in self.left_out)

    def select(self, names: Sequence[str], exclude: Sequence[str] = ()) -> tuple[Pipeline, ...]:
        """The pipelines that these names and selectors select (see run.selection), all without any, but for excluded ones.

        Raises:
            InputError: a name is unknown, and the message offers the nearest one; its spec could not be compiled; or
                nothing is selected.
        """
        if files := self._selection.broken_files(names):
            raise InputError(*(problem for problem in errors(self.check()) if problem.where.file in files))
        return self._selection.select(names, exclude)

    def find(self, name: str) -> Pipeline:
        """The pipeline of one name or table; of a family that of its first member.

        Raises:
            InputError: it is unknown, or its spec has errors.
        """
        if not is_plain([name]):
            raise refuse("unknown-name", f"name == {name!r}, must be a pipeline or table of this project.")
        return self.select_valid([name])[0]

    def left_out_of(self, names: Sequence[str], exclude: Sequence[str] = ()) -> list[str]:
        """The files with errors that are among what is selected, or may be: of what could not be compiled nothing is known.

        Raises:
            InputError: as ``select``.
        """
        if not self.left_out or (names and is_plain(names)):
            return []
        files = self._selection.files(names, exclude)
        return sorted(file for file in self.left_out if file in files)

    def check_selected(
        self, problems: Iterable[Problem], names: Sequence[str], exclude: Sequence[str] = ()
    ) -> tuple[tuple[Problem, ...], tuple[Pipeline, ...]]:
        """Those of the problems that are in specs of what is selected, or in no spec; and what is selected.

        Raises:
            InputError: a name is unknown, or nothing is selected.
        """
        files = self._selection.files(names, exclude)
        kept = (one for one in problems if not (one.where.file or "").startswith(SPECS) or one.where.file in files)
        return tuple(kept), self._selection.select(names, exclude)

    def plan(
        self,
        names: Sequence[str] = (),
        first: date | None = None,
        last: date | None = None,
        *,
        upstream: bool = True,
        force: bool = False,
        force_source: Sequence[str] = (),
        exclude: Sequence[str] = (),
    ) -> Plan:
        """Which partitions would be written, and why.

        Args:
            names: pipelines, tables or selectors (see run.selection); all pipelines without.
            first: the first day to fill; the history's otherwise.
            last: the last day to fill; the history's otherwise.
            upstream: whether to include what the named ones need that is not fresh.
            force: write the named partitions though they are fresh; landed ones only where ``names`` has them.
            force_source: tables whose days from ``first`` on count as changed, such as one that got late rows.
            exclude: what not to write, selected as with ``names``.

        Raises:
            InputError: a name is unknown or its spec has an error, or the days lie outside the history.
        """
        targets, excluded = self._targets(names, first, last, exclude)
        if not (names or first or last or force or force_source or exclude):
            return self._plan(())
        start, end = first or self.history.start, last or self.history.end
        landed = {step.into.name for p in self.planned_pipelines for step in p.steps if step.landed}
        forced = {key for key in targets if names or key[0] not in landed} if force else set()
        readers = {key for key in self._partitions_reading(force_source, start, end) if key[0] not in landed}
        plan = self._plan(forced | readers)
        narrowed = names or first or last or exclude
        return plan.only(targets, upstream=upstream, excluded=excluded) if narrowed else plan

    def part_of(
        self,
        plan: Plan,
        names: Sequence[str] = (),
        first: date | None = None,
        last: date | None = None,
        *,
        upstream: bool = True,
        exclude: Sequence[str] = (),
    ) -> Plan:
        """What ``plan`` gives for these names and days, out of a plan of all pipelines: nothing is looked at again.

        Raises:
            InputError: as ``plan`` does.
        """
        targets, excluded = self._targets(names, first, last, exclude)
        narrowed = names or first or last or exclude
        return plan.only(targets, upstream=upstream, excluded=excluded) if narrowed else plan

    def _targets(
        self, names: Sequence[str], first: date | None, last: date | None, exclude: Sequence[str]
    ) -> tuple[set[Key], set[str]]:
        """The partitions of what is selected on these days, and the tables that are excluded."""
        chosen = self.select_valid(names, exclude)
        excluded = {t for p in (self._selection.select(exclude) if exclude else ()) for t in p.tables}
        self._check_days(first, last)
        start, end = first or self.history.start, last or self.history.end
        targets = {
            (table, ds)
            for pipeline in chosen
            for table in pipeline.tables
            for ds in pipeline.schedule.run_days(start, end)
        }
        if names and chosen and first and first == last and not targets:
            raise _names_no_partition(chosen[0], first)
        return targets, excluded

    def status(self, names: Sequence[str] = (), exclude: Sequence[str] = ()) -> Plan:
        """The state of every partition of what is selected, and of no other.

        Without names, damaged partitions of landed tables that no step reads are in it, too.
        """
        if not names and not exclude:
            return self.observe()[0]
        targets, _ = self._targets(names, None, None, exclude)
        return self._plan(()).only(targets, upstream=False)

    def observe(self) -> tuple[Plan, WarehouseSnapshot]:
        """The state of every partition as ``status`` has it, and the snapshot of the warehouse that it was found from."""
        snapshot = self.snapshot()
        made = self._plan((), snapshot)
        unread = snapshot.missing_files.keys() - {table for pipeline in self.pipelines for table in pipeline.tables}
        damaged = {(table, ds): snapshot.anomalies[table, ds] for table in unread for ds in snapshot.damaged(table)}
        return replace(made, damaged=dict(sorted({**damaged, **made.damaged}.items()))), snapshot

    def list_tables(self, snapshot: WarehouseSnapshot | None = None) -> list[TableInfo]:
        """All tables: those that specs fill, landed ones and sources, with what they hold, now or in a snapshot."""
        from drawloom.run.table_list import list_tables

        broken = BrokenText(self.config.root, self.left_out)
        return list_tables(self, self.pipelines, self.config.sources, broken, snapshot)

    def advise(self, text: str, file: str | None = None, **options: Any) -> Analysis:
        """What a text reads and writes, and its problems, with this project's tables as the catalog; see run.advise."""
        from drawloom.run.advise import lint_text

        return lint_text(self.lint_request(text, file, **options))

    def lint_request(self, text: str, file: str | None = None, **options: Any) -> LintRequest:
        """A text that is read with this project's tables, schedule and time zone; see run.advise."""
        from drawloom.run.advise import LintRequest

        schedule, timezone = self.config.defaults.schedule, self.config.timezone
        return LintRequest.from_text(
            text, file, known_tables=self.catalog, default_schedule=schedule, timezone=timezone, **options
        )

    def run(self, plan: Plan | None = None, *, jobs: int | None = None, listener: Listener | None = None) -> Summary:
        """Write what a plan wants (that of all pipelines by default), and drop what has expired."""
        from drawloom.run.local_runner import LocalRunner, Summary

        refuse_unfinished(self.config.root)
        plan = plan or self.plan()
        self._drop_expired(plan)
        snapshot = self._pop_recent_snapshot()
        if not plan.todo:
            self.lake.sweep()  # an engine does so when it is opened, but none is
            return Summary(waiting=plan.waiting, damaged=plan.damaged)
        reads = plan.reads
        snapshot = snapshot or self.snapshot({*reads, *(partition.step.into.name for partition in plan.todo)})
        self.attach(snapshot, reads)
        runner = LocalRunner(self.step_runner(self.pipelines), self.registry, snapshot, jobs=jobs or _default_jobs())
        with self.profile.measure("run"):
            summary = runner.run(plan, listener) if listener else runner.run(plan)
        if not summary.interrupted:
            self._sweep()
        return summary

    def step_runner(self, pipelines: Iterable[Pipeline], tables: Collection[str] | None = None) -> StepRunner:
        """As that of a warehouse, which also knows the tags that columns have as copies of others."""
        from drawloom.run.column_notes import noted_columns

        made = super().step_runner(pipelines, tables)
        return replace(made, columns_of=lambda step: noted_columns(self, step), measure=self.profile.measure)

    def query(self, sql: str) -> pa.Table:
        """The result of one SELECT over any tables."""
        return self.query_on(self.engine, sql)

    def query_on(self, engine: Engine, sql: str) -> pa.Table:
        """As ``query``, on another engine over the same lake and sources than the one that runs the steps."""
        known = {*self.registry.columns(), *self.settings.sources}
        families = self._mentioned_families(sql, known)
        members = {member.table: member.columns for family in families for member in family.members}
        tables = {table for table in known if _mentions(sql, table)} | set(members)
        if engine is self.catalog_engine:
            snapshot = self.snapshot(tables)
            self.attach(snapshot, {table: tuple(days) for table, days in snapshot.contents.items()})
        if not families:
            return engine.query(sql)
        with engine.task(dict.fromkeys(tables), members) as task:
            add_families(task, families, tables)
            return task.query(sql)

    @property
    def families(self) -> tuple[Family, ...]:
        """The tables that are made of many."""
        return tuple(self.compiled.families.values())

    def _mentioned_families(self, sql: str, known: Collection[str]) -> tuple[Family, ...]:
        """The families that a SELECT reads. Specs are compiled only where it names something that is no table."""
        mentioned = {".".join(parts).lower() for parts in _DOTTED_NAME.findall(sql.replace('"', ""))}
        if not mentioned - {table.lower() for table in known}:
            return ()
        return tuple(family for family in self.families if family.name.lower() in mentioned)

    def preview(self, name: str, ds: date, limit: int = 10) -> pa.Table:
        """The first rows that a step would write for a day from its current inputs; writes nothing."""
        partition, snapshot = self.planned_partition(name, ds)
        inputs = snapshot.inputs(partition.needs.visible, partition.step.slices)
        self.attach(snapshot, partition.needs.visible)
        return self.step_runner(self.pipelines).preview(
            partition.step, partition.pipeline.schedule, ds, inputs, limit, partition.range_start
        )

    def explain(self, name: str, ds: date) -> Explanation:
        """How the engine computes what a step would write for a day from its current inputs; writes nothing."""
        partition, snapshot = self.planned_partition(name, ds)
        inputs, schedule = snapshot.inputs(partition.needs.visible), partition.pipeline.schedule
        self.attach(snapshot, partition.needs.visible)
        return self.step_runner(self.pipelines).explain(partition.step, schedule, ds, inputs, partition.range_start)

    def diff(self, name: str, ds: date, key: tuple[str, ...] = ()) -> Difference:
        """What writing this partition again would change in what is stored; writes nothing.

        Raises:
            InputError: there is no such partition.
        """
        from drawloom.run.diff import compare_stored

        partition, snapshot = self.planned_partition(name, ds)
        step, schedule = partition.step, partition.pipeline.schedule
        inputs = snapshot.inputs(partition.needs.visible, step.slices)
        self.attach(snapshot, {**partition.needs.visible, step.into.name: (ds,)})
        stored = self.engine.find_partition(step.into.name, ds)
        if not stored:
            fix = f"drawloom run {name} --ds {ds}"
            raise refuse(
                "no-partition", f"{step.into.name} {ds} does not exist; there is nothing to compare with.", None, fix
            )
        with self.step_runner(self.pipelines).staged(step, schedule, ds, inputs, partition.range_start) as (
            task,
            staged,
        ):
            return compare_stored(task, stored, staged, key or step.into.unique)

    def land(
        self, table: str, files: Iterable[str], *, report: Callable[[str], None] = lambda _: None, **options: Any
    ) -> LandResult:
        """Turn raw files into daily partitions of a staging table; see run.land.land, and LandOptions there."""
        from drawloom.run.land import LandOptions, land

        self._recent = None
        refuse_unfinished(self.config.root)
        self.registry.require_writable()
        return land(self, table, files, LandOptions(**options), pipelines=self.pipelines, report=report)

    def training_set(self, spine: pa.Table | str, features: Sequence[str], **options: Any) -> pa.Table:
        """The rows of a spine (Arrow, a file or a SELECT) with features as of their moments; see run.features.api."""
        from drawloom.run.features.api import training_set

        return training_set(self, spine, features, **options)

    def verify(
        self, tables: Sequence[str] = (), *, deep: bool = False, report: Callable[[str], None] = lambda _: None
    ) -> Verification:
        """Compare the registry with the files of these tables, or of all; see run.verify.verify."""
        from drawloom.run.verify import verify

        owners = find_owners(self.pipelines, self.history)
        expired = {
            (table, ds)
            for table, days in self.registry.records().items()
            if table in owners
            for ds in days
            if ds not in owners[table].kept
        }
        return verify(self, tables, deep=deep, expired=expired, report=report)

    def rebuild_registry(self) -> dict[str, int]:
        """Restore the registry from the metadata of the files; table -> number of partitions.

        A damaged SQLite file is renamed and kept.
        """
        from drawloom.run.registry import Registry
        from drawloom.run.registry.database import parse_url, set_aside_if_damaged
        from drawloom.run.registry.restore import restore

        if opened := self.__dict__.pop("registry", None):
            opened.close()
        set_aside_if_damaged(parse_url(self.settings.registry_url))
        with closing(Registry(self.settings.registry_url)) as registry:
            registry.require_writable()
            return restore(self.local, registry)

    def _plan(self, forced: Iterable[Key], snapshot: WarehouseSnapshot | None = None) -> Plan:
        with self.profile.measure("look at partitions"):
            snapshot = snapshot or self.snapshot()
        self._recent = time.monotonic(), snapshot
        recorded_inputs = cache(self.registry.inputs)
        with self.profile.measure("plan"):
            return make_plan(
                self.planned_pipelines, snapshot, self.history, recorded_inputs, forced=forced, day_reads=self.day_reads
            )

    def _pop_recent_snapshot(self) -> WarehouseSnapshot | None:
        """The snapshot of the last plan, once, and if it was taken just now."""
        taken, snapshot = self._recent or (0.0, None)
        self._recent = None
        return snapshot if time.monotonic() - taken < SNAPSHOT_LIFETIME else None

    def _partitions_reading(self, tables: Sequence[str], start: date, end: date) -> set[Key]:
        """The partitions that read days of these tables from the first one on.

        Raises:
            InputError: no step reads one of them.
        """
        steps = [(pipeline, step) for pipeline in self.planned_pipelines for step in pipeline.steps]
        known = sorted({read.table for _, step in steps for read in step.reads})
        for table in tables:
            if table not in known:
                near = get_close_matches(table, known, 1)
                fix = f"Did you mean {near[0]}?" if near else None
                raise refuse("unknown-name", f"source == {table!r}, must be a table that a step reads.", None, fix)
        readers: set[Key] = set()
        for pipeline, step in steps:
            days = pipeline.schedule.run_days(self.history.start, end)
            if any(read.table in tables for read in self.day_reads.prepare(step, days)):
                reads = ((ds, read) for ds in days for read in self.day_reads.on(step, ds) if read.table in tables)
                readers |= {(step.into.name, ds) for ds, read in reads if _overlaps(read.on(ds), start, end)}
        return readers

    def planned_partition(self, name: str, ds: date) -> tuple[PlannedPartition, WarehouseSnapshot]:
        """The partition of a table (or of the last one of a pipeline) on a day, and what exists now.

        Raises:
            InputError: there is none, or one that it reads does not exist.
        """
        pipeline = self.find(name)
        step = pipeline.tables.get(name, pipeline.steps[-1])
        self._check_days(ds, ds)
        snapshot = self.snapshot()
        plan = self._plan((), snapshot)
        partition = next((partition for partition in plan.partitions if partition.key == (step.into.name, ds)), None)
        if partition is None:
            raise _names_no_partition(pipeline, ds)
        missing = next(
            (need for need in partition.needs.required if need[1] not in snapshot.contents.get(need[0], {})), None
        )
        if missing:
            what = " ".join(str(part) for part in missing if part)
            fix = "Land it, or write it with `drawloom run`."
            raise refuse("waiting", f"{step.into.name} {ds} is waiting for {what}.", None, fix)
        return partition, snapshot

    def _drop_expired(self, plan: Plan) -> None:
        """Drop the partitions that have expired, and remove them from the recent snapshot."""
        expired = [partition for partition in plan.partitions if partition.state is State.EXPIRED]
        tables = {partition.step.into.name for partition in expired}
        existing = {table: set(self.engine.days(table)) for table in tables}
        for partition in expired:
            if partition.ds in existing[partition.step.into.name]:
                self.drop(partition.step, [partition.ds])
                if self._recent:
                    self._recent[1].remove(*partition.key)

    def _sweep(self) -> None:
        """Have the engine clean up, once a day: what it removes is a day old, and looking for it takes a while."""
        from drawloom.run.environments.existing import drop_expired

        stamp = self.config.root / ".drawloom" / "swept"
        age = time.time() - stamp.stat().st_mtime if stamp.exists() else SWEEP_INTERVAL
        if 0 <= age < SWEEP_INTERVAL:  # below 0, the clock was set back
            return
        with suppress(OSError, RunError):  # what cannot be removed now is removed by a later run
            drop_expired(self)
            self.sweep([table for pipeline in self.pipelines for table in pipeline.tables])
            stamp.parent.mkdir(exist_ok=True)
            stamp.touch()

    def _check_days(self, first: date | None, last: date | None) -> None:
        start, end = self.history.start, self.history.end
        for day in (first, last):
            if day and not start <= day <= end:
                fix = "Move `start:` or `end:` in drawloom.yml; without `end`, history ends yesterday."
                raise refuse("outside-history", f"day == {day}, must be from {start} to {end}.", None, fix)


def _overlaps(spans: Iterable[DateSpan], start: date, end: date) -> bool:
    return any((last is None or last >= start) and (first is None or first <= end) for first, last in spans)


def _names_no_partition(pipeline: Pipeline, ds: date) -> InputError:
    schedule = pipeline.schedule
    message = f"--ds == {ds}, must be a day that names a partition of {pipeline.name}, which runs {schedule.text}."
    fix = f"{ds} is in the partition {schedule.interval(ds)[1]}; the one before is {schedule.last_run_day(ds)}."
    return refuse("no-run-day", message, None, fix)


def _mentions(sql: str, table: str) -> bool:
    return table.rpartition(".")[2].lower() in sql.lower()


def _default_jobs() -> int:
    """Two more than there are processors, as some steps wait for the disk; at most 8, so that a laptop stays usable."""
    return min((os.cpu_count() or 1) + 2, 8)
