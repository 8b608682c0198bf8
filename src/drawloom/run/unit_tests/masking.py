"""Personal data in tests that are written from real rows: values of columns tagged pii get others in their place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from drawloom.run.unit_tests.tables import ProjectTables

PII = "pii"
_FIRST_DAY = date(2000, 1, 1)


class Masks:
    """Replaces values: the same one by the same everywhere, so that joins still find their rows."""

    def __init__(self, tables: ProjectTables) -> None:
        self._tables = tables
        self._numbers: dict[Any, int] = {}
        self.columns: set[str] = set()

    def row(self, table: str, row: Mapping[str, Any], types: Mapping[str, Any]) -> dict[str, Any]:
        """The row with other values in the columns that are, or are made of, personal data."""
        return {
            name: self._masked(table, name, value, types[name]) if self.is_personal(table, name) else value
            for name, value in row.items()
        }

    def is_personal(self, table: str, column: str, above: frozenset[str] = frozenset()) -> bool:
        """Whether a column is tagged pii, or is computed from one that is."""
        key = f"{table}.{column}".lower()
        if key in above:
            return False
        filler = self._tables.fillers.get(table)
        known = [one for one in self._tables.columns(table) if one.name.lower() == column.lower()]
        said = (filler.step.into.said_of(column) if filler else None) or next(iter(known), None)
        if said and (PII in said.tags or not said.inherits_tags):
            return PII in said.tags
        lineage = self._tables.lineage(filler) if filler else None
        origins = [one.origin for one in lineage.origins if one.output.lower() == column.lower()] if lineage else []
        places = [origin.rpartition(".") for origin in origins]
        return any(self.is_personal(self._tables.spelling(t), name, above | {key}) for t, _, name in places)

    def _masked(self, table: str, column: str, value: Any, kind: Any) -> Any:
        self.columns.add(f"{table}.{column}")
        if value is None:
            return None
        number = self._numbers.setdefault(repr(value), len(self._numbers) + 1)
        if kind.id == "varchar" and str(kind) != "JSON":
            return f"masked-{number}"
        if isinstance(value, int) and not isinstance(value, bool):
            return number
        return _FIRST_DAY + timedelta(days=number) if kind.id == "date" else None
