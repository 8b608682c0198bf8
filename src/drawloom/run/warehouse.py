"""A project's lake, sources, engine and registry: what a run works on, with or without the specs at hand."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from drawloom.engines.lake import Lake
from drawloom.model import Pipeline, Step
from drawloom.run.observe import observe
from drawloom.run.plan import History
from drawloom.run.registry import Registry
from drawloom.run.settings import Settings

if TYPE_CHECKING:
    from drawloom.engines.base import CatalogEngine, Engine
    from drawloom.engines.duckdb import DuckDB
    from drawloom.engines.sources import Source
    from drawloom.run.attach import Attacher, Wanted
    from drawloom.run.step import StepRunner
    from drawloom.run.world import World


class Warehouse:
    """Where the tables of one project live. Everything is opened when it is first asked for, and closed at the end."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.lake = Lake(settings.lake_path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the engine and the registry."""
        for name in ("catalog_engine", "local", "registry"):
            if name in self.__dict__:
                held = self.__dict__.pop(name)
                if held:
                    held.close()

    @cached_property
    def registry(self) -> Registry:
        """The record of what was produced; restored from the files where it was lost."""
        registry = Registry(self.settings.registry_url)
        if registry.empty() and self.lake.tables():
            from drawloom.run.restore import restore

            restore(self.local, registry)
        return registry

    @cached_property
    def sources(self) -> dict[str, Source]:
        """The external tables that are files."""
        return {name: self.settings.source(name) for name, one in self.settings.sources.items() if one.files}

    @cached_property
    def local(self) -> DuckDB:
        """DuckDB over the lake, which also lands and reads files for the other engines."""
        from drawloom.engines.duckdb import DuckDB

        engine = self.settings.engine
        return DuckDB(self.lake, self.sources, threads=engine.threads, memory=engine.memory)

    @cached_property
    def catalog_engine(self) -> CatalogEngine | None:
        """Spark or Trino, where one of them runs the steps."""
        from drawloom.run.engines import open_engine

        return open_engine(self.settings)

    @property
    def engine(self) -> Engine:
        """What runs the steps."""
        return self.catalog_engine or self.local

    @property
    def history(self) -> History:
        """The days that may be filled."""
        return History(self.settings.start, self.settings.last_day)

    def observe(self, tables: Collection[str] | None = None) -> World:
        """What exists now: of these tables, or of all."""
        return observe(self.lake, self.sources, self.registry, self.settings, tables, self.catalog_engine)

    def attach(self, world: World, wanted: Wanted) -> None:
        """Have the engine see these partitions where they are files; DuckDB sees them anyway."""
        if self._attacher:
            self._attacher.attach(world, wanted)

    @cached_property
    def _attacher(self) -> Attacher | None:
        from drawloom.run.attach import Attacher

        return Attacher(self.catalog_engine, self.local, self.registry) if self.catalog_engine else None

    def steps(self, pipelines: Iterable[Pipeline], tables: Collection[str] | None = None) -> StepRunner:
        """What runs steps, knowing the columns that are declared and those that were written."""
        from drawloom.run.step import StepRunner

        declared = {table: step.into.columns for p in pipelines for table, step in p.tables.items()}
        known = {table: columns for table, columns in declared.items() if columns}
        return StepRunner(self.engine, known | self.registry.columns(tables))

    def drop(self, step: Step, days: Iterable[date]) -> None:
        """Drop partitions of a step's table that have expired."""
        for ds in days:
            self.engine.drop(step.into.name, ds)
            if not step.resumes_from:  # what was made of it says by its record whether it is still true
                self.registry.forget(step.into.name, [ds])
