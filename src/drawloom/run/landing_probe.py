"""Probing which days of a table have landed, without an engine: cheap enough to repeat every few seconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from drawloom.engines.lake import Lake
from drawloom.run.settings import Settings


@dataclass(frozen=True, slots=True)
class LandedDays:
    """The days of a table that have landed; ``undated`` for a table without days that exists.

    With ``gaps`` a day without files counts as landed once a later one has.
    """

    days: frozenset[date]
    undated: bool = False
    gaps: bool = False

    def missing(self, wanted: Iterable[date | None]) -> list[date | None]:
        """The days that have not landed yet; None is a table without days."""
        last = max(self.days, default=None) if self.gaps else None
        return [
            ds
            for ds in wanted
            if not (self.undated if ds is None else ds in self.days or (last is not None and ds < last))
        ]


def probe(settings: Settings, table: str) -> LandedDays:
    """The days of a table of the lake that have landed; of a source those that are complete."""
    if table not in settings.sources:
        return LandedDays(frozenset(_written_days(settings, table)))
    source, last = settings.sources[table], settings.complete_until(table)
    if source.landed:
        return LandedDays(frozenset(ds for ds in _written_days(settings, table) if ds <= last), gaps=source.gaps)
    found = settings.source(table).by_day() if source.files else _catalog_days(settings, table)
    return LandedDays(frozenset(ds for ds in found if ds and ds <= last), None in found, source.gaps)


def _catalog_days(settings: Settings, table: str) -> Iterable[date | None]:
    """The days of an external table in the catalog of the engine."""
    from drawloom.run.engines import open_engine
    from drawloom.run.snapshot import catalog_contents

    engine = open_engine(settings)
    assert engine is not None
    try:
        return catalog_contents(engine, settings, table)
    finally:
        engine.close()


def _written_days(settings: Settings, table: str) -> Iterable[date]:
    """The days of a table that we fill: from the files of the lake, or where an engine has a catalog from the registry."""
    if settings.engine.kind == "duckdb":
        return Lake(settings.lake_path).scan(table)
    from drawloom.run.registry import Registry

    registry = Registry(settings.registry_url)
    try:
        return registry.records([table]).get(table, {})
    finally:
        registry.close()
