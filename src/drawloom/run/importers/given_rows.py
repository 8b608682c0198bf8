"""The rows that tests of other tools give: where no type of a table's columns is known, those of the rows are taken."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from drawloom.run.importers.imported import Imported

_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "BOOLEAN"),
    (int, "BIGINT"),
    (float, "DOUBLE"),
    (datetime, "TIMESTAMP"),
    (date, "DATE"),
    (str, "VARCHAR"),
)


def given_rows(rows: Any, table: str, made: Imported) -> Any:
    """The rows as a unit test gives them, with the types of columns where the table is a source that has none."""
    source = made.sources.get(table)
    if source is None or source.get("columns"):
        return rows
    parts = rows.values() if isinstance(rows, Mapping) else [rows]
    found: dict[str, str] = {}
    for row in (row for part in parts if isinstance(part, list) for row in part):
        for name, value in row.items() if isinstance(row, Mapping) else ():
            kind = next((text for one, text in _TYPES if isinstance(value, one)), None)
            if kind and found.get(name) != "DOUBLE":
                found[name] = kind
    return {"columns": found, "rows": rows} if found else rows
