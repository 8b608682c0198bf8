"""Showing files to an engine that has a catalog: partitions that DuckDB wrote, and external files."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from drawloom.engines.lake import FILE
from drawloom.model import KEY, Column, Table

if TYPE_CHECKING:
    from drawloom.engines.base import CatalogEngine
    from drawloom.engines.duckdb import DuckDB
    from drawloom.run.registry import Registry
    from drawloom.run.world import World

Wanted = Mapping[str, Collection[date | None]]
SOURCES = ".sources"


class Attacher:
    """Makes partitions of the lake, and files of sources, readable in an engine's catalog under their own names.

    What was attached is remembered in the registry, so that nothing is done twice; a partition that the engine has
    replaced since is forgotten there, and attached again when DuckDB writes it anew. To a catalog that ends with the
    process, what the engine itself wrote is attached, too.
    """

    def __init__(self, engine: CatalogEngine, local: DuckDB, registry: Registry) -> None:
        self._engine = engine
        self._local = local
        self._registry = registry
        self._attached: dict[str, dict[date | None, str]] = {}  # where the catalog ends with the process

    def attach(self, world: World, wanted: Wanted) -> None:
        """Attach those of the wanted partitions that are files and not attached yet; None is a table without days."""
        for table in sorted(wanted):
            stamps = self._stamps(world, table, wanted[table])
            if stamps:
                self._attach(table, stamps)

    def _attach(self, table: str, stamps: Mapping[date | None, str]) -> None:
        there: Collection[date | None] = [None] if None in stamps else self._engine.days(table)
        if None in stamps and not self._engine.columns(table):
            there = []
        done = self._registry.attached(table) if self._engine.lasting else self._attached.setdefault(table, {})
        new = [ds for ds, stamp in stamps.items() if done.get(ds) != stamp or ds not in there]
        if new:
            folders = {ds: self._place(table, ds, stamps[ds]) for ds in new}
            self._engine.attach(table, self._columns(table), folders)
            made = {ds: stamps[ds] for ds in new}
            if self._engine.lasting:
                self._registry.save_attached(table, made)
            else:
                done.update(made)

    def _stamps(self, world: World, table: str, days: Collection[date | None]) -> dict[date | None, str]:
        """What tells a file from the one that was attached before: of a source its content, of the lake its stamp."""
        if table in self._local.sources:
            contents = world.contents.get(table, {})
            return {ds: contents[ds] for ds in days if ds in contents}
        by = {self._local.dialect} if self._engine.lasting else {self._local.dialect, self._engine.dialect}
        records = world.records.get(table, {})
        return {ds: records[ds].stamp for ds in days if ds in records and records[ds].engine in by}

    def _columns(self, table: str) -> tuple[Column, ...]:
        return self._local.columns(table) or self._registry.columns([table]).get(table, ())

    def _place(self, table: str, ds: date | None, stamp: str) -> str:
        return (
            stamp if "://" in stamp or stamp.startswith("file:") else self._folder(table, ds, stamp).resolve().as_uri()
        )

    def _folder(self, table: str, ds: date | None, stamp: str) -> Path:
        if table not in self._local.sources:
            assert ds is not None
            return self._local.lake.path(table, ds).parent
        source = self._local.sources[table]
        if ds and source.in_folders:
            return Path(source.paths(ds)[0]).parent
        return self._converted(table, ds, stamp)

    def _converted(self, table: str, ds: date | None, stamp: str) -> Path:
        """A copy of a source's files as the lake's Parquet, read as strictly as DuckDB reads them for a step."""
        schema, _, name = table.lower().partition(".")
        folder = self._local.lake.root / SOURCES / schema / name / (f"{KEY}={ds}" if ds else "all") / stamp
        if not (folder / FILE).exists():
            with self._local.task({table: [ds] if ds else None}) as task:
                staged = task.stage(Table(table), ds or date.min, f"SELECT * FROM {table}", {"source": table})
            folder.mkdir(parents=True, exist_ok=True)
            shutil.move(staged.place, folder / FILE)
        return folder
