"""The warehouse of a project: its lake, sources, engine and registry. Needs the settings, not the specs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from functools import cached_property, partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

from drawloom.engines.lake import Lake
from drawloom.engines.lake.overlay_lake import OverlayLake
from drawloom.model import Column, Pipeline, Step
from drawloom.run.environments.names import kept_table
from drawloom.run.owners import History
from drawloom.run.settings import Settings
from drawloom.run.snapshot import WarehouseSnapshot, take_snapshot

if TYPE_CHECKING:
    import pyarrow as pa

    from drawloom.engines.base import CatalogEngine, Engine
    from drawloom.engines.duckdb.engine import DuckDB
    from drawloom.engines.landing.source import Source
    from drawloom.run.attach import Attacher, Wanted
    from drawloom.run.registry import Registry
    from drawloom.run.step_runner import StepRunner


class Warehouse:
    """The storage and engine of one project. Everything is opened when it is first used, and closed at the end."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.overlay = settings.environment.overlay() if settings.environment else None
        self.lake = OverlayLake(settings.lake_path, self.overlay) if self.overlay else Lake(settings.lake_path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the engine and the registry."""
        for name in ("catalog_engine", "local", "registry"):
            if name in self.__dict__:
                opened = self.__dict__.pop(name)
                if opened:
                    opened.close()

    @cached_property
    def registry(self) -> Registry:
        """Which partitions were produced; restored from the files where it was lost."""
        from drawloom.run.registry import Registry  # SQLAlchemy, which advice does not need

        if self.overlay:
            from drawloom.run.registry.overlay import OverlayRegistry

            return OverlayRegistry(self.settings.registry_url, self.overlay)
        registry = Registry(self.settings.registry_url)
        if registry.empty() and self.lake.tables():
            from drawloom.run.registry.restore import restore

            restore(self.local, registry)
        return registry

    @cached_property
    def sources(self) -> dict[str, Source]:
        """The external tables that are files."""
        return {name: self.settings.source(name) for name, one in self.settings.sources.items() if one.files}

    @cached_property
    def local(self) -> DuckDB:
        """DuckDB over the lake, which also lands and reads files for the other engines."""
        from drawloom.engines.duckdb.engine import DuckDB

        engine = self.settings.engine
        return DuckDB(self.lake, self.sources, threads=engine.threads, memory=engine.memory)

    @cached_property
    def catalog_engine(self) -> CatalogEngine | None:
        """Spark or Trino, where one of them runs the steps."""
        from drawloom.run.engines import open_engine

        engine = open_engine(self.settings)
        if engine and self.overlay:
            from drawloom.engines.catalog.overlay_engine import OverlayEngine

            return OverlayEngine(engine, self.overlay)
        return engine

    @property
    def engine(self) -> Engine:
        """The engine that runs the steps."""
        return self.catalog_engine or self.local

    @property
    def history(self) -> History:
        """The days of the project."""
        environment = self.settings.environment
        return History(self.settings.start, self.settings.last_day, environment.first if environment else None)

    def snapshot(self, tables: Collection[str] | None = None) -> WarehouseSnapshot:
        """Which partitions exist now: of these tables, or of all."""
        return take_snapshot(self.lake, self.sources, self.registry, self.settings, tables, self.catalog_engine)

    def attach(self, snapshot: WarehouseSnapshot, wanted: Wanted) -> None:
        """Make these partitions readable for an engine with a catalog, where they are files. DuckDB reads them anyway."""
        if self._attacher:
            self._attacher.attach(snapshot, wanted)

    @cached_property
    def _attacher(self) -> Attacher | None:
        from drawloom.run.attach import Attacher

        return Attacher(self.catalog_engine, self.local, self.registry) if self.catalog_engine else None

    def step_runner(self, pipelines: Iterable[Pipeline], tables: Collection[str] | None = None) -> StepRunner:
        """A runner of steps with the columns that are declared and those that were written."""
        from drawloom.run.step_runner import StepRunner

        declared = {table: step.into.columns for p in pipelines for table, step in p.tables.items()}
        known = {table: columns for table, columns in declared.items() if columns}
        columns = known | self.registry.columns(tables)
        previous = partial(_read_partition, self.engine, columns)
        return StepRunner(self.engine, columns, folder=self.settings.root, previous=previous)

    def environment_tables(self) -> frozenset[str]:
        """The tables that store partitions of environments, and those of production that they have replaced."""
        stored = [name for info in self.registry.environments.list() for name in info.tables.values()]
        return frozenset(stored) | frozenset(map(kept_table, stored))

    def sweep(self, tables: Iterable[str]) -> None:
        """Have the engine remove what nobody reads any more of these tables; environments read it, too."""
        sharing: dict[str, list[str]] = {}
        for info in self.registry.environments.list():
            for table, stored in info.tables.items():
                sharing.setdefault(table, []).extend((stored, kept_table(stored)))
        self.engine.sweep(tables, sharing)

    def drop(self, step: Step, days: Iterable[date]) -> None:
        """Drop partitions of a step's table that have expired."""
        for ds in days:
            self.engine.drop(step.into.name, ds)
            if not step.resumes_from:  # else its record shows later whether partitions made of it are outdated
                self.registry.forget(step.into.name, [ds])


def _read_partition(
    engine: Engine, columns: Mapping[str, tuple[Column, ...]], table: str, day: date
) -> pa.Table | None:
    """The rows of a partition; None where there is none."""
    from drawloom.engines import quote  # it needs the SQL parser, which a plan of known SQL does without

    if table not in columns or day not in engine.days(table):
        return None
    with engine.task({table: [day]}, {table: columns[table]}) as task:
        return task.query(f"SELECT * FROM {quote.dotted(table.split('.'))}")
