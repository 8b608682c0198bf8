"""Specs -> pipelines whose steps know what they read."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path
from typing import TYPE_CHECKING

from drawloom.frameworks.base import Context, find_frameworks
from drawloom.frameworks.check import check_project
from drawloom.model import Column, InputError, Pipeline, Problem, RangeRead, Step, Where, digest
from drawloom.run.ranges import range_reads
from drawloom.specs.load import read_specs
from drawloom.sql.cache import Description, describe
from drawloom.sql.catalog import Entry
from drawloom.sql.fingerprint import fingerprint

if TYPE_CHECKING:
    from drawloom.specs.config import Config


Known = Mapping[str, Sequence[Column]]
MANY = 100  # new texts from which on several processes pay for themselves


@dataclass(frozen=True, slots=True)
class Compiled:
    """The pipelines of a project, what is known of its tables, and every problem of its specs and their SQL."""

    pipelines: tuple[Pipeline, ...]
    catalog: Mapping[str, Entry]
    problems: tuple[Problem, ...]


def compile_project(
    config: Config, columns: Mapping[str, Sequence[Column]], cache: Path | None, engine: str | None = None
) -> Compiled:
    """Compile all specs; a bad one does not take the others down.

    Args:
        config: the project's settings; specs are in ``specs/`` beside them.
        columns: the columns of the lake's tables, as far as they are known.
        cache: a folder in which what was read out of SQL is kept.
        engine: whose SQL is to be said; that of the settings otherwise.
    """
    found, problems = find_frameworks()
    specs, wrong = read_specs(config.root / "specs", {kind: framework.Spec for kind, framework in found.items()})
    problems += wrong
    context = Context.of(config)
    pipelines = []
    for spec in specs:
        try:
            pipelines.append(found[spec.kind].compile(spec, context))
        except InputError as error:
            problems += error.problems
    owned = [table for pipeline in pipelines for table in pipeline.tables]
    names = {name.lower(): name for name in (*columns, *config.sources, *owned)}
    engine = engine or config.engine.kind
    catalog = _catalog(config, pipelines, columns if engine == "duckdb" else _typed(config, pipelines, columns))
    reader = _Reader(catalog, names, cache, engine)
    reader.ahead(pipelines)
    pipelines = [reader.pipeline(pipeline) for pipeline in pipelines]
    landed = [table for table in columns if table not in owned]
    problems += [*reader.problems, *check_project(pipelines, list(config.sources), landed)]
    return Compiled(tuple(pipelines), catalog, tuple(problems))


def _typed(config: Config, pipelines: Sequence[Pipeline], columns: Known) -> Known:
    """The columns with those that follow from the SQL: the more types are known, the plainer another engine is told."""
    from drawloom.run.derive import derive_columns

    sources = {name: source.columns for name, source in config.sources.items() if source.columns}
    known = {**sources, **columns}
    return {**columns, **derive_columns(pipelines, known, config.end or config.start + timedelta(days=400))}


def _catalog(
    config: Config, pipelines: Sequence[Pipeline], columns: Mapping[str, Sequence[Column]]
) -> dict[str, Entry]:
    """What advice may know: keys and types of every table of the project."""
    catalog = {name.lower(): Entry(("ds",), _types(found)) for name, found in columns.items()}
    for name, source in config.sources.items():
        keys = ("ds",) if source.partitioned else ()
        catalog[name.lower()] = Entry(keys, _types(source.columns), source.days_from)
    for pipeline in pipelines:
        for table, step in pipeline.tables.items():
            known = step.into.columns or columns.get(table, ())
            catalog[table.lower()] = Entry(("ds",), _types(known), (), step.into.unique)
    return catalog


def _types(columns: Sequence[Column]) -> dict[str, str]:
    return {column.name: column.type for column in columns}


class _Reader:
    """Fills in what the steps of pipelines read, and collects what is wrong with their SQL."""

    def __init__(self, catalog: Mapping[str, Entry], names: Mapping[str, str], cache: Path | None, engine: str) -> None:
        self._engine = engine
        self._catalog = catalog
        self._cache = cache
        self._names = dict(names)
        self.problems: list[Problem] = []

    def ahead(self, pipelines: Sequence[Pipeline]) -> None:
        """Where many texts are new, read them in several processes, which leave what they find in the cache."""
        if self._cache is None or "fork" not in get_all_start_methods():
            return
        known = sum(1 for _ in self._cache.glob("*/*.json"))
        workers = min(os.cpu_count() or 1, 8)
        if len(pipelines) - known < MANY or workers < 2:
            return
        texts = [_without_functions(pipeline) for pipeline in pipelines]
        shares = [texts[n::workers] for n in range(workers)]
        with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
            list(pool.map(self._read_share, shares))

    def _read_share(self, pipelines: Sequence[Pipeline]) -> None:
        for pipeline in pipelines:
            for step in pipeline.steps:
                with suppress(InputError):  # told when the text is read again
                    self._describe(pipeline, step, step.sql or "")

    def pipeline(self, pipeline: Pipeline) -> Pipeline:
        steps = tuple(self._step(pipeline, step) if step.sql is not None else step for step in pipeline.steps)
        return replace(pipeline, steps=steps)

    def _step(self, pipeline: Pipeline, step: Step) -> Step:
        try:
            read = self._describe(pipeline, step, step.sql or "")
        except InputError as error:
            self.problems += [_placed(problem, step.where) for problem in error.problems]
            return step
        self.problems += [_placed(problem, step.where) for problem in read.problems]
        try:
            backfill, ranged = self._backfill(pipeline, step)
        except InputError as error:
            self.problems += [_placed(problem, step.where) for problem in error.problems]
            return step
        parts = [read.fingerprint, backfill, step.dialect, *(f"{k}={v}" for k, v in sorted(step.params.items()))]
        reads = tuple(replace(one, table=self._name(one.table)) for one in read.reads)
        depends_on = {self._name(table): days for table, days in step.depends_on.items()}
        return replace(step, reads=reads, depends_on=depends_on, backfill_reads=ranged, fingerprint=digest(parts))

    def _backfill(self, pipeline: Pipeline, step: Step) -> tuple[str, tuple[RangeRead, ...] | None]:
        """The fingerprint of the backfill SQL, and what it reads."""
        if not step.backfill_sql:
            return "", None
        reads = range_reads(step.backfill_sql, lambda text: self._ranged(pipeline, step, text), step.where)
        named = tuple(replace(read, table=self._name(read.table)) for read in reads)
        return fingerprint(step.backfill_sql, step.dialect), named

    def _ranged(self, pipeline: Pipeline, step: Step, text: str) -> Description:
        """What backfill SQL reads for a range; other advice on it would be that on the days' own SQL."""
        read = self._describe(pipeline, step, text)
        unsaid = [problem for problem in read.problems if problem.code == "unsupported-sql"]
        if unsaid:
            raise InputError(*unsaid)
        return read

    def _describe(self, pipeline: Pipeline, step: Step, text: str) -> Description:
        return describe(
            text,
            dialect=step.dialect,
            catalog=self._catalog,
            schedule=pipeline.schedule,
            target=step.into.name,
            params=step.params,
            file=step.where.file,
            cache=self._cache,
            engine=self._engine,
        )

    def _name(self, table: str) -> str:
        """The table as its owner spells it."""
        return self._names.get(table.lower(), table)


def _without_functions(pipeline: Pipeline) -> Pipeline:
    """What another process can be given: it does not know the modules of Python specs."""
    steps = tuple(step for step in pipeline.steps if step.sql is not None)
    return replace(pipeline, steps=steps, on_success=None, on_failure=None)


def _placed(problem: Problem, where: Where) -> Problem:
    return replace(problem, where=replace(problem.where, file=where.file)) if not problem.where.file else problem
