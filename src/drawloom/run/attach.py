"""Attaching files to the catalog of Spark or Trino: partitions that DuckDB wrote, and files of sources."""

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
    from drawloom.engines.duckdb.engine import DuckDB
    from drawloom.run.registry import Registry
    from drawloom.run.snapshot import WarehouseSnapshot

Wanted = Mapping[str, Collection[date | None]]
SOURCES = ".sources"


class Attacher:
    """Makes partitions of the lake, and files of sources, readable in an engine's catalog under their own names.

    The registry records what was attached, so that nothing is done twice; a partition that the engine has replaced
    since is forgotten there, and attached again when DuckDB writes it again. To a catalog that ends with the process,
    partitions that the engine itself wrote are attached too.
    """

    def __init__(self, engine: CatalogEngine, local: DuckDB, registry: Registry) -> None:
        self._engine = engine
        self._local = local
        self._registry = registry
        self._attached: dict[str, dict[date | None, str]] = {}  # for a catalog that ends with the process

    def attach(self, snapshot: WarehouseSnapshot, wanted: Wanted) -> None:
        """Attach the wanted partitions that are files and not attached yet; None is a table without days."""
        for table in sorted(wanted):
            stamps = self._stamps(snapshot, table, wanted[table])
            if stamps:
                self._attach(table, stamps)

    def _attach(self, table: str, stamps: Mapping[date | None, str]) -> None:
        existing: Collection[date | None] = [None] if None in stamps else self._engine.days(table)
        if None in stamps and not self._engine.columns(table):
            existing = []
        persistent = self._engine.has_persistent_catalog
        done = self._registry.attached(table) if persistent else self._attached.setdefault(table, {})
        new = [ds for ds, stamp in stamps.items() if done.get(ds) != stamp or ds not in existing]
        if new:
            folders = {ds: self._uri(table, ds, stamps[ds]) for ds in new}
            self._engine.attach(table, self._columns(table), folders)
            attached = {ds: stamps[ds] for ds in new}
            if persistent:
                self._registry.save_attached(table, attached)
            else:
                done.update(attached)

    def _stamps(self, snapshot: WarehouseSnapshot, table: str, days: Collection[date | None]) -> dict[date | None, str]:
        """What changes when a file is replaced: of a source its content hash, of the lake its stamp."""
        if table in self._local.sources:
            contents = snapshot.contents.get(table, {})
            return {ds: contents[ds] for ds in days if ds in contents}
        engines = {self._local.dialect}
        if not self._engine.has_persistent_catalog:
            engines.add(self._engine.dialect)
        records = snapshot.records.get(table, {})
        return {ds: records[ds].stamp for ds in days if ds in records and records[ds].engine in engines}

    def _columns(self, table: str) -> tuple[Column, ...]:
        return self._local.columns(table) or self._registry.columns([table]).get(table, ())

    def _uri(self, table: str, ds: date | None, stamp: str) -> str:
        if "://" in stamp or stamp.startswith("file:"):
            return stamp
        return self._folder(table, ds, stamp).resolve().as_uri()

    def _folder(self, table: str, ds: date | None, stamp: str) -> Path:
        if table not in self._local.sources:
            assert ds is not None
            return self._local.lake.path(table, ds).parent
        source = self._local.sources[table]
        if ds and source.has_folder_per_day:
            return Path(source.paths(ds)[0]).parent
        return self._convert_to_parquet(table, ds, stamp)

    def _convert_to_parquet(self, table: str, ds: date | None, stamp: str) -> Path:
        """A copy of a source's files as Parquet of the lake, parsed as strictly as DuckDB does for a step."""
        schema, _, name = table.lower().partition(".")
        folder = self._local.lake.root / SOURCES / schema / name / (f"{KEY}={ds}" if ds else "all") / stamp
        if not (folder / FILE).exists():
            with self._local.task({table: [ds] if ds else None}) as task:
                staged = task.stage(Table(table), ds or date.min, f"SELECT * FROM {table}", {"source": table})
            folder.mkdir(parents=True, exist_ok=True)
            shutil.move(staged.location, folder / FILE)
        return folder
