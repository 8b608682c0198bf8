"""The list of all tables: those that specs fill, those that were landed, external sources, and what specs left behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from drawloom.model import Pipeline, Record

if TYPE_CHECKING:
    from drawloom.engines.landing.source import Source
    from drawloom.run.broken_specs import BrokenText
    from drawloom.run.snapshot import Contents, WarehouseSnapshot
    from drawloom.run.warehouse import Warehouse
    from drawloom.specs.config import SourceConfig

LANDED, SOURCE, BROKEN, LEFT_OVER = "landed", "source", "broken spec", "no spec"


@dataclass(frozen=True, slots=True)
class TableInfo:
    """One table: who fills it, and what it holds.

    ``kind`` is that of the spec that fills it, or ``landed``, ``source`` (others write it), ``broken spec`` (its spec
    has errors) or ``no spec`` (the one that filled it is gone). ``days`` is the number of partitions, None for a table
    without days. ``rows`` and ``bytes`` are None where only reading the table would tell.
    """

    table: str
    kind: str
    owner: str = ""
    pipeline: str = ""
    family: str = ""
    days: int | None = 0
    first: date | None = None
    last: date | None = None
    rows: int | None = 0
    bytes: int | None = 0
    tags: tuple[str, ...] = ()


def list_tables(
    warehouse: Warehouse,
    pipelines: Iterable[Pipeline],
    declared: Mapping[str, SourceConfig],
    broken: BrokenText,
    snapshot: WarehouseSnapshot | None = None,
) -> list[TableInfo]:
    """All tables, by name. Partitions count where they exist now, with their rows and bytes as recorded; reads no table.

    Args:
        warehouse: whose registry, lake and sources.
        pipelines: all that could be compiled.
        declared: the sources of the project.
        broken: the texts of the specs that could not.
        snapshot: what exists of all tables, where that was just looked at.
    """
    made = [info for pipeline in pipelines for info in _of_pipeline(pipeline)]
    without_files = [name for name, source in declared.items() if not source.files]
    snapshot = snapshot or warehouse.snapshot({*warehouse.registry.columns(), *without_files})
    recorded = {name.lower(): days for name, days in snapshot.records.items()}
    landed = [TableInfo(name, LANDED, source.owner) for name, source in declared.items() if source.landed]
    known = {info.table.lower() for info in (*made, *landed)} | warehouse.environment_tables()
    others = [_of_nobody(name, days, broken) for name, days in snapshot.records.items() if name.lower() not in known]
    found = [_with_records(info, recorded.get(info.table.lower(), {})) for info in (*made, *landed, *others)]
    for name, source in declared.items():
        if name in warehouse.sources:
            found.append(_with_files(TableInfo(name, SOURCE, source.owner), warehouse.sources[name]))
        elif not source.landed:
            found.append(_in_catalog(TableInfo(name, SOURCE, source.owner), snapshot.contents.get(name, {})))
    return sorted(found, key=lambda info: info.table.lower())


def _of_pipeline(pipeline: Pipeline) -> Iterator[TableInfo]:
    for step in pipeline.steps:
        family = step.into.member_of.family if step.into.member_of else ""
        owner = step.into.owner or pipeline.owner
        yield TableInfo(step.into.name, pipeline.kind, owner, pipeline.name, family, tags=pipeline.tags)


def _of_nobody(table: str, records: Mapping[date, Record], broken: BrokenText) -> TableInfo:
    """A table in the registry that neither a spec fills nor drawloom.yml declares."""
    if broken.file_of(table):
        return TableInfo(table, BROKEN)
    return TableInfo(table, LANDED if any(record.is_landed for record in records.values()) else LEFT_OVER)


def _with_records(info: TableInfo, records: Mapping[date, Record]) -> TableInfo:
    rows, size = (sum(getattr(record, what) for record in records.values()) for what in ("rows", "bytes"))
    return replace(_with_days(info, records), rows=rows, bytes=size)


def _with_files(info: TableInfo, source: Source) -> TableInfo:
    files = source.by_day()
    size = sum(Path(path).stat().st_size for paths in files.values() for path in paths)
    shown = _with_days(info, files) if source.partitioned else replace(info, days=None)
    return replace(shown, rows=None, bytes=size)


def _in_catalog(info: TableInfo, contents: Contents) -> TableInfo:
    shown = replace(info, days=None) if None in contents else _with_days(info, contents)
    return replace(shown, rows=None, bytes=None)


def _with_days(info: TableInfo, days: Iterable[date | None]) -> TableInfo:
    known = [day for day in days if day]
    return replace(info, days=len(known), first=min(known, default=None), last=max(known, default=None))
