"""Looking whether days of one table have landed, without an engine: cheap enough to repeat."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from drawloom.engines.lake import Lake
from drawloom.run.settings import Settings


@dataclass(frozen=True, slots=True)
class Landed:
    """What there is of a table; ``undated`` for one without days that is there.

    ``gaps`` says that a day without files counts as landed once a later one has.
    """

    days: frozenset[date]
    undated: bool = False
    gaps: bool = False

    def missing(self, wanted: Iterable[date | None]) -> list[date | None]:
        """Those that have not landed yet; None asks for a table without days."""
        last = max(self.days, default=None) if self.gaps else None
        return [
            ds
            for ds in wanted
            if not (self.undated if ds is None else ds in self.days or (last is not None and ds < last))
        ]


def look(settings: Settings, table: str) -> Landed:
    """What has landed of a table of the lake, or of a source: its settled days."""
    if table not in settings.sources:
        return Landed(frozenset(_filled(settings, table)))
    source, last = settings.sources[table], settings.settled(table)
    found = settings.source(table).by_day() if source.files else _in_catalog(settings, table)
    return Landed(frozenset(ds for ds in found if ds and ds <= last), None in found, source.gaps)


def _in_catalog(settings: Settings, table: str) -> Iterable[date | None]:
    """The days of a table that somebody else fills: the engine is asked."""
    from drawloom.run.engines import open_engine
    from drawloom.run.observe import in_catalog

    engine = open_engine(settings)
    assert engine is not None
    try:
        return in_catalog(engine, settings, table)
    finally:
        engine.close()


def _filled(settings: Settings, table: str) -> Iterable[date]:
    """The days of a table of the lake; of one that an engine with a catalog fills, as the registry has them."""
    if settings.engine.kind == "duckdb":
        return Lake(settings.lake_path).scan(table)
    from drawloom.run.registry import Registry

    registry = Registry(settings.registry_url)
    try:
        return registry.records([table]).get(table, {})
    finally:
        registry.close()
