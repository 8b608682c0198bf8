"""Compiling a project: specs -> pipelines, with the reads and fingerprints of their steps, and all problems."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path
from typing import TYPE_CHECKING

from drawloom.frameworks.base import KnownTable, ProjectContext, SpecCompiler, SpecModels, find_frameworks
from drawloom.model import Column, Family, InputError, Pipeline, Problem, RangeRead, Step, Where, digest, errors
from drawloom.run.backfill_reads import infer_backfill_reads
from drawloom.run.bind_steps import Binding, KnownTables, bind_steps
from drawloom.run.broken_specs import BrokenText
from drawloom.run.column_tags import ColumnTags
from drawloom.run.families import collect_families, read_families, unsure_families
from drawloom.run.project_checks import check_project
from drawloom.run.table_catalog import add_columns, declared_catalog, family_entry
from drawloom.specs.load import read_specs
from drawloom.sql import Analysis, analyze
from drawloom.sql.catalog import CatalogEntry
from drawloom.sql.fingerprint import fingerprint
from drawloom.sql.template.macro_files import Macros, load_macros, part_for

if TYPE_CHECKING:
    from drawloom.frameworks.base import Framework
    from drawloom.specs.base import Spec
    from drawloom.specs.config import Config


KnownColumns = Mapping[str, Sequence[Column]]
MIN_PARALLEL = 100  # new texts: with fewer, starting several processes takes longer than it saves


@dataclass(frozen=True, slots=True)
class Compiled:
    """The pipelines of a project, the keys and columns of its tables, and every problem of its specs and their SQL.

    ``specs`` are those that the pipelines were compiled from, by the pipeline's name; ``frameworks`` are by kind,
    ``families`` by name in lower case. ``names`` maps tables in lower case to their names as they were given. ``columns`` are
    those that tables will have, as far as they follow. ``macros`` are those of the project, ``tags`` those of all columns.
    """

    pipelines: tuple[Pipeline, ...]
    catalog: Mapping[str, CatalogEntry]
    problems: tuple[Problem, ...]
    specs: Mapping[str, Spec]
    frameworks: Mapping[str, Framework]
    families: Mapping[str, Family]
    names: Mapping[str, str] = field(default_factory=dict)
    macros: Macros = Macros()
    columns: Mapping[str, tuple[Column, ...]] = field(default_factory=dict)
    tags: ColumnTags | None = field(default=None, compare=False)


def compile_project(
    config: Config,
    columns: KnownColumns,
    cache: Path | None,
    engine: str | None = None,
    sources: KnownColumns | None = None,
    landed: Collection[str] = (),
) -> Compiled:
    """Compile all specs; a bad one does not keep the others from compiling.

    Args:
        config: the project's settings; specs are in ``specs/`` beside them.
        columns: the columns of the lake's tables, as far as they are known.
        cache: a folder for what is found out about texts.
        engine: the engine that the SQL is translated for; that of the settings by default.
        sources: the columns of sources that declare none, as far as they are known.
        landed: names of the tables in which files were landed.
    """
    found = find_frameworks()
    specs, problems = read_specs(config.root / "specs", SpecModels(found))
    context = replace(
        ProjectContext.of(config, cache, engine), given=given_tables(config, columns, sources or {}, landed)
    )
    compiler = SpecCompiler(found, specs, context)
    compiled, wrong = compiler.compile_all()
    problems += wrong
    pipelines = [pipeline for _, pipeline in compiled]
    macros, wrong = find_macros(config.root / "macros")
    problems += wrong
    pipelines = [with_macros(pipeline, macros) for pipeline in pipelines]
    owned = [table for pipeline in pipelines for table in pipeline.tables]
    in_lake = [table for table in columns if table not in owned]
    families, wrong = collect_families(pipelines, [*config.sources, *in_lake])
    problems += wrong
    names = {name.lower(): name for name in (*columns, *config.sources, *owned)}
    engine = engine or config.engine.kind
    by_name = {pipeline.name: spec for spec, pipeline in compiled}
    binding = bind(config, pipelines, known_tables(config, columns, sources or {}, families), by_name, cache, engine)
    types = columns if engine == "duckdb" else {**columns, **binding.columns}
    external = [name for name, source in config.sources.items() if not source.landed]
    catalog = add_columns(declared_catalog(config, pipelines), types, external)
    catalog |= {name: family_entry(family) for name, family in families.items()}
    analyzer = StepAnalyzer(catalog, names, families, cache, engine, sql_kinds(found, pipelines))
    analyzer.fill_cache(pipelines)
    pipelines = [analyzer.analyze_pipeline(pipeline) for pipeline in pipelines]
    bound = add_columns(catalog, binding.columns, external)
    tags = ColumnTags(config, pipelines, families, bound, macros, cache)
    pipelines, wrong = _with_tags(pipelines, compiler, tags, analyzer, macros)
    problems += [*wrong, *_project_problems(config, pipelines, in_lake, problems), *analyzer.problems]
    problems = with_bind_problems(binding, pipelines, problems)
    return Compiled(
        tuple(pipelines), catalog, tuple(problems), by_name, found, families, names, macros, binding.columns, tags
    )


def sql_kinds(frameworks: Mapping[str, Framework], pipelines: Iterable[Pipeline]) -> frozenset[str]:
    """The kinds of these pipelines whose SQL is their user's."""
    return frozenset(kind for kind in {one.kind for one in pipelines} if frameworks[kind].user_writes_sql)


def _with_tags(
    pipelines: Sequence[Pipeline], compiler: SpecCompiler, tags: ColumnTags, analyzer: StepAnalyzer, macros: Macros
) -> tuple[list[Pipeline], list[Problem]]:
    """The pipelines, those that use tags of columns compiled again; with problems of specs, which are left out with them."""
    if tags.is_empty:
        return list(pipelines), []
    known, problems = compiler.compile_with_tags(tags)
    made = {pipeline.name: with_macros(pipeline, macros) for pipeline in known}
    again = {name: analyzer.analyze_pipeline(pipeline) for name, pipeline in made.items()}
    analyzer.problems = list(dict.fromkeys(analyzer.problems))  # those of the first time are told again
    return [again.get(pipeline.name, pipeline) for pipeline in pipelines], problems


def given_tables(
    config: Config, columns: KnownColumns, sources: KnownColumns, landed: Collection[str]
) -> tuple[KnownTable, ...]:
    """The tables that are declared as sources, and those that were landed without; see ``compile_project`` for the arguments."""
    lower = {name.lower(): tuple(found) for name, found in {**columns, **sources}.items()}
    declared = [
        KnownTable(name, source.columns or lower.get(name.lower(), ()), source.partitioned)
        for name, source in sorted(config.sources.items())
    ]
    known = {table.name.lower() for table in declared}
    return (*declared, *(KnownTable(one, lower.get(one.lower(), ())) for one in landed if one.lower() not in known))


def find_macros(folder: Path) -> tuple[Macros, list[Problem]]:
    """The macros of a project, and what is wrong with them."""
    try:
        return load_macros(folder), []
    except InputError as error:
        return Macros(), list(error.problems)


def with_macros(pipeline: Pipeline, macros: Macros) -> Pipeline:
    """The pipeline with the definitions of the macros that the texts of each step use."""
    if not macros.sources:
        return pipeline
    steps = (replace(step, macros=macros.used_by(*_texts(step))) for step in pipeline.steps)
    return replace(pipeline, steps=tuple(steps))


def macros_in(macros: Macros, step: Step) -> set[str]:
    """The names of the macros that the texts of a step use, also through others."""
    return macros.names_in(*_texts(step))


def _texts(step: Step) -> list[str | None]:
    return [step.sql, step.backfill_sql, *(check.sql for check in step.checks)]


def _project_problems(
    config: Config, pipelines: Sequence[Pipeline], landed: Sequence[str], others: Sequence[Problem]
) -> list[Problem]:
    """What is wrong between the pipelines, while other specs have these problems and no pipelines."""
    files = sorted({problem.where.file for problem in errors(others) if problem.where.file})
    unread = BrokenText(config.root, files)
    unsure = unsure_families(pipelines, [file for file in files if not file.endswith(".sql")])
    return [*unsure, *check_project(pipelines, list(config.sources), landed, lambda t: unread.file_of(t) is not None)]


def known_tables(
    config: Config, columns: KnownColumns, sources: KnownColumns, families: Mapping[str, Family]
) -> KnownTables:
    """The columns of tables before anything is bound; see ``compile_project`` for the arguments."""
    external = {name: source for name, source in config.sources.items() if not source.landed}
    others = {name: source.columns or sources.get(name, ()) for name, source in external.items()}
    unknown = {name: config.place("sources", name) for name, found in others.items() if not found}
    undated = frozenset(name for name, source in config.sources.items() if not source.partitioned)
    others |= {family.name: family.columns for family in families.values()}
    return KnownTables(columns, others, undated, unknown)


def bind(
    config: Config,
    pipelines: Sequence[Pipeline],
    known: KnownTables,
    specs: Mapping[str, Spec],
    cache: Path | None,
    engine: str,
) -> Binding:
    """Bind the steps of some pipelines for the newest day; see ``bind_steps``."""
    return bind_steps(pipelines, known, ProjectContext.of(config).last, specs=specs, cache=cache, engine=engine)


def with_bind_problems(binding: Binding, pipelines: Sequence[Pipeline], others: Sequence[Problem]) -> list[Problem]:
    """The problems, with what does not bind; of specs that have an error already nothing more: it is the cause."""
    broken = {problem.where.file for problem in errors(others)}
    tables = [table for p in pipelines if p.spec.file not in broken for table in p.tables]
    found = [problem for table in tables for problem in binding.problems.get(table, ())]
    twice = {problem.where.file for problem in found if problem.code == "duplicate-column"}
    kept = [problem for problem in others if problem.code != "duplicate-columns" or problem.where.file not in twice]
    return [*kept, *found, *binding.notes]


class StepAnalyzer:
    """Analyzes the SQL of steps to fill in their reads and fingerprints, and collects its problems."""

    def __init__(
        self,
        catalog: Mapping[str, CatalogEntry],
        names: Mapping[str, str],
        families: Mapping[str, Family],
        cache: Path | None,
        engine: str,
        user_writes_sql: frozenset[str],
    ) -> None:
        self._engine = engine
        self._user_writes_sql = user_writes_sql
        self._catalog = catalog
        self._cache = cache
        self._names = dict(names)
        self._families = families
        self.problems: list[Problem] = []

    def fill_cache(self, pipelines: Sequence[Pipeline]) -> None:
        """Where many texts are new, analyze them in several processes, which leave the results in the cache."""
        if self._cache is None or "fork" not in get_all_start_methods():
            return
        known = sum(1 for _ in self._cache.glob("*/*.json"))
        workers = min(os.cpu_count() or 1, 8)
        if len(pipelines) - known < MIN_PARALLEL or workers < 2:
            return
        texts = [_without_functions(pipeline) for pipeline in pipelines]
        shares = [texts[n::workers] for n in range(workers)]
        with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
            list(pool.map(self._analyze_share, shares))

    def _analyze_share(self, pipelines: Sequence[Pipeline]) -> None:
        for pipeline in pipelines:
            for step in pipeline.steps:
                with suppress(InputError):  # reported when the text is analyzed again
                    self._analyze(pipeline, step, step.sql or "")

    def analyze_pipeline(self, pipeline: Pipeline) -> Pipeline:
        """The pipeline with the reads and fingerprints of its steps."""
        steps = tuple(
            read_families(step, (), self._families) if step.sql is None else self._analyze_step(pipeline, step)
            for step in pipeline.steps
        )
        return replace(pipeline, steps=steps)

    def _analyze_step(self, pipeline: Pipeline, step: Step) -> Step:
        try:
            analysis = self._analyze(pipeline, step, step.sql or "")
        except InputError as error:
            self.problems += [_with_file(problem, step.where) for problem in error.problems]
            return step
        self.problems += self._told(pipeline, step, analysis.problems)
        try:
            backfill, ranged, families = self._backfill_reads(pipeline, step)
        except InputError as error:
            self.problems += [_with_file(problem, step.where) for problem in error.problems]
            return step
        macros = fingerprint(step.macros, step.dialect) if step.macros else ""
        parts = [analysis.fingerprint, backfill, step.dialect, *(f"{k}={v}" for k, v in sorted(step.params.items()))]
        reads = tuple(replace(one, table=self._spelling(one.table)) for one in analysis.reads)
        depends_on = {self._spelling(table): days for table, days in step.depends_on.items()}
        step = replace(
            step,
            reads=reads,
            depends_on=depends_on,
            backfill_reads=ranged,
            fingerprint=digest(parts),
            days_vary=analysis.days_vary,
            slices=tuple(replace(one, table=self._spelling(one.table)) for one in step.slices),
            slice_code={value: digest([code, macros, *parts[2:]]) for value, code in step.slice_code.items()},
        )
        return read_families(step, {*analysis.families, *families}, self._families)

    def _told(self, pipeline: Pipeline, step: Step, problems: Iterable[Problem]) -> list[Problem]:
        """The problems of a text that a user can mend, at their place; the lines of a framework's SQL are not in his file."""
        if pipeline.kind in self._user_writes_sql:
            return [_with_file(problem, step.where) for problem in problems]
        return [replace(problem, where=step.where) for problem in errors(problems)]

    def _backfill_reads(self, pipeline: Pipeline, step: Step) -> tuple[str, tuple[RangeRead, ...] | None, set[str]]:
        """The fingerprint of the backfill SQL, what it reads, and the families among that."""
        if not step.backfill_sql:
            return "", None, set()
        families: set[str] = set()

        def analyze_range(text: str) -> Analysis:
            analysis = self._analyze_range(pipeline, step, text)
            families.update(analysis.families)
            return analysis

        reads = infer_backfill_reads(step.backfill_sql, analyze_range, step.where)
        named = tuple(replace(read, table=self._spelling(read.table)) for read in reads)
        code, macros = fingerprint(step.backfill_sql, step.dialect), part_for(step.macros, step.backfill_sql)
        return (digest([code, fingerprint(macros, step.dialect)]) if macros else code), named, families

    def _analyze_range(self, pipeline: Pipeline, step: Step, text: str) -> Analysis:
        """The analysis of backfill SQL for a range. Its lint findings are left out: they repeat those on the daily SQL."""
        analysis = self._analyze(pipeline, step, text)
        unsupported = [problem for problem in analysis.problems if problem.code == "unsupported-sql"]
        if unsupported:
            raise InputError(*unsupported)
        return analysis

    def _analyze(self, pipeline: Pipeline, step: Step, text: str) -> Analysis:
        return analyze(
            text,
            dialect=step.dialect,
            catalog=self._catalog,
            schedule=pipeline.schedule,
            target=step.into.name,
            params=step.params,
            file=step.where.file,
            cache=self._cache,
            engine=self._engine,
            macros=part_for(step.macros, text),
        )

    def _spelling(self, table: str) -> str:
        """The table in the spelling of its owner."""
        return self._names.get(table.lower(), table)


def _without_functions(pipeline: Pipeline) -> Pipeline:
    """The pipeline as another process can get it, which has not imported the modules of Python specs."""
    steps = tuple(step for step in pipeline.steps if step.sql is not None)
    return replace(pipeline, steps=steps, on_success=None, on_failure=None)


def _with_file(problem: Problem, where: Where) -> Problem:
    return replace(problem, where=replace(problem.where, file=where.file)) if not problem.where.file else problem
