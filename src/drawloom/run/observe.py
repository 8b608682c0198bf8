"""Looking at what exists: the lake's files against their records, and the sources' files against what was seen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from drawloom.model import Record, RunError
from drawloom.run.world import Contents, World

LOCAL = "duckdb"
QUESTIONS = 8  # to a catalog at once: an answer takes long, and costs it little
FOREIGN = "foreign"  # the content of a partition that somebody else has put into the catalog

if TYPE_CHECKING:
    from drawloom.engines.base import CatalogEngine
    from drawloom.engines.lake import Lake
    from drawloom.engines.sources import Source
    from drawloom.run.registry import Registry
    from drawloom.run.settings import Settings


def observe(
    lake: Lake,
    sources: Mapping[str, Source],
    registry: Registry,
    settings: Settings,
    tables: Collection[str] | None = None,
    engine: CatalogEngine | None = None,
) -> World:
    """The world of a project as it stands now: of these tables, or of all; ``engine`` is the one that has a catalog."""
    looked = {name: source for name, source in sources.items() if tables is None or name in tables}
    foreign = [name for name, one in settings.sources.items() if not one.files and (tables is None or name in tables)]
    recorded = registry.records(tables)
    records, odd = compare(recorded, lake, engine)
    registry.restamp(r for days in records.values() for r in days.values() if r.stamp != recorded[r.table][r.ds].stamp)
    contents: dict[str, Contents] = {
        table: {ds: record.content for ds, record in days.items()} for table, days in records.items()
    }
    contents |= _source_contents(looked, registry)
    contents |= {name: in_catalog(engine, settings, name) for name in foreign if engine}
    gone = {table: {ds: r for ds, r in days.items() if ds not in records[table]} for table, days in recorded.items()}
    return World(
        contents=contents,
        records=records,
        gone={table: days for table, days in gone.items() if days},
        failures=registry.failures(),
        odd=odd,
        settled={name: settings.settled(name) for name in (*looked, *foreign) if settings.sources[name].lateness},
        gapless=frozenset(name for name in (*looked, *foreign) if settings.sources[name].gaps),
    )


def existing(records: Mapping[str, dict[date, Record]], lake: Lake) -> dict[str, dict[date, Record]]:
    """The records whose files are there; a file that another run wrote counts as unrecorded."""
    return compare(records, lake, None)[0]


Odd = dict[tuple[str, date], str]


def compare(
    records: Mapping[str, dict[date, Record]], lake: Lake, engine: CatalogEngine | None
) -> tuple[dict[str, dict[date, Record]], Odd]:
    """The records whose partitions are there, and what is odd about the others: in the lake, or in a catalog."""
    local = {table: {ds: r for ds, r in held.items() if r.engine == LOCAL} for table, held in records.items()}
    found, odd = compare_files(local, lake)
    away = {table: {ds: r for ds, r in held.items() if r.engine != LOCAL} for table, held in records.items()}
    there = _there(engine, {table: held for table, held in away.items() if held})
    for table, held in away.items():
        seen = there.get(table, frozenset())
        found[table] |= {ds: record for ds, record in held.items() if ds in seen}
        gone = {ds: record for ds, record in held.items() if ds not in seen}
        odd |= {(table, ds): _gone(record, known=engine is not None) for ds, record in gone.items()}
    return found, odd


def in_catalog(engine: CatalogEngine, settings: Settings, table: str) -> Contents:
    """The days of a table that somebody else fills; what is in them is not known, so that a change is not noticed."""
    if settings.sources[table].by_day:
        return dict.fromkeys(engine.days(table), FOREIGN)
    return {None: FOREIGN} if engine.columns(table) else {}


def _there(engine: CatalogEngine | None, records: Mapping[str, Mapping[date, Record]]) -> dict[str, Collection[date]]:
    """Which of the recorded partitions of an engine with a catalog are there; else by the folders that hold them."""
    if engine is None:
        return {}
    if not engine.lasting:
        return {table: [ds for ds, r in held.items() if _is_folder(r.stamp)] for table, held in records.items()}
    with ThreadPoolExecutor(QUESTIONS) as pool:
        return dict(zip(records, map(frozenset, pool.map(engine.days, records)), strict=True))


def _is_folder(uri: str) -> bool:
    """Whether a folder is there, as far as can be seen from here."""
    parts = urlsplit(uri)
    return parts.scheme != "file" or Path(unquote(parts.path)).is_dir()


def _gone(record: Record, *, known: bool) -> str:
    return "its partition is gone" if known else f"it was written by {record.engine}, which is not the engine any more"


def compare_files(records: Mapping[str, dict[date, Record]], lake: Lake) -> tuple[dict[str, dict[date, Record]], Odd]:
    """The records whose files are there, and what is odd about the files of the others.

    Files that were copied or restored have new times: then the file itself says which run wrote it.
    """
    found: dict[str, dict[date, Record]] = {}
    odd: Odd = {}
    for table, days in records.items():
        stamps = lake.scan(table) if days else {}
        held = found.setdefault(table, {})
        for ds, record in days.items():
            if stamps.get(ds) == record.stamp:
                held[ds] = record
            elif ds not in stamps:
                odd[table, ds] = "its file is gone"
            elif not (wrong := _not_written_by(lake, record)):
                held[ds] = replace(record, stamp=stamps[ds])
            else:
                odd[table, ds] = wrong
    return found, odd


def _not_written_by(lake: Lake, record: Record) -> str:
    """Why the file is not the one that was recorded; empty when it is."""
    try:
        same = lake.read_meta(lake.path(record.table, record.ds)).get("run") == record.run
    except RunError:
        return "its file cannot be read"
    return "" if same else "its file is from a run that is not recorded"


def _source_contents(sources: Mapping[str, Source], registry: Registry) -> dict[str, Contents]:
    """Content hashes of source partitions; files are read again only where their size or time changed."""
    known = registry.fingerprints()
    fresh: dict[tuple[str, str], tuple[str, str]] = {}
    contents: dict[str, Contents] = {}
    for name, source in sources.items():
        held = contents.setdefault(name, {})
        for ds, stamp in source.stamps().items():
            key = (name, ds.isoformat() if ds else "")
            if known.get(key, ("",))[0] != stamp:
                fresh[key] = known[key] = (stamp, source.fingerprint(ds))
            held[ds] = known[key][1]
    if fresh:
        registry.save_fingerprints(fresh)
    return contents
