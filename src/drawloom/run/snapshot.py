"""Snapshots of the warehouse: which partitions exist now, in the lake, in an engine's catalog, and of the sources."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from drawloom.model import Inputs, Record, RunError, SliceRead

if TYPE_CHECKING:
    from drawloom.engines.base import CatalogEngine
    from drawloom.engines.lake import Lake
    from drawloom.engines.landing.source import Source
    from drawloom.run.registry import Registry
    from drawloom.run.settings import Settings

LOCAL = "duckdb"
CATALOG_QUERIES = 8  # at once: a catalog answers slowly, at little cost to it
UNRECORDED = "its file is from a run that is not recorded"
FOREIGN = "foreign"  # the content hash of partitions in the catalog that are not ours

Contents = dict[date | None, str]
Records = dict[str, dict[date, Record]]
Anomalies = dict[tuple[str, date], str]


@dataclass(slots=True)
class WarehouseSnapshot:
    """The partitions that exist, by table.

    ``contents`` maps table -> day (None for a table without days) -> content hash, for the lake and the sources.
    ``records`` are those of the lake whose files exist and are unchanged. ``failures`` maps (table, day) -> error.
    ``anomalies`` maps (table, day) -> what is wrong with the file of a recorded partition, which counts as missing.
    ``complete_until`` is the newest complete day of a source that has a lateness; later days do not count yet.
    ``sources_with_gaps`` are the sources whose missing days count as days without rows.
    ``missing_files`` are the records whose files do not exist any more, such as those of expired partitions.
    """

    contents: dict[str, Contents] = field(default_factory=dict)
    records: Records = field(default_factory=dict)
    failures: Mapping[tuple[str, date], str] = field(default_factory=dict)
    anomalies: Mapping[tuple[str, date], str] = field(default_factory=dict)
    complete_until: Mapping[str, date] = field(default_factory=dict)
    sources_with_gaps: frozenset[str] = frozenset()
    missing_files: Mapping[str, Mapping[date, Record]] = field(default_factory=dict)
    _of_slices: dict[SliceRead, Contents] = field(default_factory=dict, repr=False, compare=False)

    def damaged(self, table: str) -> list[date]:
        """The landed days of a table whose files are gone or are not the recorded ones, in order: nothing can compute them."""
        return sorted(ds for ds, record in self.missing_files.get(table, {}).items() if record.is_landed)

    def days(self, table: str) -> list[date]:
        """The days of a table that exist and are complete, in order."""
        last = self.complete_until.get(table, date.max)
        return sorted(day for day in self.contents.get(table, ()) if day is not None and day <= last)

    def has(self, table: str, ds: date | None) -> bool:
        """Whether a partition exists and is complete."""
        if ds is not None and ds > self.complete_until.get(table, date.max):
            return False
        return ds in self.contents.get(table, {})

    def is_undated(self, table: str) -> bool:
        """Whether this is a table without days, such as a file of airports."""
        return None in self.contents.get(table, ())

    def inputs(self, visible: Mapping[str, tuple[date | None, ...]], slices: Iterable[SliceRead] = ()) -> Inputs:
        """The content hashes of these partitions, where they exist, in the form that a record keeps.

        Of a table that is among ``slices`` they are those of its slices.
        """
        parts = {one.table: one for one in slices}
        found: dict[str, dict[str, str]] = {}
        for table, days in visible.items():
            existing = self.of_slices(parts[table], days) if table in parts else self.contents.get(table, {})
            found[table] = {day.isoformat() if day else "": existing[day] for day in days if day in existing}
        return found

    def of_slices(self, read: SliceRead, days: Iterable[date | None]) -> Contents:
        """The content hashes of what is read of these days, where they exist."""
        contents, records = self.contents.get(read.table, {}), self.records.get(read.table, {})
        known = self._of_slices.setdefault(read, {})
        for day in days:
            if day in contents and day not in known:
                record = records.get(day) if day else None
                known[day] = read.content(record.slices if record else None, contents[day])
        return {day: known[day] for day in days if day in contents}

    def add(self, record: Record) -> None:
        """Include a partition that was just written."""
        self.records.setdefault(record.table, {})[record.ds] = record
        self.contents.setdefault(record.table, {})[record.ds] = record.content
        self._forget_slices(record.table, record.ds)

    def remove(self, table: str, ds: date) -> None:
        """Leave out a partition that was just dropped."""
        self.contents.get(table, {}).pop(ds, None)
        self._forget_slices(table, ds)
        if record := self.records.get(table, {}).pop(ds, None):
            self.missing_files = {**self.missing_files, table: {**self.missing_files.get(table, {}), ds: record}}

    def _forget_slices(self, table: str, ds: date) -> None:
        for read, known in self._of_slices.items():
            if read.table == table:
                known.pop(ds, None)


def take_snapshot(
    lake: Lake,
    sources: Mapping[str, Source],
    registry: Registry,
    settings: Settings,
    tables: Collection[str] | None = None,
    engine: CatalogEngine | None = None,
) -> WarehouseSnapshot:
    """What exists now of these tables, or of all.

    Args:
        lake: where DuckDB writes.
        sources: the external tables that are files.
        registry: the records; the stamps of files that were only moved are corrected in it.
        settings: those of the project.
        tables: the tables to look at; None for all.
        engine: the engine that has a catalog, where there is one.
    """
    files = {name: source for name, source in sources.items() if tables is None or name in tables}
    declared = {name: one for name, one in settings.sources.items() if tables is None or name in tables}
    foreign = [name for name, one in declared.items() if not one.files and not one.landed]
    recorded, records, anomalies = _find_recorded(lake, registry, tables, engine)
    registry.restamp(r for days in records.values() for r in days.values() if r.stamp != recorded[r.table][r.ds].stamp)
    contents: dict[str, Contents] = {
        table: {ds: record.content for ds, record in days.items()} for table, days in records.items()
    }
    contents |= _source_contents(files, registry)
    contents |= {name: catalog_contents(engine, settings, name) for name in foreign if engine}
    missing = {table: {ds: r for ds, r in days.items() if ds not in records[table]} for table, days in recorded.items()}
    return WarehouseSnapshot(
        contents=contents,
        records=records,
        missing_files={table: days for table, days in missing.items() if days},
        failures=registry.failures(),
        anomalies=anomalies,
        complete_until={name: settings.complete_until(name) for name, one in declared.items() if one.lateness},
        sources_with_gaps=frozenset(name for name, one in declared.items() if one.gaps),
    )


def _find_recorded(
    lake: Lake, registry: Registry, tables: Collection[str] | None, engine: CatalogEngine | None
) -> tuple[Records, Records, Anomalies]:
    """The records, those whose partitions exist, and the anomalies of the others.

    A landing that replaces days publishes its files first and records them then. Who comes in between waits for it.
    """
    recorded = registry.records(tables)
    records, anomalies = find_existing(recorded, lake, engine)
    unsettled = sorted({table for table, ds in anomalies if recorded[table][ds].is_landed})
    if unsettled:
        for table in unsettled:
            lake.wait_until_published(table)
        recorded |= registry.records(unsettled)
        again, still = find_existing({table: recorded[table] for table in unsettled}, lake, engine)
        records |= again
        anomalies = {key: why for key, why in anomalies.items() if key[0] not in again} | still
    return recorded, records, anomalies


def find_existing(
    records: Mapping[str, dict[date, Record]], lake: Lake, engine: CatalogEngine | None = None
) -> tuple[Records, Anomalies]:
    """The records whose partitions exist, in the lake or in a catalog, and the anomalies of the others.

    A file that another run wrote counts as unrecorded.
    """
    local = {table: {ds: r for ds, r in days.items() if r.engine == LOCAL} for table, days in records.items()}
    found, anomalies = _find_files(local, lake)
    cataloged = {table: {ds: r for ds, r in days.items() if r.engine != LOCAL} for table, days in records.items()}
    existing = _find_cataloged(engine, {table: days for table, days in cataloged.items() if days})
    for table, days in cataloged.items():
        for ds, record in days.items():
            if ds in existing.get(table, ()):
                found[table][ds] = record
            else:
                anomalies[table, ds] = _why_not_cataloged(record, has_engine=engine is not None)
    return found, anomalies


def catalog_contents(engine: CatalogEngine, settings: Settings, table: str) -> Contents:
    """The days of a table in the catalog that we do not fill; their contents are unknown, so no change is noticed."""
    if settings.sources[table].by_day:
        return dict.fromkeys(engine.days(table), FOREIGN)
    return {None: FOREIGN} if engine.columns(table) else {}


def _find_cataloged(
    engine: CatalogEngine | None, records: Mapping[str, Mapping[date, Record]]
) -> dict[str, Collection[date]]:
    """Which recorded partitions the catalog has; of one that ends with the process, those whose folders exist."""
    if engine is None:
        return {}
    if not engine.has_persistent_catalog:
        return {table: [ds for ds, r in days.items() if _is_folder(r.stamp)] for table, days in records.items()}
    with ThreadPoolExecutor(CATALOG_QUERIES) as pool:
        return dict(zip(records, map(frozenset, pool.map(engine.days, records)), strict=True))


def _is_folder(uri: str) -> bool:
    """Whether a folder exists, as far as can be seen from this machine."""
    parts = urlsplit(uri)
    return parts.scheme != "file" or Path(unquote(parts.path)).is_dir()


def _why_not_cataloged(record: Record, *, has_engine: bool) -> str:
    if has_engine:
        return "its partition is gone"
    return f"it was written by {record.engine}, which is not the engine any more"


def _find_files(records: Mapping[str, dict[date, Record]], lake: Lake) -> tuple[Records, Anomalies]:
    """The records whose files exist, and the anomalies of the others.

    Files that were copied or restored have new times: then the run in the file's own metadata decides.
    """
    found: Records = {}
    anomalies: Anomalies = {}
    for table, days in records.items():
        stamps = lake.scan(table) if days else {}
        existing = found.setdefault(table, {})
        for ds, record in days.items():
            if stamps.get(ds) == record.stamp:
                existing[ds] = record
            elif ds not in stamps:
                anomalies[table, ds] = "its file is gone"
            elif anomaly := _why_other_file(lake, record, stamps[ds]):
                anomalies[table, ds] = anomaly
            else:
                existing[ds] = replace(record, stamp=stamps[ds])
    return found, anomalies


def _why_other_file(lake: Lake, record: Record, stamp: str) -> str:
    """Why the file is not the one that was recorded; empty when it is."""
    try:
        same = lake.read_meta(lake.path(record.table, record.ds)).get("run") == record.run
    except RunError:
        return "its file cannot be read"
    size = int(stamp.partition("-")[0])
    if same and size != record.bytes:
        return f"its file has {size:,} bytes, not {record.bytes:,} as recorded"
    return "" if same else UNRECORDED


def _source_contents(sources: Mapping[str, Source], registry: Registry) -> dict[str, Contents]:
    """Content hashes of source partitions; files are read again only where their size or time changed."""
    known = registry.fingerprints()
    fresh: dict[tuple[str, str], tuple[str, str]] = {}
    contents: dict[str, Contents] = {}
    for name, source in sources.items():
        days = contents.setdefault(name, {})
        for ds, stamp in source.stamps().items():
            key = (name, ds.isoformat() if ds else "")
            if known.get(key, ("",))[0] != stamp:
                fresh[key] = known[key] = (stamp, source.fingerprint(ds))
            days[ds] = known[key][1]
    if fresh:
        registry.save_fingerprints(fresh)
    return contents
