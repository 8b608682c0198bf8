"""What is known about the tables of a project before its SQL is read: keys and columns, declared or as they were written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from drawloom.model import KEY, Column, Family, Pipeline
from drawloom.sql.catalog import Catalog, CatalogEntry

if TYPE_CHECKING:
    from drawloom.specs.config import Config

Columns = Mapping[str, Sequence[Column]]


def declared_catalog(config: Config, pipelines: Iterable[Pipeline]) -> dict[str, CatalogEntry]:
    """The entries of sources and of the tables that steps fill, as the settings and specs declare them."""
    catalog = {}
    for name, source in config.sources.items():
        keys = (KEY,) if source.partitioned else ()
        catalog[name.lower()] = CatalogEntry(keys, _types(source.columns), source.days_from)
    for pipeline in pipelines:
        for table, step in pipeline.tables.items():
            catalog[table.lower()] = CatalogEntry((KEY,), _types(step.into.columns), (), step.into.unique)
    return catalog


def add_columns(catalog: Catalog, columns: Columns, sources: Collection[str]) -> dict[str, CatalogEntry]:
    """The catalog with the columns of partitions that were written, where none are declared, and with landed tables.

    Args:
        catalog: what is declared.
        columns: table -> the columns of its newest partition.
        sources: the names of external tables; what is not declared of them is not known.
    """
    found = dict(catalog)
    fixed = {name.lower() for name in sources}
    for table, written in columns.items():
        name = table.lower()
        entry = found.get(name, CatalogEntry((KEY,)))
        if name not in fixed and not entry.columns:
            found[name] = replace(entry, columns=_types(written))
    return found


def family_entry(family: Family) -> CatalogEntry:
    """The entry of a family's name."""
    return CatalogEntry((KEY,), _types(family.columns), (), (), family)


def catalog_json(catalog: Catalog, tables: Iterable[str]) -> dict[str, Any]:
    """The entries of these tables as plain values, which ``load_catalog`` reads; families are left out."""
    names = sorted({table.lower() for table in tables} & set(catalog))
    return {name: _entry_json(catalog[name]) for name in names if catalog[name].family is None}


def _entry_json(entry: CatalogEntry) -> dict[str, Any]:
    values = {"keys": entry.keys, "columns": entry.columns, "days_from": entry.days_from, "unique": entry.unique}
    return {key: value if key == "columns" else list(value or ()) for key, value in values.items()}


def _types(columns: Sequence[Column]) -> dict[str, str]:
    return {column.name: column.type for column in columns}
