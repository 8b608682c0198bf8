"""The catalog: partition keys and columns of tables, known before any SQL is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drawloom.model import Family, InputError, Where, refuse


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One table: its partition keys, its columns with their types, and the timestamps its first key is made from.

    ``keys`` None means not known, and () means not partitioned. ``days_from`` are timestamp columns whose UTC
    date is the partition's day, so that a range of them bounds the days. ``unique`` are the columns that, with the keys,
    identify a row. ``family`` is set where the name is that of a family of tables. ``nulls`` is the share of rows in which a
    column is NULL, as far as it was measured.
    """

    keys: tuple[str, ...] | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    days_from: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    family: Family | None = None
    nulls: Mapping[str, float] = field(default_factory=dict)


Catalog = Mapping[str, CatalogEntry]
_KNOWN = ("keys", "columns", "days_from", "unique", "nulls")


def column_types(catalog: Catalog) -> dict[str, dict[str, str]]:
    """The columns with their types, ``ds`` among them, of those tables whose columns are known."""
    return {
        name: {**entry.columns, **dict.fromkeys(set(entry.keys or ()) - set(entry.columns), "DATE")}
        for name, entry in catalog.items()
        if entry.columns
    }


def find_entry(catalog: Catalog, name: str) -> CatalogEntry:
    """A table's entry, an empty one if there is none; a name with a database before its schema is also found without it."""
    parts = name.lower().split(".")
    for start in range(max(1, len(parts) - 1)):
        found = catalog.get(".".join(parts[start:]))
        if found is not None:
            return found
    return CatalogEntry()


def load_catalog(source: str | Path | Mapping[str, Any]) -> dict[str, CatalogEntry]:
    """Tables by name (lower case, dotted), from JSON text, a JSON file, or its content.

    The JSON is ``{table: [key columns]}`` or ``{table: {"keys": [...], "columns": {name: type}, "days_from": [...],
    "unique": [...], "nulls": {column: share}}}``.

    Raises:
        InputError: no such file, or not of that form; code ``catalog``.
    """
    where, content = _content(source)
    if not isinstance(content, Mapping):
        raise _refuse(f"catalog == {type(content).__name__}, must be a mapping of tables.", where)
    return {str(name).lower(): _entry(str(name), value, where) for name, value in content.items()}


def _content(source: str | Path | Mapping[str, Any]) -> tuple[Where, Any]:
    if isinstance(source, Mapping):
        return Where(), source
    inline = isinstance(source, str) and source.lstrip()[:1] in ("{", "[")
    where = Where() if inline else Where(str(source))
    try:
        return where, json.loads(str(source) if inline else Path(source).read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        place = Where(where.file, error.lineno, error.colno)
        raise _refuse(f"catalog == {error.msg}, must be JSON.", place) from error
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise _refuse(f"catalog == {str(source)[:80]!r}, must be JSON or a file of it ({error}).", where) from error


def _entry(name: str, value: Any, where: Where) -> CatalogEntry:
    if isinstance(value, list):
        return CatalogEntry(keys=_names(name, "keys", value, where))
    if not isinstance(value, Mapping):
        raise _refuse(f"catalog[{name!r}] == {value!r}, must be a list of keys or a mapping.", where)
    for key in value:
        if key not in _KNOWN:
            raise _refuse(f"catalog[{name!r}] has {key!r}, must have only {', '.join(_KNOWN)}.", where)
    columns = value.get("columns", {})
    if isinstance(columns, list):
        columns = dict.fromkeys(columns, "")
    if not isinstance(columns, Mapping):
        raise _refuse(f"catalog[{name!r}].columns == {columns!r}, must map names to types.", where)
    return CatalogEntry(
        keys=_names(name, "keys", value["keys"], where) if value.get("keys") is not None else None,
        columns={str(column).lower(): str(type_ or "") for column, type_ in columns.items()},
        days_from=_names(name, "days_from", value.get("days_from", []), where),
        unique=_names(name, "unique", value.get("unique", []), where),
        nulls=_shares(name, value.get("nulls", {}), where),
    )


def _shares(table: str, value: Any, where: Where) -> dict[str, float]:
    if not isinstance(value, Mapping) or not all(isinstance(share, int | float) for share in value.values()):
        raise _refuse(f"catalog[{table!r}].nulls == {value!r}, must map columns to shares of rows.", where)
    return {str(column).lower(): float(share) for column, share in value.items()}


def _names(table: str, field_name: str, value: Any, where: Where) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise _refuse(f"catalog[{table!r}].{field_name} == {value!r}, must be a list of column names.", where)
    return tuple(name.lower() for name in value)


def _refuse(message: str, where: Where) -> InputError:
    return refuse("catalog", message, where, 'Write it like {"logs.events": ["ds"]}.')
